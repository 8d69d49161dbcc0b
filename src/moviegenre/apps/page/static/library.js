// The tab for a film library: a preview, films that are accepted, written, and restored.

import { askLibrary, getJson, isAborted, jsonLines, sentence, ServiceError } from "./api.js";
import { announce, byId, element, fill, grouped, scrollTo, showProblem } from "./dom.js";
import { LibraryRows } from "./libraryrows.js";
import { Progress } from "./progress.js";

const BUSY_PARTS = ["library-preview", "library-undo"]; // off while something runs

/** The options, the preview, what is written of it, and its undo. */
export class LibraryPanel {
  #request = new AbortController();
  #rows = null;
  #preview = "";

  constructor() {
    byId("library-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#look();
    });
    byId("library-stop").addEventListener("click", () => this.#request.abort());
    byId("library-undo").addEventListener("click", () => byId("undo-dialog").showModal());
    byId("undo-dialog").addEventListener("close", (event) => {
      const wanted = event.target.returnValue;
      event.target.returnValue = "";
      if (wanted === "undo") this.#undo();
    });
  }

  /** Say which library it is, when the tab is opened. */
  async open() {
    if (byId("library-name").textContent) return;
    try {
      const { name, can_undo } = await getJson("library");
      byId("library-name").textContent = name;
      showUndo(can_undo);
    } catch (error) {
      showProblem(byId("library-problem"), sentence(error));
    }
  }

  /** Show what would change. */
  async #look() {
    const most = byId("library-most").valueAsNumber;
    if (!Number.isInteger(most) || most < 1 || most > 20) {
      byId("library-options").open = true;
      showProblem(byId("library-problem"), "Enter the maximum number of genres per film, from 1 to 20.");
      return;
    }
    const options = {
      mode: byId("library-mode").value,
      most,
      names: byId("library-names").value,
      lock: byId("library-lock").checked,
      from_poster: byId("library-poster").checked,
    };
    this.#preview = "";
    this.#rows = new LibraryRows(byId("library-result"), (films) => this.#write(films));
    await this.#run("preview", options, "Looking for films.", (line, progress) => {
      if (line.type === "start") {
        progress.begin(line.to_predict);
        this.#rows.begin();
      } else if (line.type === "progress") {
        progress.say(`Looking for films: ${grouped(line.done)} found.`);
      } else if (line.type === "films") {
        this.#rows.add(line.films);
        progress.step(line.done);
      } else {
        this.#preview = line.preview;
        this.#rows.finish(line);
        announce(this.#rows.summary());
      }
    });
    if (!this.#preview) this.#rows.stop();
  }

  /** Write the films that were accepted. */
  async #write(films) {
    this.#rows.lock(true);
    await this.#run("write", { preview: this.#preview, films }, "Writing.", (line, progress) => {
      if (line.type === "start") {
        progress.begin(line.films);
      } else if (line.type === "films") {
        this.#rows.note(line.films);
        progress.step(line.done);
      } else {
        const skipped = line.skipped ? ` ${grouped(line.skipped)} skipped: the reason is beside each.` : "";
        const text = `${grouped(line.written)} ${line.written === 1 ? "film" : "films"} written.${skipped}`;
        const hint = "Now let your media server read the .nfo files again.";
        showDone(element("p", {}, element("strong", {}, text), line.written ? ` ${hint}` : ""));
        announce(text);
      }
    });
    this.#rows.lock(false);
  }

  /** Restore every file as it was. */
  async #undo() {
    byId("library-result").hidden = true;
    await this.#run("undo", {}, "Restoring.", (line, progress) => {
      if (line.type === "progress") {
        if (!line.done) progress.begin(line.total);
        else progress.step(line.done);
        return;
      }
      const text = `${grouped(line.restored)} ${line.restored === 1 ? "file" : "files"} restored, ${grouped(line.same)} were as before, ${grouped(line.left_alone)} left alone.`;
      const items = line.skipped.map(({ path, reason }) => element("li", {}, element("code", {}, path), `: ${reason}`));
      showDone(element("p", {}, element("strong", {}, text)), items.length ? element("ul", {}, ...items) : null);
      announce(text);
    });
  }

  /** Ask for something and follow its lines; one thing at a time. */
  async #run(what, body, text, take) {
    this.#request = new AbortController();
    showProblem(byId("library-problem"), "");
    showDone();
    for (const id of BUSY_PARTS) byId(id).disabled = true;
    const progress = new Progress(byId("library-progress"));
    progress.say(text);
    try {
      await follow(await askLibrary(what, body, this.#request.signal), (line) => {
        if ("can_undo" in line) showUndo(line.can_undo);
        take(line, progress);
      });
    } catch (error) {
      if (!isAborted(error)) showProblem(byId("library-problem"), sentence(error));
      else announce("Stopped.");
      this.#describeUndo();
    } finally {
      progress.hide();
      for (const id of BUSY_PARTS) byId(id).disabled = false;
    }
    if (!byId("library-done").hidden) scrollTo(byId("library-done"));
  }

  /** After an early end nobody knows whether anything was written. */
  #describeUndo() {
    getJson("library").then(({ can_undo }) => showUndo(can_undo)).catch(() => {});
  }
}

async function follow(response, take) {
  let isComplete = false;
  for await (const line of jsonLines(response)) {
    if (line.type === "error") throw new ServiceError(`It ended early: ${line.error}.`);
    take(line);
    isComplete = line.type === "end";
  }
  if (!isComplete) throw new ServiceError("The connection broke before the last film.");
}

function showUndo(is) {
  byId("library-undo").hidden = !is;
}

function showDone(...children) {
  const place = byId("library-done");
  fill(place, ...children);
  place.hidden = !children.length;
}
