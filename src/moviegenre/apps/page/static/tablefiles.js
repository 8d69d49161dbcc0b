// Tables as files: what is made ready before it goes up, and the form in which it comes back.

import { ServiceError } from "./api.js";
import { readSheet, sheetFile } from "./spreadsheet.js";

/** What this page turns into lines by itself, so that the service need not unpack it. */
export const OWN_SUFFIXES = [".xlsx", ".json"];

/** Return how a file's name ends, in small letters. */
export const suffixOf = (name) => /\.[^.]*$/.exec(name)?.[0].toLowerCase() ?? "";

const stem = (name) => name.replace(/\.[^.]*$/, "");

const PACKED = /\.(?:gz|zip)$/i;

/**
 * Return a table as the service takes it, and a note on what of it is not read.
 * @param {File} file
 * @param {Object} limits - of the service.
 * @returns {Promise<{table: File, note: string}>}
 */
export async function uploadable(file, limits) {
  const suffix = suffixOf(file.name);
  if (limits.table_suffixes.includes(suffix) || !OWN_SUFFIXES.includes(suffix)) return { table: file, note: "" };
  if (suffix === ".xlsx") {
    const { rows, note } = await readSheet(file);
    return { table: new File([csvText(rows)], `${stem(file.name)}.csv`, { type: "text/csv" }), note };
  }
  return { table: new File([await jsonLinesOf(file)], `${stem(file.name)}.jsonl`), note: "" };
}

async function jsonLinesOf(file) {
  let films;
  try {
    films = JSON.parse(await file.text());
  } catch {
    throw new ServiceError(`${file.name} is not JSON. Expected a list of films, or save it as .jsonl with one film a line.`);
  }
  if (!Array.isArray(films)) films = Object.values(films ?? {}).find(Array.isArray);
  if (!films?.length) throw new ServiceError(`${file.name} holds no list of films. Expected [{"plot": "..."}, ...].`);
  return films.map((film) => `${JSON.stringify(film)}\n`).join("");
}

/** Return rows of cells as CSV. */
export function csvText(rows, separator = ",") {
  const isPlain = (value) => !/["\r\n]/.test(value) && !value.includes(separator);
  const cell = (value) => (isPlain(value) ? value : `"${value.replaceAll('"', '""')}"`);
  return rows.map((row) => `${row.map((value) => cell(String(value))).join(separator)}\n`).join("");
}

/** Return the cells of a line of CSV as the service writes it. */
export function parsedLine(line) {
  const cells = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n?$)/y;
  for (let found = cell.exec(line); found; found = cell.exec(line)) {
    cells.push(found[1] === undefined ? found[2] : found[1].replaceAll('""', '"'));
    if (found[3] !== ",") break;
  }
  return cells;
}

/** Return how a table of some name is written: a label, and a function that makes the file. */
export function written(given) {
  const name = given.replace(PACKED, "");
  const file = (ending, label, content) => ({
    label,
    make: (header, rows, isNumber) => ({ name: `${stem(name)}-genres${ending}`, blob: content(header, rows, isNumber) }),
  });
  const lines = (...parts) => records(...parts).map((record) => JSON.stringify(record));
  switch (suffixOf(name)) {
    case ".tsv":
    case ".tab":
      return file(suffixOf(name), "TSV", (header, rows) => new Blob([csvText([header, ...rows], "\t")]));
    case ".xlsx":
      return file(".xlsx", "Excel file", (header, rows, isNumber) => sheetFile([header, ...rows], isNumber));
    case ".json":
      return file(".json", "JSON", (...parts) => new Blob([`[\n${lines(...parts).join(",\n")}\n]\n`], { type: "application/json" }));
    case ".jsonl":
    case ".ndjson":
      return file(suffixOf(name), "JSON Lines", (...parts) => new Blob(lines(...parts).map((line) => `${line}\n`)));
    default:
      return file(".csv", "CSV", (header, rows) => new Blob([csvText([header, ...rows])], { type: "text/csv" }));
  }
}

/** Return rows as objects, as the command writes JSON Lines. */
function records(header, rows, isNumber) {
  const value = (cell, column) => {
    if (header[column] === "genres") return cell ? cell.split("|") : [];
    if (cell === "") return null;
    return isNumber(column) ? Number(cell) : cell;
  };
  return rows.map((cells) => Object.fromEntries(cells.map((cell, column) => [header[column], value(cell, column)])));
}
