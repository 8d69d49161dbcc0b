// Excel files, read and written here in the browser: the first sheet as rows of texts, and a note on the others.

import { ServiceError } from "./api.js";

const MOST_BYTES = 100e6; // that one part of a file may unpack to
const MOST_COLUMNS = 1000;
const MOST_NAME = 31; // characters of a sheet's name, as Excel has it
const MOST_SHEETS = 250;
const MOST_HEAD = 1e5; // characters of a sheet in which its first cell is looked for
const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const DEFLATED = 8;
const NAMES = "http://schemas.openxmlformats.org"; // of XML, never asked for

/**
 * Return the rows of the first sheet, and a note if others have cells too; raise what to do where it cannot be read.
 * @returns {Promise<{rows: string[][], note: string}>}
 */
export async function readSheet(file) {
  try {
    const parts = entries(new DataView(await file.arrayBuffer()));
    const text = async (name) => (parts.has(name) ? new TextDecoder().decode(await unpacked(parts.get(name))) : "");
    const shared = [...elements(await text("xl/sharedStrings.xml"), "si")].map(([, item]) => textIn(item));
    const [first, ...others] = await sheets(text, parts);
    const rows = sheetRows(await text(first.part), shared);
    if (rows.length) return { rows, note: await noteOn(first, others, parts) };
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw new ServiceError(`${file.name} cannot be read as an Excel file. Save it again as .xlsx, or as .csv.`);
  }
  throw new ServiceError(`The first sheet of ${file.name} is empty. Expected a row of column names, then one film per row.`);
}

/** Return where each part of a ZIP file stands. */
function entries(view) {
  let end = view.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end -= 1;
  const found = new Map();
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left && view.getUint32(at, true) === ENTRY; left -= 1) {
    const length = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, at + 46, length));
    const local = view.getUint32(at + 42, true);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const packed = new Uint8Array(view.buffer, start, view.getUint32(at + 20, true));
    found.set(name, { packed, isDeflated: view.getUint16(at + 10, true) === DEFLATED });
    at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return found;
}

/** Yield the content of a part piece by piece. */
async function* pieces({ packed, isDeflated }) {
  if (!isDeflated) return yield packed;
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  try {
    for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) yield value;
  } finally {
    await reader.cancel();
  }
}

async function unpacked(part) {
  const found = [];
  let size = 0;
  for await (const piece of pieces(part)) {
    size += piece.length;
    if (size > MOST_BYTES) throw new ServiceError("The Excel file unpacks to more than 100 MB. Save its films as .csv in parts.");
    found.push(piece);
  }
  return new Uint8Array(await new Blob(found).arrayBuffer());
}

/** Return the name and the part of each sheet; without a list of sheets, only those of the usual first one. */
async function sheets(text, parts) {
  const attributes = async (part, name) => [...elements(await text(part), name)].map(([found]) => found);
  const links = await attributes("xl/_rels/workbook.xml.rels", "Relationship");
  const targets = new Map(links.map((link) => [/\bId="([^"]+)"/.exec(link)?.[1], /\bTarget="\/?(?:xl\/)?([^"]+)"/.exec(link)?.[1]]));
  const found = (await attributes("xl/workbook.xml", "sheet")).slice(0, MOST_SHEETS).map((sheet) => ({
    name: plain(/\bname="([^"]*)"/.exec(sheet)?.[1] ?? "").slice(0, MOST_NAME),
    part: `xl/${targets.get(/\br:id="([^"]+)"/.exec(sheet)?.[1])}`,
  }));
  const known = found.filter(({ part }) => parts.has(part) && !part.includes("chartsheets/"));
  return known.length ? known : [{ name: "", part: "xl/worksheets/sheet1.xml" }];
}

/** Return a note that names the sheet that is read, if others have cells too. */
async function noteOn(first, others, parts) {
  let number = 0;
  for (const { part } of others) number += (await hasCells(parts.get(part))) ? 1 : 0;
  if (!number) return "";
  const unread = number === 1 ? "1 other sheet is not" : `${number} other sheets are not`;
  return `Sheet “${first.name}” is read; ${unread}. Move the sheet with your films to the front to read it.`;
}

/** Return whether a sheet has a cell; a sheet whose beginning does not show it counts as one that has. */
async function hasCells(part) {
  const decoder = new TextDecoder();
  let head = "";
  for await (const piece of pieces(part)) {
    head += decoder.decode(piece, { stream: true });
    if (/<c[\s>]/.test(head) || head.length > MOST_HEAD) return true;
  }
  return false;
}

/** Yield attributes, content, start and end of each element of a name, in one pass whatever the text is. */
function* elements(xml, name) {
  const end = `</${name}>`;
  for (let at = xml.indexOf(`<${name}`); at >= 0; at = xml.indexOf(`<${name}`, at)) {
    const head = at + name.length + 1;
    at = head;
    if (!/[\s/>]/.test(xml[head] ?? "")) continue; // a longer name
    const close = xml.indexOf(">", head);
    if (close < 0) return;
    const isEmpty = xml[close - 1] === "/";
    const stop = isEmpty ? close : xml.indexOf(end, close);
    if (stop < 0) return;
    at = stop + (isEmpty ? 1 : end.length);
    yield [xml.slice(head, close), isEmpty ? "" : xml.slice(close + 1, stop), head - name.length - 1, at];
  }
}

function sheetRows(xml, shared) {
  const rows = [...elements(xml, "row")].map(([, content]) => {
    const cells = [];
    for (const [attributes, inner] of elements(content, "c")) {
      const letters = /\br="([A-Z]+)/.exec(attributes)?.[1];
      const column = letters ? [...letters].reduce((sum, letter) => 26 * sum + letter.charCodeAt(0) - 64, 0) - 1 : cells.length;
      if (column < MOST_COLUMNS) cells[column] = cellText(attributes, inner, shared);
    }
    return Array.from(cells, (cell) => cell ?? "");
  });
  const filled = rows.filter((row) => row.some((cell) => cell.trim()));
  const width = filled[0]?.length ?? 0;
  return filled.map((row) => Array.from({ length: width }, (_, place) => row[place] ?? ""));
}

function cellText(attributes, inner, shared) {
  const kind = /\bt="(\w+)"/.exec(attributes)?.[1];
  if (kind === "inlineStr") return textIn(inner);
  const [[, text] = ["", ""]] = elements(inner, "v");
  const value = plain(text);
  return kind === "s" ? (shared[Number(value)] ?? "") : value;
}

/** Return the text of a string, without how it is read aloud. */
function textIn(xml) {
  let written = "";
  let at = 0;
  for (const [, , start, stop] of elements(xml, "rPh")) {
    written += xml.slice(at, start);
    at = stop;
  }
  return [...elements(written + xml.slice(at), "t")].map(([, piece]) => plain(piece)).join("");
}

const ENTITIES = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

const plain = (text) =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) =>
    name ? (ENTITIES[name] ?? whole) : String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal)),
  );

/** Return rows of texts as an Excel file of one sheet. */
export function sheetFile(rows, isNumber) {
  const cell = (value, column, row) =>
    row && value !== "" && isNumber(column) ? `<c><v>${Number(value)}</v></c>` : `<c t="inlineStr"><is><t xml:space="preserve">${escaped(String(value))}</t></is></c>`;
  const data = rows.map((cells, row) => `<row>${cells.map((value, column) => cell(value, column, row)).join("")}</row>`).join("");
  const links = (content) => `<Relationships xmlns="${NAMES}/package/2006/relationships">${content}</Relationships>`;
  const link = (kind, target) => `<Relationship Id="r1" Type="${NAMES}/officeDocument/2006/relationships/${kind}" Target="${target}"/>`;
  const main = `xmlns="${NAMES}/spreadsheetml/2006/main"`;
  const type = "application/vnd.openxmlformats-officedocument.spreadsheetml";
  const parts = {
    "[Content_Types].xml":
      `<Types xmlns="${NAMES}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
      `<Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${type}.worksheet+xml"/></Types>`,
    "_rels/.rels": links(link("officeDocument", "xl/workbook.xml")),
    "xl/workbook.xml": `<workbook ${main} xmlns:r="${NAMES}/officeDocument/2006/relationships"><sheets><sheet name="Genres" sheetId="1" r:id="r1"/></sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": links(link("worksheet", "worksheets/sheet1.xml")),
    "xl/worksheets/sheet1.xml": `<worksheet ${main}><sheetData>${data}</sheetData></worksheet>`,
  };
  const files = Object.entries(parts).map(([name, xml]) => [name, `<?xml version="1.0" encoding="UTF-8"?>\n${xml}`]);
  return new Blob(zipped(files), { type: `${type}.sheet` });
}

// What XML has no place for is left out.
const escaped = (text) => text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "").replace(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** Return the pieces of a ZIP file whose parts are stored as they are. */
function zipped(files) {
  const pieces = [];
  const directory = [];
  let at = 0;
  for (const [name, text] of files) {
    const [title, content] = [new TextEncoder().encode(name), new TextEncoder().encode(text)];
    const common = [20, 0, 0, 0x21_0000, checksum(content), content.length, content.length, title.length, 0];
    const local = packed([LOCAL, ...common], "4222444422");
    directory.push(packed([ENTRY, 20, ...common, 0, 0, 0, 0, at], "4222244442222244"), title);
    pieces.push(local, title, content);
    at += local.length + title.length + content.length;
  }
  const size = directory.reduce((sum, piece) => sum + piece.length, 0);
  return [...pieces, ...directory, packed([END, 0, 0, files.length, files.length, size, at, 0], "42222442")];
}

/** Return numbers as bytes, the lowest first, each as long as its digit says. */
function packed(numbers, lengths) {
  const bytes = numbers.flatMap((number, place) => Array.from({ length: Number(lengths[place]) }, (_, byte) => Math.floor(number / 256 ** byte) % 256));
  return new Uint8Array(bytes);
}

/** Return the CRC-32 of bytes. */
function checksum(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}
