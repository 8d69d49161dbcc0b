// The answer as a card: chips, warnings, bars, what plot and poster said, and why.

import { asSentence, element, fill, listed, percent, scrollTo } from "./dom.js";
import { shareButtons } from "./share.js";
import { Why } from "./why.js";

const SHOWN_BARS = 6;
const NEAR = 0.7; // of its threshold: from here on a genre that is not chosen is named as well
const MOST_NEAR = 3;
const MOST_NAMED = 4; // in one line
const SURE = 0.5; // chosen genres below it are outlined, as thresholds may be lower
const UNREAD = "Nothing of this film could be read, so no genre is predicted.";
const NAMES = { plot: "Plot", poster: "Poster", title: "Title" };

/** Return how sure the probability of a chosen genre is, in words: none of them doubts the choice. */
export function certainty(probability) {
  if (probability >= 0.9) return "almost certain";
  if (probability >= 0.7) return "very likely";
  return probability >= 0.5 ? "likely" : "possible";
}

/** Return the genres that nearly reach their thresholds. */
export function nearGenres(answer) {
  const isNear = ([genre, value]) => !answer.genres.includes(genre) && value >= NEAR * answer.thresholds[genre];
  return Object.entries(answer.probabilities).filter(isNear).slice(0, MOST_NEAR).map(([genre]) => genre);
}

/** Return an answer in one line. */
export function inWords(answer) {
  const chosen = answer.genres.map((genre) => `${genre} ${percent(answer.probabilities[genre])}`);
  const more = chosen.length - MOST_NAMED;
  if (chosen.length) return listed(more > 0 ? [...chosen.slice(0, MOST_NAMED), `${more} more`] : chosen);
  const [[genre, value] = ["nothing", 0]] = Object.entries(answer.probabilities);
  return `not sure: ${genre} ${percent(value)}`;
}

/** The place of the answer to one film. */
export class AnswerCard {
  #place;
  #film;
  #why;
  #answer;
  #reasons;
  #alone = {};
  #shares = element("div", { class: "share-part" });
  #similar = element("div");

  /**
   * @param {HTMLElement} place
   * @param {{plot: string, poster: File|null, name: string|null}} film - as it was sent, and its name.
   * @param {string|null} posterAddress - where the browser finds the poster.
   */
  constructor(place, film, posterAddress) {
    this.#place = place;
    this.#film = film;
    this.#why = new Why(film.plot, posterAddress);
  }

  /** Show that an answer is on its way, in the room that it will take. */
  showWaiting() {
    const bars = Array.from({ length: SHOWN_BARS }, () => element("span", { class: "bone bone-bar" }));
    const chips = Array.from({ length: 3 }, () => element("span", { class: "bone bone-chip" }));
    this.#place.replaceChildren(
      head(title(this.#film.name ?? "Reading the film")),
      element(
        "div",
        { class: "bones", attributes: { "aria-hidden": "true" } },
        element("div", { class: "chips" }, ...chips),
        element("span", { class: "bone bone-line" }),
        element("div", { class: "details" }, element("div", { class: "bar-part" }, ...bars), element("span", { class: "bone bone-why" })),
      ),
    );
    this.#place.setAttribute("aria-busy", "true");
    this.#place.hidden = false;
  }

  /**
   * Show an answer.
   * @param {Object} answer - of the service.
   * @param {function(string, string[]): Promise<Object>} reasons - of a genre.
   * @returns {string} the answer in one line.
   */
  showAnswer(answer, reasons) {
    this.#answer = answer;
    this.#reasons = reasons;
    this.#place.removeAttribute("aria-busy");
    if (!answer.modalities.length) {
      fill(this.#place, title("No answer"), warnings(answer.warnings), element("p", { class: "lead" }, UNREAD));
      return UNREAD;
    }
    fill(
      this.#place,
      head(title(this.#film.name ?? "Genres"), shareButtons(this.#film, answer, inWords(answer))),
      this.#chips(),
      warnings(answer.warnings),
      this.#aloneLine(),
      element(
        "div",
        { class: "details" },
        element("div", { class: "bar-part" }, this.#bars(), this.#shares),
        this.#why.place,
      ),
      this.#similar,
    );
    return `Answer: ${inWords(answer)}.`;
  }

  /** Add how far the answer rests on plot and poster, and films like this one. */
  addExplanation({ explanation, similar }) {
    fill(this.#shares, shares(explanation));
    if (similar?.length) fill(this.#similar, similarFilms(similar));
  }

  /** Add what the plot or the poster said alone; a text says why there is no answer. */
  addAlone(name, answer) {
    const text = typeof answer === "string" ? answer : `${listed(answer.genres) || inWords(answer)}.`;
    fill(this.#alone[name], element("strong", {}, `${NAMES[name]} alone: `), text);
  }

  /** The line for what each part says alone, in the room that it will take. */
  #aloneLine() {
    const { modalities } = this.#answer;
    const { plot, poster } = this.#film;
    if (modalities.length < 2) return plot || poster ? element("p", { class: "alone" }, `Only the ${modalities[0]} was read.`) : null;
    for (const name of modalities) this.#alone[name] = element("span", {}, element("span", { class: "bone bone-text" }));
    fill(this.#shares, element("span", { class: "bone bone-shares" }));
    return element("p", { class: "alone" }, ...Object.values(this.#alone));
  }

  /** Show why the first genre was chosen, unless somebody asked for another one. */
  async explainFirst() {
    if (this.#answer.modalities.length && !this.#why.genre) await this.#explain(this.#named()[0]);
  }

  /** The genres that are shown as chips. */
  #named() {
    const named = [...this.#answer.genres, ...nearGenres(this.#answer)];
    return named.length ? named : Object.keys(this.#answer.probabilities).slice(0, 1);
  }

  async #explain(genre) {
    for (const button of this.#place.querySelectorAll("[data-genre]")) {
      button.setAttribute("aria-pressed", String(button.dataset.genre === genre));
    }
    await this.#why.show(genre, () => this.#reasons(genre, this.#named()));
  }

  #whyButton(genre, properties, ...children) {
    const button = element(
      "button",
      { type: "button", data: { genre }, title: `Why ${genre}?`, attributes: { "aria-pressed": "false" }, ...properties },
      element("span", { class: "spoken" }, "Why "),
      ...children,
    );
    button.addEventListener("click", () => {
      this.#explain(genre);
      const { top } = this.#why.place.getBoundingClientRect();
      if (top > innerHeight * 0.8 || top < 0) scrollTo(this.#why.place);
    });
    return button;
  }

  #chips() {
    const chip = (genre, kind) => {
      const value = this.#answer.probabilities[genre];
      const words = kind === "chosen" ? certainty(value) : "not quite";
      const look = kind === "chosen" && value < SURE ? "chosen unsure" : kind;
      const text = element("span", { class: "chip-value" }, `${percent(value)}, ${words}`);
      return element("li", {}, this.#whyButton(genre, { class: `chip ${look}` }, element("span", { class: "chip-name" }, genre), " ", text));
    };
    const { genres } = this.#answer;
    const lead = genres.length ? null : element("p", { class: "lead" }, asSentence(inWords(this.#answer)), " No genre reaches its threshold.");
    const others = genres.length ? nearGenres(this.#answer) : this.#named();
    return element(
      "div",
      { class: "chip-rows" },
      lead,
      chips("Chosen genres", genres.map((genre) => chip(genre, "chosen"))),
      chips("Genres near their threshold", others.map((genre) => chip(genre, "near"))),
    );
  }

  #bars() {
    const entries = Object.entries(this.#answer.probabilities);
    const rows = entries.map(([genre, value], place) => {
      const row = this.#bar(genre, value);
      row.hidden = place >= SHOWN_BARS;
      return row;
    });
    const list = element("ol", { class: "bars" }, ...rows);
    const note = element("p", { class: "note" }, "✓ marks a chosen genre: its probability reaches its threshold, the thin line. Press a genre to see why.");
    return element("div", {}, element("h3", {}, "Probabilities"), list, showAllButton(rows), note);
  }

  #bar(genre, value) {
    const isChosen = this.#answer.genres.includes(genre);
    const threshold = this.#answer.thresholds[genre];
    const track = element(
      "span",
      { class: "track", attributes: { "aria-hidden": "true" } },
      element("span", { class: "fill", variables: { "--part": value } }),
      element("span", { class: "threshold", variables: { "--part": Math.min(threshold, 1) } }),
    );
    const button = this.#whyButton(
      genre,
      { class: isChosen ? "bar chosen" : "bar" },
      element("span", { class: "sign", attributes: { "aria-hidden": "true" } }, isChosen ? "✓" : ""),
      element("span", { class: "bar-name" }, genre),
      track,
      element("span", { class: "value" }, percent(value)),
      element("span", { class: "spoken" }, `, ${isChosen ? "chosen" : "not chosen"}, threshold ${percent(threshold)}`),
    );
    return element("li", {}, button);
  }
}

function chips(label, items) {
  return items.length ? element("ul", { class: "chips", attributes: { "aria-label": label } }, ...items) : null;
}

function head(...children) {
  return element("div", { class: "answer-head" }, ...children);
}

function title(text) {
  return element("h2", { id: "answer-title" }, text);
}

/** What the service warns of, in its own words. */
function warnings(list) {
  if (!Array.isArray(list) || !list.length) return null;
  const items = list.map((warning) => element("li", {}, String(warning.message ?? warning)));
  return element("ul", { class: "warnings", attributes: { "aria-label": "Warnings" } }, ...items);
}

function showAllButton(rows) {
  if (rows.length <= SHOWN_BARS) return null;
  const text = (isOpen) => (isOpen ? "Show fewer" : `Show all ${rows.length}`);
  const button = element("button", { type: "button", class: "quiet", attributes: { "aria-expanded": "false" } }, text(false));
  button.addEventListener("click", () => {
    const isOpen = button.getAttribute("aria-expanded") === "false";
    for (const row of rows.slice(SHOWN_BARS)) row.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    button.textContent = text(isOpen);
  });
  return button;
}

/** What part plot and poster had in the answer. */
function shares(explanation) {
  const parts = Object.entries(explanation?.modality_share ?? {});
  if (parts.length < 2) return null;
  const drawn = parts.map(([name, value]) =>
    element("span", { class: `share of-${name}`, variables: { "--part": Math.max(value, 0.01) } }, `${NAMES[name] ?? name} ${percent(value)}`),
  );
  const note = element("p", { class: "note" }, "How much the answer changes if each is left out.");
  return element("div", {}, element("h3", {}, "Share in the answer"), element("div", { class: "shares" }, ...drawn), note);
}

function similarFilms(films) {
  const items = films.map((film) => {
    const year = film.year ? ` (${film.year})` : "";
    const genres = film.genres.length ? `: ${film.genres.join(", ")}` : "";
    return element("li", {}, element("strong", {}, film.title || film.id), `${year}${genres} `, element("small", {}, `similarity ${film.similarity.toFixed(2)}`));
  });
  return element("div", {}, element("h3", {}, "Similar films in the training data"), element("ol", { class: "similar" }, ...items));
}
