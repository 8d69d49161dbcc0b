// What happens when the page is opened: the theme, the tabs, and what each of them needs.

import { getJson, sentence } from "./api.js";
import { CataloguePanel } from "./catalogue.js";
import { byId, showProblem } from "./dom.js";
import { FilmPanel } from "./film.js";
import { LibraryPanel } from "./library.js";
import { showModel } from "./model.js";

const TABS = ["film", "catalogue", "library", "model"];
let isModelShown = false;
let library = null;

/** The tabs that are there: the library's only where one is served. */
const shownTabs = () => TABS.filter((name) => !byId(`${name}-tab`).hidden);

/** Follow the system's theme, or `?theme=dark` and `?theme=light`. */
function chooseTheme() {
  const query = new URLSearchParams(location.search);
  const theme = query.get("theme") ?? query.get("__theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
}

function select(name, { focus = false } = {}) {
  for (const other of TABS) {
    const tab = byId(`${other}-tab`);
    const isChosen = other === name;
    tab.setAttribute("aria-selected", String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    byId(other).hidden = !isChosen;
    if (isChosen && focus) tab.focus();
  }
  if (name === "library") library?.open();
  if (name === "model" && !isModelShown) {
    isModelShown = true;
    showModel().catch((error) => {
      isModelShown = false;
      showProblem(byId("model-problem"), sentence(error));
    });
  }
}

const isTab = (name) => shownTabs().includes(name);

function addTabs() {
  const fromAddress = () => (isTab(location.hash.slice(1)) ? location.hash.slice(1) : TABS[0]);
  for (const name of TABS) {
    const tab = byId(`${name}-tab`);
    tab.addEventListener("click", () => {
      history.replaceState(null, "", `#${name}`);
      select(name);
    });
    tab.addEventListener("keydown", (event) => {
      const tabs = shownTabs();
      const place = tabs.indexOf(name);
      const steps = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: tabs.length - 1 };
      if (!(event.key in steps)) return;
      event.preventDefault();
      select(tabs[(steps[event.key] + tabs.length) % tabs.length], { focus: true });
    });
  }
  addEventListener("hashchange", () => {
    if (isTab(location.hash.slice(1))) select(fromAddress());
  });
  select(fromAddress());
}

function addLibrary() {
  byId("library-tab").hidden = false;
  library = new LibraryPanel();
  if (location.hash === "#library") select("library");
}

async function start() {
  chooseTheme();
  addTabs();
  // A file that misses its place would replace the page.
  for (const type of ["dragover", "drop"]) addEventListener(type, (event) => event.preventDefault());
  try {
    const [limits, examples] = await Promise.all([getJson("static/limits.json"), getJson("examples")]);
    new FilmPanel(limits).addExamples(examples);
    new CataloguePanel(limits).addExamples(examples);
    if (limits.library) addLibrary();
    document.documentElement.dataset.ready = "true";
  } catch (error) {
    for (const place of ["film-problem", "table-problem"]) showProblem(byId(place), sentence(error));
  }
}

start();
