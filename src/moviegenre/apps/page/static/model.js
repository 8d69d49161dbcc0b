// The tab about the model: what it is good at and not, genre by genre, and its card.

import { getJson } from "./api.js";
import { scrolling } from "./catalogue.js";
import { byId, element, grouped, listed, percent } from "./dom.js";
import { markdown } from "./markdown.js";

const NAMED = 3; // best and weakest genres
const SPLITS = { test: "the test films", validation: "the validation films" };

/** Fetch what the service says of its model, and show it. */
export async function showModel() {
  const model = await getJson("model");
  const versions = Object.entries(model.versions).map(([name, number]) => `${name} ${number}`);
  byId("model-content").replaceChildren(
    element(
      "section",
      { class: "card", attributes: { "aria-labelledby": "model-title" } },
      element("h2", { id: "model-title" }, model.name),
      element("p", {}, `It reads ${listed(model.modalities)} and knows ${model.genres.length} genres. It is computed by ${model.backend}.`),
      ...strengths(model),
      scrolling(scoreTable(model), model.genre_scores ? "Scores by genre" : "Thresholds by genre"),
      element("p", { class: "note" }, `Versions: ${versions.join(", ")}.`),
    ),
    element(
      "section",
      { class: "card", attributes: { "aria-labelledby": "card-title" } },
      element("h2", { id: "card-title" }, "Model card"),
      element("div", { class: "model-card" }, ...card(model)),
    ),
  );
}

const plainCell = (text) => element("td", {}, text);

function barCell(value) {
  const bar = element("span", { class: "track", attributes: { "aria-hidden": "true" } }, element("span", { class: "fill", variables: { "--part": value ?? 0 } }));
  return element("td", { class: "score" }, bar, element("span", { class: "value" }, percent(value)));
}

const COLUMNS = [
  { key: "f1", title: "F1", cell: ({ f1 }) => barCell(f1) },
  { key: "precision", title: "Precision", cell: ({ precision }) => plainCell(percent(precision)) },
  { key: "recall", title: "Recall", cell: ({ recall }) => plainCell(percent(recall)) },
  { key: "threshold", title: "Threshold", cell: ({ threshold }) => plainCell(percent(threshold)) },
  { key: "support", title: "Films", cell: ({ support }) => plainCell(typeof support === "number" ? grouped(support) : "-") },
];

function strengths(model) {
  if (!model.genre_scores) return [element("p", { class: "note" }, "This model has no scores by genre. The table shows the threshold of each genre.")];
  const names = ranked(model).filter((name) => typeof scoresOf(model, name).f1 === "number");
  const split = SPLITS[model.genre_scores.split] ?? model.genre_scores.split;
  const sentences =
    names.length > 2 * NAMED
      ? `It is best at ${listed(names.slice(0, NAMED))}, and weakest at ${listed(names.slice(-NAMED))}. `
      : "";
  return [
    element("p", {}, `${sentences}Measured on ${split}, at the thresholds below. F1 combines precision (how many of the films with a predicted genre have it) and recall (how many of the films with a genre are found).`),
  ];
}

const scoresOf = (model, name) => model.genre_scores?.genres[name] ?? {};

/** Return the genres, best first. */
function ranked(model) {
  return [...model.genres].sort((one, other) => (scoresOf(model, other).f1 ?? -1) - (scoresOf(model, one).f1 ?? -1));
}

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

function card(model) {
  if (model.card === null) return [element("p", {}, "This model is a bare checkpoint, which has no card; “moviegenre export” writes one.")];
  const text = model.card.replace(/^---\n[\s\S]*?\n---\n/, ""); // what only the Hub reads
  return markdown(text, { firstHeading: 3 });
}
