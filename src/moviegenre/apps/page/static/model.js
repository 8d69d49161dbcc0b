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
      scrolling(scoreTable(model), "Scores by genre"),
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

function strengths(model) {
  if (!model.genre_scores) return [element("p", { class: "note" }, "Nobody has measured this model genre by genre.")];
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

function scoreTable(model) {
  const titles = ["Genre", "F1", "Precision", "Recall", "Threshold", "Films"];
  const head = titles.map((title) => element("th", { attributes: { scope: "col" } }, title));
  const rows = ranked(model).map((name) => {
    const scores = scoresOf(model, name);
    const bar = element("span", { class: "track", attributes: { "aria-hidden": "true" } }, element("span", { class: "fill", variables: { "--part": scores.f1 ?? 0 } }));
    const f1 = element("td", { class: "score" }, bar, element("span", { class: "value" }, percent(scores.f1)));
    const cells = [percent(scores.precision), percent(scores.recall), percent(model.thresholds[name])];
    const films = typeof scores.support === "number" ? grouped(scores.support) : "-";
    return element("tr", {}, element("th", { attributes: { scope: "row" } }, name), f1, ...[...cells, films].map((cell) => element("td", {}, cell)));
  });
  return element("table", { class: "scores" }, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
}

function card(model) {
  if (model.card === null) return [element("p", {}, "This model is a bare checkpoint, which has no card; “moviegenre export” writes one.")];
  const text = model.card.replace(/^---\n[\s\S]*?\n---\n/, ""); // what only the Hub reads
  return markdown(text, { firstHeading: 3 });
}
