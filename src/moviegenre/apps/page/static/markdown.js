// Markdown as elements: headings, paragraphs, lists, tables, code, emphasis and links, as model cards have them.
// Whatever is not one of these stays text, HTML included.

import { element } from "./dom.js";

const BLOCK = /^(#{1,6} |```|[-*] |\d+\. |\|)/;
let numTables = 0; // each needs a name of its own for screen readers
const INLINE = /(`[^`]+`)|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|!?\[([^\]]*)\]\(([^)\s]*)\)/;

/**
 * Return the elements of a text.
 * @param {string} text
 * @param {{firstHeading?: number}} options - the level that `#` becomes.
 */
export function markdown(text, { firstHeading = 1 } = {}) {
  numTables = 0;
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const blocks = [];
  while (lines.length) {
    if (!lines[0].trim()) lines.shift();
    else blocks.push(block(lines, firstHeading));
  }
  return blocks;
}

function block(lines, firstHeading) {
  const [first] = lines;
  if (first.startsWith("```")) return fence(lines);
  const heading = /^(#{1,6}) (.*)/.exec(first);
  if (heading) {
    lines.shift();
    return element(`h${Math.min(6, heading[1].length + firstHeading - 1)}`, {}, ...inline(heading[2]));
  }
  if (/^[-*] /.test(first)) return list(lines, "ul", /^[-*] /);
  if (/^\d+\. /.test(first)) return list(lines, "ol", /^\d+\. /);
  if (first.startsWith("|")) return table(lines);
  const paragraph = [lines.shift()];
  while (lines.length && lines[0].trim() && !BLOCK.test(lines[0])) paragraph.push(lines.shift());
  return element("p", {}, ...inline(paragraph.join(" ")));
}

function fence(lines) {
  lines.shift();
  const code = [];
  while (lines.length && !lines[0].startsWith("```")) code.push(lines.shift());
  lines.shift();
  return element("pre", { tabIndex: 0 }, element("code", {}, code.join("\n")));
}

function list(lines, tag, mark) {
  const items = [];
  while (lines.length && (mark.test(lines[0]) || (items.length && /^\s+\S/.test(lines[0])))) {
    const line = lines.shift();
    if (mark.test(line)) items.push(line.replace(mark, ""));
    else items.push(`${items.pop()} ${line.trim()}`);
  }
  return element(tag, {}, ...items.map((item) => element("li", {}, ...inline(item))));
}

function table(lines) {
  const rows = [];
  while (lines.length && lines[0].startsWith("|")) {
    rows.push(lines.shift().trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim()));
  }
  const isRule = (row) => row.every((cell) => /^:?-+:?$/.test(cell));
  const cells = (row, tag) => element("tr", {}, ...row.map((cell) => element(tag, {}, ...inline(cell))));
  const hasHead = rows.length > 1 && isRule(rows[1]);
  const body = element("tbody", {}, ...rows.slice(hasHead ? 2 : 0).map((row) => cells(row, "td")));
  const made = element("table", {}, hasHead ? element("thead", {}, cells(rows[0], "th")) : null, body);
  return element("div", { class: "scrolling", tabIndex: 0, attributes: { role: "region", "aria-label": `Table ${(numTables += 1)} of the card` } }, made);
}

function inline(text) {
  const pieces = [];
  let rest = text;
  for (let found = INLINE.exec(rest); found; found = INLINE.exec(rest)) {
    pieces.push(rest.slice(0, found.index), piece(found));
    rest = rest.slice(found.index + found[0].length);
  }
  pieces.push(rest);
  return pieces;
}

function piece([whole, code, strong, emphasised, label, address]) {
  if (code) return element("code", {}, code.slice(1, -1));
  if (strong) return element("strong", {}, ...inline(strong));
  if (emphasised) return element("em", {}, ...inline(emphasised));
  const isSafe = /^https?:\/\//i.test(address) && !whole.startsWith("!");
  return isSafe ? element("a", { href: address, rel: "noopener noreferrer" }, label) : label;
}
