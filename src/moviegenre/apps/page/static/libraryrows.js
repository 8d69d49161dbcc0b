// The films of a library's preview: what is there, what would be written, and which are accepted.

import { element, fill, grouped, listed, percent } from "./dom.js";

const AT_ONCE = 200; // rows that are shown; more at a press
const LISTED = 5; // films of which no genre is sure, one by one

const OUTCOMES = {
  change: "would change",
  "poster only": "predicted from the poster alone",
  "title only": "predicted from the title alone",
  "not sure": "not sure",
  "nothing to do": "with nothing to do",
  "changed since": "changed in the meantime",
  "cannot be read": "cannot be read",
};

const HINTS = {
  "poster only": "Allow it above, under “What may change”. ",
  "title only": "Not written. ",
};

const nameOf = (film) => (film.title ? `${film.title}${film.year ? ` (${film.year})` : ""}` : film.path);

/** The result of a preview. */
export class LibraryRows {
  #place;
  #onWrite;
  #films = []; // that stand in the table
  #others = []; // without genres to write
  #shown = 0;
  #end = null;
  #isLocked = false;
  #body = element("tbody");
  #summary = element("p");
  #alone = element("p", { class: "note" });
  #listed = element("div");
  #more = element("button", { type: "button", class: "quiet" });
  #write = element("button", { type: "button", class: "primary" });
  #all = element("input", { type: "checkbox", id: "library-all" });

  /**
   * @param {HTMLElement} place
   * @param {function(number[])} onWrite - called with the ids of the films that were accepted.
   */
  constructor(place, onWrite) {
    this.#place = place;
    this.#onWrite = onWrite;
    place.hidden = true;
    this.#more.addEventListener("click", () => this.#showMore());
    this.#write.addEventListener("click", () => onWrite(this.#accepted().map((film) => film.id)));
    this.#all.addEventListener("change", () => {
      for (const film of this.#open()) film.box.checked = this.#all.checked;
      this.#count();
    });
  }

  begin() {
    const head = ["Accept", "Film", "Genres now", "Genres proposed", "Remark"].map((name) => element("th", { attributes: { scope: "col" } }, name));
    const table = element("table", { class: "result library-rows" }, element("thead", {}, element("tr", {}, ...head)), this.#body);
    fill(
      this.#place,
      element("h2", { id: "library-result-title" }, "Preview"),
      element("div", { class: "result-head" }, this.#summary, element("div", { class: "buttons" }, element("label", { class: "box" }, this.#all, " Accept all"), this.#write)),
      this.#alone,
      element("div", { class: "scrolling", tabIndex: 0, attributes: { role: "region", "aria-label": "Films and their genres" } }, table),
      this.#more,
      this.#listed,
    );
    this.#summary.textContent = "The films appear as they are predicted.";
    this.#place.hidden = false;
    this.#count();
  }

  /** Add films as the service sent them. */
  add(films) {
    for (const film of films) {
      if (film.genres.length && (film.id !== null || film.outcome in HINTS)) this.#films.push(rowOf(film, () => this.#count()));
      else this.#others.push(film);
    }
    if (this.#shown < AT_ONCE) this.#showMore(AT_ONCE - this.#shown);
    this.#count();
  }

  /** Show the numbers of a preview that is complete. */
  finish(end) {
    this.#end = end;
    this.#summary.textContent = this.summary();
    const alone = Object.entries(end.left_alone).map(([name, number]) => `${grouped(number)} ${name}`);
    this.#alone.textContent = alone.length ? `Left alone: ${alone.join(", ")}.` : "";
    this.#listOthers();
    this.#count();
  }

  /** Say that the preview ended early. */
  stop() {
    this.#summary.textContent = "The preview ended early, so nothing can be accepted. Make a new one.";
    for (const film of this.#films) film.box.disabled = true;
  }

  /** Return the numbers in one line. */
  summary() {
    const { counts } = this.#end;
    const total = Object.values(counts).reduce((sum, number) => sum + number, 0);
    const parts = Object.keys(OUTCOMES).filter((name) => counts[name]).map((name) => `${grouped(counts[name])} ${OUTCOMES[name]}`);
    return `${grouped(total)} ${total === 1 ? "film" : "films"}${parts.length ? `: ${parts.join(", ")}` : ""}.`;
  }

  /** Note what became of films that were to be written. */
  note(films) {
    const byNumber = new Map(this.#films.map((film) => [film.id, film]));
    for (const { id, written, note } of films) {
      const film = byNumber.get(id);
      if (!film) continue;
      film.isDone = true;
      film.box.checked = false;
      film.row.classList.toggle("corrected", written);
      film.box.parentElement.replaceWith(element("span", { class: written ? "written" : "unsure-note" }, written ? "written" : "skipped"));
      if (written) film.showGenres(film.newGenres);
      else film.remark.textContent = note;
    }
    this.#count();
  }

  /** Let nothing be accepted while something is written. */
  lock(is) {
    this.#isLocked = is;
    this.#count();
  }

  #open() {
    return this.#films.filter((film) => film.id !== null && !film.isDone);
  }

  #accepted() {
    return this.#open().filter((film) => film.box.checked);
  }

  #showMore(most = AT_ONCE) {
    const next = this.#films.slice(this.#shown, this.#shown + most);
    this.#body.append(...next.map((film) => film.row));
    this.#shown += next.length;
    this.#count();
  }

  #count() {
    const open = this.#open();
    const accepted = this.#accepted().length;
    const isOff = this.#isLocked || !this.#end;
    for (const film of open) film.box.disabled = isOff;
    this.#all.disabled = isOff || !open.length;
    this.#all.checked = accepted > 0 && accepted === open.length;
    this.#all.indeterminate = accepted > 0 && accepted < open.length;
    this.#write.disabled = isOff || !accepted;
    this.#write.textContent = accepted ? `Write ${grouped(accepted)} ${accepted === 1 ? "film" : "films"}` : "Write the accepted films";
    const left = this.#films.length - this.#shown;
    this.#more.hidden = !left;
    this.#more.textContent = `Show ${grouped(Math.min(left, AT_ONCE))} more of ${grouped(this.#films.length)} films`;
    this.#place.querySelector(".scrolling").hidden = !this.#films.length;
  }

  #listOthers() {
    if (!this.#others.length) return;
    const items = this.#others.map((film) => element("li", {}, element("code", {}, film.path), `: ${film.outcome}. ${film.note}`));
    const more = items.splice(LISTED);
    const rest = more.length ? element("details", {}, element("summary", {}, `${grouped(more.length)} more`), element("ul", {}, ...more)) : null;
    fill(this.#listed, element("h3", {}, "Without new genres"), element("ul", {}, ...items), rest);
  }
}

/** Return a film with its row of the table. */
function rowOf(film, onChange) {
  const box = element("input", { type: "checkbox", attributes: { "aria-label": `Accept ${nameOf(film)}` } });
  box.addEventListener("change", onChange);
  const isOpen = film.id !== null;
  const accept = isOpen ? element("label", { class: "check" }, box) : element("span", { class: "unsure-note" }, film.outcome);
  const hint = isOpen ? "" : HINTS[film.outcome];
  const remark = element("td", { class: "remark" }, `${hint}${film.note}`);
  const now = element("td");
  const smallNow = element("span", { class: "now-note" });
  const showGenres = (names) => {
    fill(now, names.length ? element("ul", { class: "chips" }, ...names.map((name) => chip(name))) : "none");
    smallNow.textContent = `now: ${listed(names) || "none"}`;
  };
  showGenres(film.before);
  const path = film.title ? element("span", { class: "row-title" }, film.path) : null;
  const kept = film.kept ? film.before.map((name) => chip(name)) : [];
  const proposed = film.genres.map(([name, value]) => chip(`${name} ${percent(value)}`));
  const row = element(
    "tr",
    {},
    element("td", { class: "value" }, accept),
    element("th", { attributes: { scope: "row" } }, nameOf(film), path, smallNow),
    now,
    element("td", { class: "genre-cell" }, element("ul", { class: "chips" }, ...kept, ...proposed)),
    remark,
  );
  const newGenres = [...(film.kept ? film.before : []), ...film.genres.map(([name]) => name)];
  return { ...film, box, row, remark, newGenres, showGenres, isDone: false };
}

const chip = (text) => element("li", { class: "small-chip" }, text);
