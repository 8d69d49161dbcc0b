// The tab for a catalogue: a table goes up, and its answers come back row by row.

import { isAborted, jsonLines, sendTable, sentence, ServiceError } from "./api.js";
import { announce, asSentence, byId, bytes, element, grouped, listed, onDrop, scrollTo, showProblem } from "./dom.js";
import { Progress } from "./progress.js";
import { TableResult } from "./result.js";
import { csvText, OWN_SUFFIXES, uploadable } from "./tablefiles.js";

const MOST_TRIES = 60; // while the service is busy with others

/** The table, its columns, its progress and its result. */
export class CataloguePanel {
  #limits;
  #file = null;
  #request = new AbortController();
  #plotColumns = [];
  #posterColumn = () => "";
  #name = "";

  /** @param {Object} limits - of the service. */
  constructor(limits) {
    this.#limits = limits;
    const suffixes = [...new Set([...limits.table_suffixes, ...OWN_SUFFIXES])];
    byId("table-note").textContent =
      `A table with a column of plots: ${listed(suffixes, "or")}, at most ${grouped(limits.table_rows)} rows and ` +
      `${bytes(limits.max_body_bytes)}. Or a ZIP with the table and the posters that it names. ` +
      "You see its first rows, then the genres of every film, which you can correct and download.";
    const input = byId("table");
    input.accept = [...suffixes, ".zip", ".gz"].join(",");
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

  /** Offer the example films as a table, for those who have none at hand. */
  addExamples(films) {
    const rows = films.filter((film) => film.plot).map((film, place) => [`example-${place + 1}`, film.title, film.plot]);
    byId("table-example").addEventListener("click", () => {
      this.#look(new File([csvText([["id", "title", "plot"], ...rows])], "examples.csv", { type: "text/csv" }));
    });
  }

  /** Show what was understood of a table, and have its columns chosen. */
  async #look(file) {
    const { signal } = this.#begin();
    const form = byId("columns");
    form.hidden = true;
    byId("table-result").hidden = true;
    if (file.size > this.#limits.max_body_bytes) {
      showProblem(byId("table-problem"), `The table has ${bytes(file.size)}; at most ${bytes(this.#limits.max_body_bytes)} are accepted here.`);
      return;
    }
    try {
      const { table, note } = await uploadable(file, this.#limits);
      const preview = await (await sendTable(table, { preview: true }, signal)).json();
      this.#file = table;
      this.#name = /\.zip$/i.test(file.name) ? preview.name : file.name; // the answers are no ZIP
      byId("table-name").textContent = file.name;
      this.#plotColumns = [...preview.plot_columns];
      form.replaceChildren(...this.#columnFields(preview, note));
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

  #columnFields(preview, sheetNote) {
    const posters = preview.has_posters ? posterField(preview) : null;
    this.#posterColumn = () => posters?.querySelector("select").value ?? "";
    const ids = element("select", { id: "id-column" });
    if (!preview.id_column) ids.append(element("option", { value: "" }, "row number"));
    ids.append(...preview.columns.map((name) => element("option", { value: name, selected: name === preview.id_column }, shown(name))));
    const order = element("p", { class: "note", id: "plot-order" });
    const understood = element("p", { class: "understood" });
    const table = firstRows(preview);
    const showOrder = () => {
      const used = this.#mark(table, preview.columns, ids.value);
      const isEnough = this.#plotColumns.length || this.#posterColumn();
      understood.textContent = used.length && isEnough ? `Read for each film: ${listed(used)}.` : "Choose the columns of plots.";
      const joined = this.#plotColumns.map(shown).join(", then ");
      order.textContent = this.#plotColumns.length > 1 ? `Joined in this order: ${joined}.` : "Several columns are joined in the order in which you choose them.";
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
    ids.addEventListener("change", showOrder);
    posters?.addEventListener("change", showOrder);
    showOrder();
    const note = preview.note ? element("p", { class: "note", id: "plot-note" }, asSentence(preview.note)) : null;
    return [
      ...(sheetNote ? [element("p", { class: "note", id: "sheet-note" }, sheetNote)] : []),
      understood,
      scrolling(table, `The first rows of ${preview.name}`),
      element("div", { class: "field" }, element("label", { htmlFor: "id-column" }, "Column of ids"), ids),
      ...(posters ? [posters] : []),
      element("fieldset", {}, element("legend", {}, "Columns of plots"), element("div", { class: "boxes" }, ...boxes), ...(note ? [note] : []), order),
      element("div", { class: "buttons" }, element("button", { type: "submit", class: "primary" }, "Predict genres")),
    ];
  }

  /** Mark the columns that are read, and return them in words. */
  #mark(table, columns, idColumn) {
    const roles = columns.map((name) => {
      if (this.#plotColumns.includes(name)) return "plot";
      if (name === this.#posterColumn()) return "poster";
      if (name === idColumn) return "id";
      return ["title", "year"].includes(name.trim().toLowerCase()) ? name.trim().toLowerCase() : "";
    });
    for (const row of table.rows) [...row.cells].forEach((cell, place) => cell.classList.toggle("used", Boolean(roles[place])));
    return columns.flatMap((name, place) => (roles[place] ? [`the ${roles[place]} from “${shown(name)}”`] : []));
  }

  async #predict() {
    if (!this.#plotColumns.length && !this.#posterColumn()) {
      showProblem(byId("table-problem"), "Choose at least one column of plots.");
      return;
    }
    const { signal } = this.#begin();
    const options = { idColumn: byId("id-column").value, plotColumns: [...this.#plotColumns], posterColumn: this.#posterColumn(), withText: true };
    const result = new TableResult(byId("table-result"), this.#name);
    const progress = new Progress(byId("table-progress"));
    scrollTo(byId("table-progress"));
    try {
      const response = await this.#patiently(options, signal, progress);
      await follow(response, result, progress);
      announce(result.summary());
    } catch (error) {
      if (!isAborted(error)) showProblem(byId("table-problem"), sentence(error));
      else announce("Stopped.");
    } finally {
      progress.hide();
      result.finish();
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

/** Return a field for the column that names the pictures of a ZIP. */
function posterField(preview) {
  const names = element("select", { id: "poster-column" });
  if (!preview.poster_column) names.append(element("option", { value: "" }, "none"));
  names.append(...preview.columns.map((name) => element("option", { value: name, selected: name === preview.poster_column }, shown(name))));
  return element("div", { class: "field" }, element("label", { htmlFor: "poster-column" }, "Column of posters"), names);
}

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
