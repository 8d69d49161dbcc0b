// The way to the service: its addresses, the API key, and errors in plain words.

import { asSentence, byId } from "./dom.js";

const KEY = "moviegenre-api-key";
const UNAUTHORISED = 401;
const BUSY = 503;
const LONGEST_SENTENCE = 600;

/** An answer that is an error, with a sentence to show. */
export class ServiceError extends Error {
  constructor(message, status = 0, retryAfter = 0) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may be answered later. */
  get isBusy() {
    return this.status === BUSY;
  }
}

/** Return JSON from an address. */
export async function getJson(address) {
  return (await request(address)).json();
}

/**
 * Predict the genres of a film.
 * @param {{plot: string, poster: File|null, title: string|null, year: number|null}} film
 * @param {{explain?: boolean, attribute?: string[]}} options
 * @param {AbortSignal} signal
 */
export async function predict(film, { explain = false, attribute = [] }, signal) {
  let answer;
  if (film.poster) {
    const form = new FormData();
    if (film.plot) form.append("plot", film.plot);
    if (film.title) form.append("title", film.title);
    if (film.year !== null) form.append("year", String(film.year));
    form.append("poster", film.poster, "poster");
    form.append("explain", String(explain));
    for (const genre of attribute) form.append("attribute", genre);
    answer = await request("predict", { method: "POST", body: form, signal });
  } else {
    const { plot, title, year } = film;
    const body = JSON.stringify({ plot, title, year, explain, attribute });
    const headers = { "Content-Type": "application/json" };
    answer = await request("predict", { method: "POST", body, headers, signal });
  }
  return answer.json();
}

/**
 * Send a table.
 * @param {File} file
 * @param {{preview?: boolean, idColumn?: string, plotColumns?: string[], posterColumn?: string, withText?: boolean}} options
 * @param {AbortSignal} signal
 */
export function sendTable(file, { preview = false, idColumn = "", plotColumns = [], posterColumn = "", withText = false }, signal) {
  const form = new FormData();
  if (idColumn) form.append("id_column", idColumn);
  for (const column of plotColumns) form.append("plot_columns", column);
  if (posterColumn) form.append("poster_column", posterColumn);
  form.append("preview", String(preview));
  if (withText) form.append("with_text", "true");
  form.append("file", file, file.name);
  return request("predict/table", { method: "POST", body: form, signal });
}

/**
 * Have the library previewed, written or restored; the answer comes as lines.
 * @param {"preview"|"write"|"undo"} what
 * @param {Object} body
 * @param {AbortSignal} signal
 */
export function askLibrary(what, body, signal) {
  const headers = { "Content-Type": "application/json" };
  return request(`library/${what}`, { method: "POST", body: JSON.stringify(body), headers, signal });
}

/** Yield the JSON objects of an answer of many lines. */
export async function* jsonLines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) yield JSON.parse(line);
    }
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError("The connection broke before the last row.");
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Return why something failed, as a sentence. */
export function sentence(error) {
  if (error instanceof ServiceError) return error.message;
  console.error(error);
  return "Something went wrong on this page. Reload it and try again.";
}

/** Return whether somebody no longer wants an answer. */
export const isAborted = (error) => error.name === "AbortError";

async function request(address, options = {}) {
  for (;;) {
    const response = await send(address, options);
    if (response.ok) return response;
    const error = await refusal(response, uploadName(options.body));
    if (response.status !== UNAUTHORISED) throw error;
    await askForKey(sessionStorage.getItem(KEY) ? error.message : "", error);
  }
}

async function send(address, options) {
  const key = sessionStorage.getItem(KEY);
  const headers = { ...options.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  try {
    return await fetch(address, { ...options, headers });
  } catch (error) {
    if (isAborted(error)) throw error;
    throw new ServiceError("The service does not answer. Is it running, and is the upload within its limits?");
  }
}

/** Return the name of the file in a form; errors may begin with it. */
function uploadName(body) {
  return body instanceof FormData ? (body.get("file")?.name ?? "") : "";
}

async function refusal(response, fileName) {
  const { status } = response;
  const wait = Number(response.headers.get("Retry-After")) || 0;
  let told = `The service answered with the status ${status} and no reason.`;
  try {
    const { error } = await response.json();
    if (typeof error === "string" && error) told = asSentence(error.slice(0, LONGEST_SENTENCE), fileName);
  } catch {
    // A proxy's page, perhaps: it is nothing to show.
  }
  return new ServiceError(told, status, wait);
}

let waiting = null; // several requests may be refused at once; one dialog serves all

/** Have somebody enter a key; where none is entered, the request stays refused. */
function askForKey(reason, error) {
  waiting ??= new Promise((resolve, reject) => {
    const dialog = byId("key-dialog");
    const stop = new AbortController();
    const on = (target, type, act) => target.addEventListener(type, act, { signal: stop.signal });
    if (reason) byId("key-reason").textContent = reason;
    on(byId("key-form"), "submit", (event) => {
      event.preventDefault();
      const key = byId("key").value.trim();
      if (!/^[\x21-\x7e]+$/.test(key)) {
        byId("key-reason").textContent = "A key has letters, digits and signs, but no spaces.";
        return;
      }
      sessionStorage.setItem(KEY, key);
      byId("key").value = "";
      dialog.close("used");
    });
    on(byId("key-cancel"), "click", () => dialog.close());
    on(dialog, "close", () => {
      stop.abort();
      waiting = null;
      if (dialog.returnValue === "used") resolve();
      else reject(error);
      dialog.returnValue = "";
    });
    dialog.showModal();
    byId("key").focus();
  });
  return waiting;
}
