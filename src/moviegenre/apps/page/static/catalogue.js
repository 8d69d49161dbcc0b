// The tab for a catalogue: a table goes up, its answers come back row by row, and as a CSV file.

import { isAborted, jsonLines, sendTable, sentence, ServiceError } from "./api.js";
import { announce, byId, bytes, element, grouped, listed, onDrop, percent, showProblem } from "./dom.js";

const MOST_TRIES = 60; // while the service is busy with others
const SPOKEN_SECONDS = 10; // between what screen readers hear of the progress

/** The table, its columns, its progress and its result. */
export class CataloguePanel {
  #limits;
  #file = null;
  #request = new AbortController();
  #plotColumns = [];
  #address = null;

  /** @param {Object} limits - of the service. */
  constructor(limits) {
    this.#limits = limits;
    const suffixes = limits.table_suffixes;
    byId("table-note").textContent =
      `A table with a column of plots: ${listed(suffixes, "or")}, in UTF-8, at most ${grouped(limits.table_rows)} rows and ` +
      `${bytes(limits.max_body_bytes)}. It comes back as CSV with a row for each of its rows: the id, the genres, the ` +
      "probability of every genre, why a row could not be read (“error”), and what to know of its answer (“warnings”). " +
      "Posters are not read here.";
    const input = byId("table");
    input.accept = suffixes.join(",");
    input.addEventListener("change", () => {
      if (input.files[0]) this.#look(input.files[0]);
      input.value = ""; // so that the same file can be chosen again after it was changed
    });
    onDrop(byId("table-drop"), (file) => this.#look(file));
    byId("columns").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#predict();
    });
    byId("table-stop").addEventListener("click", () => this.#request.abort());
  }

  /** Show what was understood of a table, and have its columns chosen. */
  async #look(file) {
    const { signal } = this.#begin();
    const form = byId("columns");
    form.hidden = true;
    byId("table-result").hidden = true;
    if (file.size > this.#limits.max_body_bytes) {
      showProblem(byId("table-problem"), `The table has ${bytes(file.size)}; at most ${bytes(this.#limits.max_body_bytes)} are taken here.`);
      return;
    }
    try {
      const preview = await (await sendTable(file, { preview: true }, signal)).json();
      this.#file = file;
      byId("table-name").textContent = preview.name;
      this.#plotColumns = [...preview.plot_columns];
      form.replaceChildren(...this.#columnFields(preview));
      form.hidden = false;
      announce(`${preview.name} was read. Choose its columns.`);
    } catch (error) {
      if (!isAborted(error)) showProblem(byId("table-problem"), sentence(error));
    }
  }

  /** Stop what runs, and begin anew. */
  #begin() {
    this.#request.abort();
    this.#request = new AbortController();
    showProblem(byId("table-problem"), "");
    return this.#request;
  }

  #columnFields(preview) {
    const ids = element("select", { id: "id-column" });
    if (!preview.id_column) ids.append(element("option", { value: "" }, "row number"));
    ids.append(...preview.columns.map((name) => element("option", { value: name, selected: name === preview.id_column }, shown(name))));
    const order = element("p", { class: "note", id: "plot-order" });
    const showOrder = () => {
      const joined = this.#plotColumns.map(shown).join(", then ");
      order.textContent = this.#plotColumns.length > 1 ? `Joined in this order: ${joined}.` : "Several are joined in the order in which you choose them.";
    };
    const boxes = preview.columns.map((name) => {
      const box = element("input", { type: "checkbox", checked: this.#plotColumns.includes(name) });
      box.addEventListener("change", () => {
        this.#plotColumns = this.#plotColumns.filter((other) => other !== name);
        if (box.checked) this.#plotColumns.push(name);
        showOrder();
      });
      return element("label", { class: "box" }, box, " ", shown(name));
    });
    showOrder();
    const note = preview.note ? element("p", { class: "note", id: "plot-note" }, sentenceOf(preview.note)) : null;
    return [
      scrolling(firstRows(preview), `The first rows of ${preview.name}`),
      element("div", { class: "field" }, element("label", { htmlFor: "id-column" }, "Column of ids"), ids),
      element("fieldset", {}, element("legend", {}, "Columns of plots"), element("div", { class: "boxes" }, ...boxes), ...(note ? [note] : []), order),
      element("div", { class: "buttons" }, element("button", { type: "submit", class: "primary" }, "Predict genres")),
    ];
  }

  async #predict() {
    if (!this.#plotColumns.length) {
      showProblem(byId("table-problem"), "Choose at least one column of plots.");
      return;
    }
    const { signal } = this.#begin();
    const options = { idColumn: byId("id-column").value, plotColumns: [...this.#plotColumns] };
    const result = new TableResult(byId("table-result"), this.#file.name);
    const progress = new Progress();
    try {
      const response = await this.#patiently(options, signal, progress);
      await follow(response, result, progress);
      announce(result.summary());
    } catch (error) {
      if (!isAborted(error)) showProblem(byId("table-problem"), sentence(error));
      else announce("Stopped.");
    } finally {
      progress.hide();
      if (this.#address) URL.revokeObjectURL(this.#address);
      this.#address = result.finish();
    }
  }

  /** Send the table; while the service is busy with others, again and again. */
  async #patiently(options, signal, progress) {
    for (let tries = 1; ; tries += 1) {
      progress.say("Sending the table.");
      try {
        return await sendTable(this.#file, options, signal);
      } catch (error) {
        if (!(error instanceof ServiceError) || !error.isBusy || tries >= MOST_TRIES) throw error;
        progress.say("The service is busy with others; the table is sent again in a moment.");
        await pause(Math.max(2, error.retryAfter), signal);
      }
    }
  }
}

async function follow(response, result, progress) {
  let isComplete = false;
  for await (const line of jsonLines(response)) {
    if (line.type === "start") {
      progress.begin(line.rows);
      result.begin(line.csv, line.rows);
    } else if (line.type === "row") {
      result.add(line);
      progress.step(line.row);
    } else if (line.type === "error") {
      throw new ServiceError(`It ended early: ${line.error}.`);
    } else if (line.type === "end") {
      isComplete = true;
    }
  }
  if (!isComplete) throw new ServiceError("The connection broke before the last row.");
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** How far a table is. */
class Progress {
  #place = byId("table-progress");
  #bar = this.#place.querySelector("progress");
  #text = this.#place.querySelector("p");
  #rows = 0;
  #started = 0;
  #spoken = 0;

  say(text) {
    this.#place.hidden = false;
    this.#text.textContent = text;
  }

  begin(rows) {
    this.#rows = rows;
    this.#started = performance.now();
    this.#bar.max = Math.max(rows, 1);
    this.step(0);
  }

  step(done) {
    const seconds = (performance.now() - this.#started) / 1000;
    const left = done ? Math.ceil((seconds / done) * (this.#rows - done)) : null;
    const rest = left === null || done === this.#rows ? "" : `; about ${duration(left)} left`;
    this.#bar.value = done;
    this.say(`${grouped(done)} of ${grouped(this.#rows)} films${rest}`);
    if (seconds - this.#spoken > SPOKEN_SECONDS) {
      this.#spoken = seconds;
      announce(this.#text.textContent);
    }
  }

  hide() {
    this.#place.hidden = true;
  }
}

const duration = (seconds) => (seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`);

/** The answers of a table: shown as they come, then a file. */
class TableResult {
  #place;
  #name;
  #csv = [];
  #expected = 0;
  #rows = 0;
  #empty = 0;
  #body = element("tbody");
  #summary = element("p");

  constructor(place, name) {
    this.#place = place;
    this.#name = `${name.replace(/\.[^.]*$/, "")}-genres.csv`;
    place.hidden = true;
  }

  begin(csv, rows) {
    this.#csv = [csv];
    this.#expected = rows;
    const head = ["Id", "Genres", "Remark"].map((name) => element("th", { attributes: { scope: "col" } }, name));
    const table = element("table", { class: "result" }, element("thead", {}, element("tr", {}, ...head)), this.#body);
    this.#place.replaceChildren(
      element("h2", { id: "table-result-title" }, "Result"),
      element("div", { class: "result-head" }, this.#summary),
      scrolling(table, "Genres by film"),
    );
    this.#place.hidden = false;
    this.#summary.textContent = "The rows appear as they are answered.";
  }

  add(line) {
    this.#csv.push(line.csv);
    this.#rows += 1;
    const values = Object.entries(line.probabilities);
    if (!values.length) this.#empty += 1;
    const genres = line.genres.map((genre) => element("li", { class: "small-chip" }, `${genre} ${percent(line.probabilities[genre])}`));
    const nearest = values.length && !genres.length ? `not sure: ${values[0][0]} ${percent(values[0][1])}` : "";
    this.#body.append(
      element(
        "tr",
        {},
        element("th", { attributes: { scope: "row" } }, line.id),
        element("td", {}, genres.length ? element("ul", { class: "chips" }, ...genres) : nearest),
        element("td", {}, [line.error, ...line.warnings].filter(Boolean).join("; ")),
      ),
    );
  }

  /** Return what became of the table. */
  summary() {
    const early = this.#rows < this.#expected ? `Ended early: ${grouped(this.#rows)} of ${grouped(this.#expected)} films. ` : "";
    const without = this.#empty ? `, ${grouped(this.#empty)} without an answer` : "";
    return `${early}${grouped(this.#rows)} ${this.#rows === 1 ? "film" : "films"}${without}.`;
  }

  /** Offer the rows that came as a file; return its address. */
  finish() {
    if (!this.#csv.length) return null;
    const address = URL.createObjectURL(new Blob(this.#csv, { type: "text/csv" }));
    this.#summary.textContent = this.summary();
    this.#summary.after(element("a", { class: "button primary", href: address, download: this.#name }, "Download the CSV"));
    return address;
  }
}

const sentenceOf = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

const shown = (name) => name.trim() || "(no name)";

function firstRows(preview) {
  const head = preview.columns.map((name) => element("th", { attributes: { scope: "col" } }, shown(name)));
  const rows = preview.rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell))));
  return element(
    "table",
    { class: "first-rows" },
    element("caption", {}, `The first rows of ${preview.name}`),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows),
  );
}

/** Return a wide or long table in a frame that scrolls, by keyboard too. */
export function scrolling(table, label) {
  return element("div", { class: "scrolling", tabIndex: 0, attributes: { role: "region", "aria-label": label } }, table);
}
