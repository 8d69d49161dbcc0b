// The answers of a table: shown as they come, sorted, corrected, checked and saved.

import { announce, asSentence, element, grouped, listed, percent } from "./dom.js";
import { saveAs } from "./share.js";
import { csvText, parsedLine, written } from "./tablefiles.js";

const CHECKED_COLUMNS = ["id", "title", "year", "plot", "genres"];

const COLUMNS = [
  { name: "Row", key: (row) => row.line.row },
  { name: "Id", key: (row) => row.line.id },
  { name: "Genres", key: (row) => row.genres.join(", ") },
  { name: "Surest", key: (row) => Object.values(row.line.probabilities)[0] ?? -1, isHighFirst: true },
  { name: "Checked", key: (row) => Number(row.isChecked), isHighFirst: true },
  { name: "Remark", key: (row) => remark(row.line) },
];

const remark = (line) => [line.error, ...line.warnings].filter(Boolean).map((text) => asSentence(text)).join(" ");

/** What came of a table. */
export class TableResult {
  #place;
  #name;
  #header = [];
  #expected = 0;
  #rows = [];
  #genres = element("datalist", { id: "genre-names" });
  #body = element("tbody");
  #summary = element("p");
  #buttons = element("div", { class: "buttons" });
  #checked = element("p", { class: "note" });
  #checkedButton = element("button", { type: "button" }, "Save the checked films");

  /**
   * @param {HTMLElement} place
   * @param {string} name - of the table as it came, which says in what form it goes.
   */
  constructor(place, name) {
    this.#place = place;
    this.#name = name;
    place.hidden = true;
    this.#checkedButton.addEventListener("click", () => this.#saveChecked());
  }

  /** Begin with the header of a CSV file and the number of rows to come. */
  begin(csv, rows) {
    this.#header = parsedLine(csv);
    this.#expected = rows;
    const table = element("table", { class: "result film-rows" }, element("thead", {}, this.#head()), this.#body);
    this.#place.replaceChildren(
      element("h2", { id: "table-result-title" }, "Result"),
      element("div", { class: "result-head" }, this.#summary, this.#buttons),
      scrollingTable(table),
      this.#checked,
      this.#genres,
    );
    this.#place.hidden = false;
    this.#summary.textContent = "The rows appear as they are answered.";
  }

  /** Add a row as the service sent it. */
  add(line) {
    if (!this.#genres.childElementCount && Object.keys(line.probabilities).length) {
      this.#genres.append(...Object.keys(line.probabilities).sort().map((value) => element("option", { value })));
    }
    const row = { line, genres: [...line.genres], isChecked: false, place: element("tr") };
    this.#rows.push(row);
    this.#show(row);
    this.#body.append(row.place);
  }

  /** Return what became of the table. */
  summary() {
    const number = this.#rows.length;
    const empty = this.#rows.filter((row) => !Object.keys(row.line.probabilities).length).length;
    const early = number < this.#expected ? `Ended early: ${grouped(number)} of ${grouped(this.#expected)} films. ` : "";
    return `${early}${grouped(number)} ${number === 1 ? "film" : "films"}${empty ? `, ${grouped(empty)} without an answer` : ""}.`;
  }

  /** Offer the rows that came as a file. */
  finish() {
    if (!this.#header.length) return;
    this.#summary.textContent = this.summary();
    const { label } = written(this.#name);
    const save = element("button", { type: "button", class: "primary" }, `Download the ${label}`);
    save.addEventListener("click", () => this.#save());
    this.#buttons.replaceChildren(save, this.#checkedButton);
    this.#count();
  }

  #head() {
    const cells = COLUMNS.map(({ name, key, isHighFirst = false }) => {
      const button = element("button", { type: "button", class: "sort", title: `Sort by ${name.toLowerCase()}` }, name);
      const cell = element("th", { attributes: { scope: "col" } }, button);
      button.addEventListener("click", () => this.#sort(cell, key, isHighFirst ? ["descending", "ascending"] : ["ascending", "descending"]));
      return cell;
    });
    return element("tr", {}, ...cells);
  }

  /** Sort by a column; the other way round where it is sorted by it. */
  #sort(cell, key, [first, second]) {
    const order = cell.getAttribute("aria-sort") === first ? second : first;
    for (const other of cell.parentElement.cells) other.removeAttribute("aria-sort");
    cell.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const sorted = [...this.#rows].sort((one, other) => sign * compared(key(one), key(other)));
    this.#body.append(...sorted.map((row) => row.place));
    announce(`Sorted by ${cell.textContent.toLowerCase()}.`);
  }

  #show(row) {
    const { line, place, genres } = row;
    const [[nearest, value] = []] = Object.entries(line.probabilities);
    const chips = genres.map((genre) => this.#chip(row, genre));
    const unsure = nearest && !genres.length ? element("li", { class: "unsure-note" }, `not sure: ${nearest} ${percent(value)}`) : null;
    const add = element("li", {}, this.#addButton(row));
    const title = line.title ? element("span", { class: "row-title" }, `${line.title}${line.year ? ` (${line.year})` : ""}`) : null;
    place.classList.toggle("corrected", isCorrected(row));
    place.replaceChildren(
      element("td", { class: "value" }, String(line.row)),
      element("th", { attributes: { scope: "row" } }, line.id, title),
      element("td", { class: "genre-cell" }, element("ul", { class: "chips" }, unsure, ...chips, add)),
      element("td", { class: "value surest" }, nearest ? percent(value) : ""),
      element("td", { class: "value checked" }, this.#checkBox(row)),
      element("td", { class: "remark" }, remark(line), isCorrected(row) ? element("span", { class: "corrected-note" }, `corrected; predicted: ${listed(line.genres) || "none"}`) : null),
    );
  }

  #chip(row, genre) {
    const value = row.line.probabilities[genre];
    const remove = element("button", { type: "button", class: "remove", attributes: { "aria-label": `Remove ${genre} from ${row.line.id}` } });
    remove.addEventListener("click", () => this.#correct(row, row.genres.filter((other) => other !== genre)));
    return element("li", { class: "small-chip" }, typeof value === "number" ? `${genre} ${percent(value)}` : genre, remove);
  }

  /** Return a button that becomes a field for a genre, of the model or one's own. */
  #addButton(row) {
    const button = element("button", { type: "button", class: "add", attributes: { "aria-label": `Add a genre to ${row.line.id}` } });
    button.addEventListener("click", () => {
      const field = element("input", { type: "text", class: "add-field", maxLength: 60, attributes: { list: "genre-names", "aria-label": `Genre to add to ${row.line.id}` } });
      const take = () => {
        const genre = field.value.trim().replaceAll("|", " ");
        if (!field.isConnected) return;
        if (genre && !row.genres.includes(genre)) this.#correct(row, [...row.genres, genre]);
        else field.replaceWith(button);
      };
      field.addEventListener("change", take);
      field.addEventListener("blur", take);
      field.addEventListener("keydown", (event) => {
        if (event.key === "Escape") field.value = "";
        if (event.key !== "Escape" && event.key !== "Enter") return;
        event.preventDefault(); // or the key would press the button that comes back
        take();
        row.place.querySelector(".add")?.focus();
      });
      button.replaceWith(field);
      field.focus();
    });
    return button;
  }

  #correct(row, genres) {
    row.genres = genres;
    row.isChecked = true;
    this.#show(row);
    this.#count();
    row.place.querySelector(".add").focus();
    announce(`${row.line.id}: ${listed(genres) || "no genre"}.`);
  }

  #checkBox(row) {
    const box = element("input", { type: "checkbox", checked: row.isChecked, attributes: { "aria-label": `The genres of ${row.line.id} are right` } });
    box.addEventListener("change", () => {
      row.isChecked = box.checked;
      this.#count();
    });
    return element("label", { class: "check" }, box);
  }

  #count() {
    const number = this.#rows.filter((row) => row.isChecked).length;
    this.#checkedButton.disabled = !number;
    this.#checkedButton.textContent = number ? `Save the ${grouped(number)} checked ${number === 1 ? "film" : "films"}` : "Save the checked films";
    this.#checked.replaceChildren(
      "Correct a film’s genres, or tick the film if they are right. Then save the checked films and train a model on them: ",
      element("code", {}, "moviegenre adapt checked.csv --out my-model"),
      ". Each genre needs 20 films; you can add genres of your own.",
    );
  }

  /** Save all rows in the form in which the table came, with the corrections. */
  #save() {
    const place = this.#header.indexOf("genres");
    const rows = this.#rows.map((row) => {
      const cells = parsedLine(row.line.csv);
      cells[place] = row.genres.join("|");
      return cells;
    });
    const names = new Set(this.#rows.flatMap(({ line }) => Object.keys(line.probabilities)));
    const isNumber = (column) => names.has(this.#header[column]);
    const { name, blob } = written(this.#name).make(this.#header, rows, isNumber);
    saveAs(blob, name);
  }

  #saveChecked() {
    const rows = this.#rows
      .filter((row) => row.isChecked)
      .map(({ line, genres }) => [line.id, line.title ?? "", line.year ?? "", line.plot ?? "", genres.join("|")]);
    saveAs(new Blob([csvText([CHECKED_COLUMNS, ...rows])], { type: "text/csv" }), "checked.csv");
  }
}

const isCorrected = (row) => row.genres.join("|") !== row.line.genres.join("|");

function compared(one, other) {
  return typeof one === "number" ? one - other : one.localeCompare(other, "en", { numeric: true });
}

function scrollingTable(table) {
  return element("div", { class: "scrolling", tabIndex: 0, attributes: { role: "region", "aria-label": "Genres by film" } }, table);
}
