// Why a genre: the words of the plot and the regions of the poster that spoke for it.

import { isAborted, sentence } from "./api.js";
import { announce, element } from "./dom.js";

const STRONGEST = 5; // words that are named
const NUMBERED = 3; // regions that are numbered
const NOISE = 0.2; // of the strongest; weaker parts are not marked, or all would be

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
      element("p", { class: "note" }, "The model reads the film again without each word and region. This takes some seconds."),
      element("div", { attributes: { "aria-hidden": "true" } }, ...lines),
    );
  }

  #reasons(genre, explanation) {
    const words = explanation.words?.[genre];
    const grid = explanation.regions?.[genre];
    const parts = [];
    if (words?.length) parts.push(wordPart(this.#plot, words));
    if (grid?.length && this.#posterAddress) parts.push(regionPart(this.#posterAddress, grid));
    return parts.length ? parts : [element("p", { class: "note" }, "No word or region can be named.")];
  }
}

function heading(genre) {
  return element("h3", {}, genre ? `Why ${genre}?` : "Why?");
}

const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

/** Return the pieces of a plot, its words marked by what they did; positions count whole characters. */
export function markedPlot(plot, words) {
  const characters = Array.from(plot);
  const text = (start, end) => characters.slice(start, end).join("");
  const largest = Math.max(...words.map((word) => Math.abs(word.share ?? 0)), 0) || 1;
  const pieces = [];
  let at = 0;
  for (const word of words) {
    pieces.push(text(at, word.start), markedWord(text(word.start, word.end), word.share, largest));
    at = word.end;
  }
  pieces.push(text(at));
  return pieces;
}

function markedWord(text, share, largest) {
  if (share === null) return element("span", { class: "unread" }, text);
  const strength = Math.abs(share) / largest;
  if (strength < NOISE) return text;
  const side = share > 0 ? "for" : "against";
  return element("mark", { class: side, title: signed(share), variables: { "--strength": strength.toFixed(2) } }, text);
}

function wordPart(plot, words) {
  const byShare = words.filter((word) => word.share > 0).sort((one, other) => other.share - one.share);
  const strongest = [...new Set(byShare.map((word) => word.text.toLowerCase()))].slice(0, STRONGEST);
  const isCut = words.some((word) => word.share === null);
  return element(
    "div",
    { class: "word-part" },
    element("h4", {}, "In the plot"),
    element("p", {}, "Strongest: ", element("strong", {}, strongest.join(", ") || "none"), "."),
    element("p", { class: "marked-plot" }, ...markedPlot(plot, words)),
    element(
      "p",
      { class: "note" },
      element("mark", { class: "for" }, "Marked"),
      " words speak for the genre, ",
      element("mark", { class: "against" }, "dashed"),
      " ones against it",
      ...(isCut ? [", ", element("span", { class: "unread" }, "grey italics"), " were not read"] : []),
      ".",
    ),
  );
}

/** Return the regions that spoke for a genre: where they stand, how strongly, and the ranks of the first. */
export function strongRegions(grid) {
  const columns = grid[0].length;
  const regions = grid.flat().map((share, number) => ({ share, row: Math.floor(number / columns), column: number % columns }));
  const largest = Math.max(...regions.map((region) => region.share), 0);
  return regions
    .filter((region) => region.share > 0 && region.share >= NOISE * largest)
    .sort((one, other) => other.share - one.share)
    .map((region, place) => ({ ...region, strength: region.share / largest, rank: place < NUMBERED ? place + 1 : null }));
}

function regionPart(address, grid) {
  const regions = strongRegions(grid);
  const drawn = regions.map(({ share, row, column, strength, rank }) =>
    element(
      "span",
      {
        class: rank ? "region top" : "region",
        title: signed(share),
        variables: { "--row": row / grid.length, "--column": column / grid[0].length, "--height": 1 / grid.length, "--width": 1 / grid[0].length, "--strength": strength.toFixed(2) },
      },
      rank ? String(rank) : "",
    ),
  );
  const note = regions.length
    ? "Framed regions speak for the genre; 1 to 3 are the strongest."
    : "No region speaks for the genre.";
  return element(
    "div",
    { class: "region-part" },
    element("h4", {}, "In the poster"),
    element(
      "div",
      { class: "poster-regions" },
      element("img", { src: address, alt: "The poster that was read" }),
      element("div", { class: "grid", attributes: { "aria-hidden": "true" } }, ...drawn),
    ),
    element("p", { class: "note" }, note),
  );
}
