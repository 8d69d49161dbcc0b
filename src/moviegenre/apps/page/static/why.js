// Why a genre: the words of the plot and the regions of the poster that spoke for it.

import { isAborted, sentence } from "./api.js";
import { announce, element, percent } from "./dom.js";

const STRONGEST = 5; // words and phrases that are named
const NUMBERED = 3; // regions that are numbered
const LONG_PLOT = 1500; // characters; from here on the plot is folded
const LEAST = 0.005; // a smaller share would be shown as +0.00
const NOISE = 0.2; // of the strongest; weaker shares are not marked, or all would be

/** The place of the reasons. */
export class Why {
  #plot;
  #posterAddress;

  /**
   * @param {string} plot - as it was sent.
   * @param {string|null} posterAddress - where the browser finds the poster.
   */
  constructor(plot, posterAddress) {
    this.#plot = plot;
    this.#posterAddress = posterAddress;
    this.genre = null;
    this.place = element("section", { class: "why", attributes: { "aria-label": "Why" } });
    this.#wait();
  }

  /**
   * Show why a genre was chosen, or was not.
   * @param {string} genre
   * @param {function(): Promise<Object>} explain
   */
  async show(genre, explain) {
    this.genre = genre;
    this.#wait(genre);
    try {
      const explanation = await explain();
      if (this.genre !== genre) return;
      this.place.replaceChildren(heading(genre), element("div", { class: "why-parts" }, ...this.#reasons(genre, explanation)));
      announce(`Why ${genre}: shown.`);
    } catch (error) {
      if (isAborted(error) || this.genre !== genre) return;
      this.place.replaceChildren(heading(genre), element("p", { class: "problem", attributes: { role: "alert" } }, sentence(error)));
    }
  }

  #wait(genre = "") {
    const lines = Array.from({ length: 5 }, () => element("span", { class: "bone bone-line" }));
    this.place.replaceChildren(
      heading(genre),
      element("p", { class: "note" }, "The model reads the film again without its words and regions. This takes some seconds; long plots take longer."),
      element("div", { attributes: { "aria-hidden": "true" } }, ...lines),
    );
  }

  #reasons(genre, explanation) {
    const words = explanation.words?.[genre];
    const grid = explanation.regions?.[genre];
    const parts = [];
    if (words?.length) parts.push(wordPart(this.#plot, words, namedParts(words, explanation.phrases?.[genre]), explanation.probability?.[genre]));
    if (grid?.length && this.#posterAddress) parts.push(regionPart(this.#posterAddress, grid, explanation.regions_without?.[genre]));
    return parts.length ? parts : [element("p", { class: "note" }, "No word or region can be named.")];
  }
}

function heading(genre) {
  return element("h3", {}, genre ? `Why ${genre}?` : "Why?");
}

const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
const effect = ({ share, without }) => (typeof without === "number" ? `${percent(without)} without it` : signed(share));

/** Return the words and phrases that are marked: those of the answer, or the words with the largest shares. */
export function namedParts(words, phrases) {
  if (phrases) return phrases;
  const largest = Math.max(...words.map((word) => Math.abs(word.share ?? 0)), 0);
  return words.filter((word) => Math.abs(word.share ?? 0) >= Math.max(LEAST, NOISE * largest));
}

/** Return the pieces of a plot with marked and unread parts; positions count whole characters. */
export function markedPlot(plot, words, named) {
  const characters = Array.from(plot);
  const text = (start, end) => characters.slice(start, end).join("");
  const largest = Math.max(...named.map((part) => Math.abs(part.share)), 0) || 1;
  const unread = words.filter((word) => word.share === null).map((word) => ({ ...word, isUnread: true }));
  const pieces = [];
  let at = 0;
  for (const part of [...named, ...unread].sort((one, other) => one.start - other.start)) {
    pieces.push(text(at, part.start));
    pieces.push(part.isUnread ? element("span", { class: "unread" }, text(part.start, part.end)) : marked(text(part.start, part.end), part, largest));
    at = part.end;
  }
  pieces.push(text(at));
  return pieces;
}

function marked(text, part, largest) {
  const strength = Math.abs(part.share) / largest;
  return element("mark", { class: part.share > 0 ? "for" : "against", title: effect(part), variables: { "--strength": strength.toFixed(2) } }, text);
}

/** Return the strongest words and phrases that speak for a genre, each text once. */
function strongest(named) {
  const found = new Map();
  for (const part of named.filter(({ share }) => share > 0).sort((one, other) => other.share - one.share)) {
    const text = part.text.toLowerCase();
    if (!found.has(text)) found.set(text, part);
  }
  return [...found].slice(0, STRONGEST);
}

function wordPart(plot, words, named, probability) {
  const items = strongest(named).map(([text, part]) => element("li", {}, element("strong", {}, text), ` ${effect(part)}`));
  const whole = typeof probability === "number" ? `${percent(probability)} with the whole plot.` : null;
  const isCut = words.some((word) => word.share === null);
  return element(
    "div",
    { class: "word-part" },
    element("h4", {}, "In the plot"),
    whole ? element("p", {}, whole) : null,
    items.length ? element("ul", { class: "strongest" }, ...items) : element("p", {}, "No single word or phrase speaks for it."),
    ...foldable(plot, element("p", { class: "marked-plot" }, ...markedPlot(plot, words, named))),
    named.length || isCut ? markNote(isCut) : null,
  );
}

/** Return a plot; a long one fades out until somebody asks for all of it. */
function foldable(plot, shown) {
  if (plot.length < LONG_PLOT) return [shown];
  const button = element("button", { type: "button", class: "quiet", attributes: { "aria-expanded": "false" } }, "Show the whole plot");
  shown.classList.add("folded-plot");
  button.addEventListener("click", () => {
    const isFolded = shown.classList.toggle("folded-plot");
    button.setAttribute("aria-expanded", String(!isFolded));
    button.textContent = isFolded ? "Show the whole plot" : "Show less of the plot";
  });
  return [shown, button];
}

function markNote(isCut) {
  return element(
    "p",
    { class: "note" },
    element("mark", { class: "for" }, "Marked"),
    " parts speak for the genre, ",
    element("mark", { class: "against" }, "dashed"),
    " ones against it",
    ...(isCut ? [", ", element("span", { class: "unread" }, "grey italics"), " were not read"] : []),
    ".",
  );
}

/** Return the regions that spoke for a genre: where they stand, how strongly, and the ranks of the first. */
export function strongRegions(grid, without) {
  const columns = grid[0].length;
  const left = without?.flat() ?? [];
  const regions = grid.flat().map((share, number) => ({ share, without: left[number], row: Math.floor(number / columns), column: number % columns }));
  const largest = Math.max(...regions.map((region) => region.share), 0);
  return regions
    .filter((region) => region.share >= Math.max(LEAST, NOISE * largest))
    .sort((one, other) => other.share - one.share)
    .map((region, place) => ({ ...region, strength: region.share / largest, rank: place < NUMBERED ? place + 1 : null }));
}

function regionPart(address, grid, without) {
  const regions = strongRegions(grid, without);
  const title = element("h4", {}, "In the poster");
  if (!regions.length) {
    return element("div", { class: "region-part" }, title, element("p", { class: "note" }, "No single region speaks for the genre beyond chance, so none is shown."));
  }
  const drawn = regions.map((region) =>
    element(
      "span",
      {
        class: region.rank ? "region top" : "region",
        title: effect(region),
        variables: { "--row": region.row / grid.length, "--column": region.column / grid[0].length, "--height": 1 / grid.length, "--width": 1 / grid[0].length, "--strength": region.strength.toFixed(2) },
      },
      region.rank ? String(region.rank) : "",
    ),
  );
  const ranks = regions.filter(({ rank }) => rank).map((region) => `${region.rank}: ${effect(region)}`);
  return element(
    "div",
    { class: "region-part" },
    title,
    element(
      "div",
      { class: "poster-regions" },
      element("img", { src: address, alt: "The poster that was read" }),
      element("div", { class: "grid", attributes: { "aria-hidden": "true" } }, ...drawn),
    ),
    element("p", { class: "note" }, `Framed regions speak for the genre. ${ranks.join(", ")}.`),
  );
}
