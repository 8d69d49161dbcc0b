// Elements and texts. Data become text here and nowhere else: nothing is ever parsed as HTML.

/**
 * Make an element.
 * @param {string} tag
 * @param {Object} properties - set as properties; `class`, `data`, `attributes` and `variables` (of CSS) apart.
 * @param {...(Node|string|null)} children - texts stay texts; null is left out.
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  const { class: classes, data = {}, attributes = {}, variables = {}, ...rest } = properties;
  if (classes) made.className = classes;
  Object.assign(made.dataset, data);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  for (const [name, value] of Object.entries(variables)) made.style.setProperty(name, value);
  Object.assign(made, rest);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Replace what a place holds; null is left out. */
export function fill(place, ...children) {
  place.replaceChildren(...children.filter((child) => child !== null));
}

/** Return an element of the page by its id. */
export const byId = (id) => document.getElementById(id);

/** Return a fraction as people read it. */
export function percent(value) {
  if (typeof value !== "number") return "-";
  const rounded = value > 0 && value < 0.01 ? "under 1" : Math.round(100 * value);
  return `${rounded}\u00a0%`; // which never stands alone on a line
}

/** Return a number with its thousands apart. */
export const grouped = (number) => number.toLocaleString("en-US");

/** Return a number of bytes as people read it. */
export function bytes(number) {
  return number < 1e6 ? `${Math.max(1, Math.round(number / 1e3))} kB` : `${Math.floor(number / 1e5) / 10} MB`;
}

/** Return names as a list in a sentence. */
export function listed(names, last = "and") {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} ${last} ${names.at(-1)}`;
}

const FILE_NAME = /^\S*[./\\]\S/; // a first word with a dot or a slash inside

/**
 * Return a text as a sentence: with a capital letter, unless it begins with the name of a file, and a full stop.
 * @param {string} text
 * @param {string} fileName - of an upload, where the text may begin with it.
 */
export function asSentence(text, fileName = "") {
  const isName = FILE_NAME.test(text) || (fileName && text.startsWith(fileName));
  const begun = isName ? text : text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** Have screen readers say a sentence. */
export function announce(sentence) {
  byId("status").textContent = sentence;
}

/** Show what went wrong; nothing takes it away. */
export function showProblem(place, sentence) {
  place.textContent = sentence;
}

/** Scroll to an element, at once where motion is not wanted. */
export function scrollTo(target) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  target.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
}

/** Let an element take files that are dropped on it. */
export function onDrop(place, take) {
  const mark = (is) => place.classList.toggle("over", is);
  place.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  place.addEventListener("dragleave", () => mark(false));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    const [file] = event.dataTransfer.files;
    if (file) take(file);
  });
}
