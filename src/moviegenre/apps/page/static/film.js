// The tab for one film: what is asked of the service, in what order, and where it is shown.

import { AnswerCard } from "./answer.js";
import { isAborted, predict, sentence } from "./api.js";
import { announce, byId, element, grouped, scrollTo, showProblem } from "./dom.js";
import { PosterField } from "./poster.js";

const AT_ONCE = 6; // genres that are explained in one request: the model is asked no more often for it

/** The form, its answer and the examples. */
export class FilmPanel {
  #limits;
  #poster;
  #example = null;
  #request = new AbortController();

  /** @param {Object} limits - of the service. */
  constructor(limits) {
    this.#limits = limits;
    this.#poster = new PosterField(limits, (problem) => showProblem(byId("film-problem"), problem));
    const form = byId("film-form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#predict();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.#predict();
      }
    });
    byId("film-clear").addEventListener("click", () => this.#clear());
    byId("plot").addEventListener("input", () => this.#count());
    this.#count();
  }

  /** Show the example films, each to be predicted at a press. */
  addExamples(films) {
    const note = "These plots were written and these posters drawn for this page. The model has never seen them.";
    byId("examples").append(
      ...films.map((film) => element("li", {}, this.#exampleCard(film))),
      element("li", { class: "note examples-note" }, note),
    );
  }

  #exampleCard(film) {
    const teaser = film.plot ?? "Only a poster: the model looks at the picture alone.";
    const picture = film.poster
      ? element("img", { src: film.poster, alt: "", width: 80, height: 120, loading: "lazy" })
      : element("span", { class: "no-poster", attributes: { "aria-hidden": "true" } }, "no poster");
    const card = element(
      "button",
      { type: "button", class: "example" },
      picture,
      element("span", { class: "example-title" }, film.title),
      element("span", { class: "note teaser" }, teaser),
    );
    card.addEventListener("click", () => this.#try(film));
    return card;
  }

  async #try(film) {
    try {
      byId("plot").value = film.plot ?? "";
      byId("title").value = byId("year").value = "";
      this.#count();
      const poster = film.poster ? await pictureAt(film.poster, film.title) : null;
      this.#poster.set(poster);
      this.#example = { plot: film.plot ?? "", poster, title: film.title };
    } catch (error) {
      showProblem(byId("film-problem"), sentence(error));
      return;
    }
    this.#predict();
  }

  #count() {
    const length = [...byId("plot").value].length;
    byId("plot-note").textContent = `${grouped(length)} of at most ${grouped(this.#limits.max_plot_chars)} characters`;
  }

  #clear() {
    this.#request.abort();
    byId("plot").value = byId("title").value = byId("year").value = "";
    this.#count();
    this.#poster.set(null);
    byId("answer").hidden = true;
    byId("answer").replaceChildren();
    announce("Cleared.");
    byId("plot").focus();
  }

  /** Return the film as it is sent; forms write every line end as two characters, and words are counted so. */
  #film() {
    const plot = byId("plot").value.trim() ? byId("plot").value : "";
    const poster = this.#poster.file;
    const title = byId("title").value.trim();
    const year = byId("year").valueAsNumber;
    return {
      plot: poster ? plot.replace(/\r?\n/g, "\r\n") : plot,
      poster,
      title: title || null,
      year: Number.isNaN(year) ? null : year,
      name: title || this.#exampleTitle(plot, poster),
    };
  }

  /** Return the title of the example that the form still holds; it is shown, and not read. */
  #exampleTitle(plot, poster) {
    return this.#example && this.#example.plot === plot && this.#example.poster === poster ? this.#example.title : null;
  }

  async #predict() {
    this.#request.abort();
    this.#request = new AbortController();
    const { signal } = this.#request;
    const film = this.#film();
    const place = byId("answer");
    showProblem(byId("film-problem"), "");
    if (!film.plot && !film.poster && !film.title) {
      place.hidden = true;
      showProblem(byId("film-problem"), "Enter a plot or choose a poster first.");
      return;
    }
    const card = new AnswerCard(place, film, this.#poster.address);
    card.showWaiting();
    this.#bringIntoView(place);
    announce("Reading the film.");
    try {
      const answer = await predict(film, {}, signal); // the quickest question first
      const shown = card.showAnswer(answer, reasons(film, signal));
      announce(shown);
      await this.#more(film, answer, card, signal);
    } catch (error) {
      if (isAborted(error)) return;
      place.hidden = true;
      announce("");
      showProblem(byId("film-problem"), sentence(error));
    }
  }

  /** Show what takes longer: the answers from one part alone, the shares, and the reasons for the first genre. */
  async #more(film, answer, card, signal) {
    if (!answer.modalities.length) return;
    if (answer.modalities.length > 1) {
      const parts = { plot: { ...film, poster: null }, poster: { ...film, plot: "", title: null, year: null } };
      for (const [name, part] of Object.entries(parts)) {
        card.addAlone(name, await predict(part, {}, signal).catch(textUnlessAborted));
      }
    }
    const explained = await predict(film, { explain: true }, signal).catch(textUnlessAborted);
    card.addExplanation(typeof explained === "string" ? {} : explained);
    await card.explainFirst();
  }

  /** On a narrow screen the answer stands below the form. */
  #bringIntoView(place) {
    const { top, bottom } = place.getBoundingClientRect();
    if (top > innerHeight * 0.6 || top < 0 || bottom < 0) scrollTo(place);
  }
}

/** Return a function that asks once why genres were chosen, all that are shown as chips together. */
function reasons(film, signal) {
  const asked = new Map();
  return (genre, others) => {
    if (!asked.has(genre)) {
      const together = [genre, ...others.filter((other) => other !== genre && !asked.has(other))].slice(0, AT_ONCE);
      const answer = predict(film, { explain: true, attribute: together }, signal);
      for (const name of together) asked.set(name, answer);
      answer.catch(() => together.forEach((name) => asked.delete(name)));
    }
    return asked.get(genre).then((answer) => answer.explanation);
  };
}

function textUnlessAborted(error) {
  if (isAborted(error)) throw error;
  return sentence(error);
}

async function pictureAt(address, title) {
  const response = await fetch(address);
  const picture = await response.blob();
  return new File([picture], title, { type: picture.type });
}
