// The tab about the model: what it is good at and not, by genre and by what is given of a film, and its card.

import { getJson } from "./api.js";
import { scrolling } from "./catalogue.js";
import { byId, element, grouped, listed, percent } from "./dom.js";
import { markdown } from "./markdown.js";

const NAMED = 3; // best and weakest genres
const SPLITS = { test: "the test films", validation: "the validation films" };
const F1 = "F1 combines precision (how many of the films with a predicted genre have it) and recall (how many of the films with a genre are found).";

/** Fetch what the service says of its model, and show it. */
export async function showModel() {
  const model = await getJson("model");
  const versions = Object.entries(model.versions).map(([name, number]) => `${name} ${number}`);
  byId("model-content").replaceChildren(
    section(
      "model-title",
      "Strengths and weaknesses",
      element("p", {}, "The model ", element("strong", { id: "model-name" }, model.name), ` reads ${listed(model.modalities)} and knows ${model.genres.length} genres.`),
      element("ul", { class: "findings" }, ...findings(model).map((text) => element("li", {}, text))),
      element("div", { class: "charts" }, genreChart(model), inputChart(model)),
      element("p", { class: "note" }, F1),
      model.genre_scores ? folded("All numbers by genre", scrolling(scoreTable(model), "Numbers by genre")) : null,
    ),
    ...limits(model),
    section(
      "card-title",
      "Model card",
      element("div", { class: "model-card" }, ...card(model)),
      element("p", { class: "note" }, `Computed by ${model.backend}. Versions: ${versions.join(", ")}.`),
    ),
  );
}

function section(id, title, ...children) {
  return element("section", { class: "card", attributes: { "aria-labelledby": id } }, element("h2", { id }, title), ...children);
}

function folded(title, ...children) {
  return element("details", { class: "folded" }, element("summary", {}, title), ...children);
}

/** Return what the scores say, as sentences. */
export function findings(model) {
  const found = [];
  const names = ranked(model).filter((name) => typeof scoresOf(model, name).f1 === "number");
  const named = (list) => listed(list.map((name) => `${name} (${percent(scoresOf(model, name).f1)})`));
  if (names.length > 2 * NAMED) {
    found.push(`Best genres: ${named(names.slice(0, NAMED))}.`, `Weakest genres: ${named(names.slice(-NAMED).reverse())}.`);
  }
  const inputs = inputsOf(model);
  if (inputs.length > 1) {
    const [[best, most], [worst, least]] = [inputs[0], inputs.at(-1)];
    found.push(`Best when given ${best} (F1 ${percent(most)}), weakest when given ${worst} only (${percent(least)}).`);
  }
  const { f1_macro: macro } = model.metrics;
  if (!found.length && typeof macro === "number") found.push(`Over all genres: F1 ${percent(macro)} on the validation films.`);
  return found;
}

/** Return what may be given of a film with its score, best first. */
function inputsOf(model) {
  return Object.entries(model.input_scores ?? {})
    .map(([name, scores]) => [name, scores.f1_macro])
    .filter(([, value]) => typeof value === "number")
    .sort(([, one], [, other]) => other - one);
}

const scoresOf = (model, name) => model.genre_scores?.genres[name] ?? {};

/** Return the genres, best first. */
function ranked(model) {
  return [...model.genres].sort((one, other) => (scoresOf(model, other).f1 ?? -1) - (scoresOf(model, one).f1 ?? -1));
}

function genreChart(model) {
  if (!model.genre_scores) {
    const thresholds = Object.entries(model.thresholds).sort(([, one], [, other]) => one - other);
    return chart("Thresholds by genre", "This model has no scores by genre. A genre is chosen at or above this probability.", thresholds);
  }
  const rows = ranked(model).map((name) => [name, scoresOf(model, name).f1]);
  const split = SPLITS[model.genre_scores.split] ?? model.genre_scores.split;
  return chart("By genre", `F1 on ${split}.`, rows);
}

function inputChart(model) {
  const rows = inputsOf(model);
  return rows.length ? chart("By input", "F1, the mean over all genres, on the test films.", rows) : null;
}

function chart(title, note, rows) {
  const bars = rows.map(([name, value]) =>
    element("li", { class: "chart-row" }, element("span", { class: "bar-name" }, name), track(value), element("span", { class: "value" }, percent(value))),
  );
  return element("div", {}, element("h3", {}, title), element("p", { class: "note" }, note), element("ol", { class: "bars chart" }, ...bars));
}

function track(value) {
  return element("span", { class: "track", attributes: { "aria-hidden": "true" } }, element("span", { class: "fill", variables: { "--part": value ?? 0 } }));
}

const plainCell = (text) => element("td", {}, text);

const COLUMNS = [
  { key: "f1", title: "F1", cell: ({ f1 }) => plainCell(percent(f1)) },
  { key: "precision", title: "Precision", cell: ({ precision }) => plainCell(percent(precision)) },
  { key: "recall", title: "Recall", cell: ({ recall }) => plainCell(percent(recall)) },
  { key: "threshold", title: "Threshold", cell: ({ threshold }) => plainCell(percent(threshold)) },
  { key: "support", title: "Films", cell: ({ support }) => plainCell(typeof support === "number" ? grouped(support) : "-") },
];

/** Return a row a genre; a column of which no genre has a value is left out. */
function scoreTable(model) {
  const isKnown = (column) => column.key === "threshold" || model.genres.some((name) => typeof scoresOf(model, name)[column.key] === "number");
  const columns = COLUMNS.filter(isKnown);
  const head = ["Genre", ...columns.map((column) => column.title)].map((title) => element("th", { attributes: { scope: "col" } }, title));
  const rows = ranked(model).map((name) => {
    const values = { ...scoresOf(model, name), threshold: model.thresholds[name] };
    return element("tr", {}, element("th", { attributes: { scope: "row" } }, name), ...columns.map((column) => column.cell(values)));
  });
  return element("table", { class: "scores" }, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
}

/** Return the card's own section on limits, where it has one. */
function limits(model) {
  const found = /^## Limits\s*\n([\s\S]*?)(?=^#{1,2} |(?![\s\S]))/m.exec(model.card ?? "");
  if (!found) return [];
  return [section("limits-title", "Keep in mind", element("div", { class: "limits" }, ...markdown(found[1], { firstHeading: 3 })))];
}

function card(model) {
  if (model.card === null) return [element("p", {}, "This model is a bare checkpoint, which has no card; “moviegenre export” writes one.")];
  const text = model.card.replace(/^---\n[\s\S]*?\n---\n/, ""); // what only the Hub reads
  return markdown(text, { firstHeading: 3 });
}
