// Taking an answer along: as a line of text, and as a picture to send to friends.

import { announce, element, percent } from "./dom.js";

const WIDTH = 1000;
const EDGE = 48;
const POSTER = { width: 280, height: 420 };
const LINE = 62; // between two genres
const MOST_DRAWN = 6;
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

/**
 * Return buttons that copy an answer and save it as a picture.
 * @param {{name: string|null, poster: File|null}} film
 * @param {Object} answer - of the service.
 * @param {string} inWords - the answer in one line.
 */
export function shareButtons(film, answer, inWords) {
  const text = `${film.name ?? "This film"}: ${inWords}`;
  const copy = navigator.clipboard ? element("button", { type: "button", class: "small" }, "Copy") : null;
  copy?.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text).then(
      () => confirm(copy, "Copied"),
      () => confirm(copy, "Not allowed here"),
    );
  });
  const save = element("button", { type: "button", class: "small" }, "Save as picture");
  save.addEventListener("click", async () => {
    saveAs(await drawn(film, answer), `${fileName(film.name)}.png`);
    confirm(save, "Saved");
  });
  return element("div", { class: "share-buttons" }, copy, save);
}

function confirm(button, text) {
  const before = button.textContent;
  button.textContent = text;
  announce(`${text}.`);
  setTimeout(() => {
    button.textContent = before;
  }, 1500);
}

/** Return a film's name as the name of a file. */
export function fileName(name) {
  const plain = (name ?? "").toLowerCase().normalize("NFKD").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "");
  return plain.slice(0, 60) || "film-genres";
}

/** Have the browser save what was made here. */
export function saveAs(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = element("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Return an answer as a picture: the poster, the name, and a bar for each of the first genres. */
async function drawn(film, answer) {
  const style = getComputedStyle(document.documentElement);
  const poster = film.poster ? await createImageBitmap(film.poster).catch(() => null) : null;
  const left = poster ? 2 * EDGE + POSTER.width : EDGE;
  const genres = Object.entries(answer.probabilities).slice(0, MOST_DRAWN);
  const canvas = element("canvas", { width: WIDTH, height: POSTER.height + 2 * EDGE });
  const draw = canvas.getContext("2d");
  const probe = element("span", { hidden: true });
  document.body.append(probe);
  const colour = (name) => {
    probe.style.setProperty("color", style.getPropertyValue(name));
    return getComputedStyle(probe).color;
  };
  const [page, text, muted, accent, sunken] = ["--surface", "--text", "--muted", "--accent", "--sunken"].map(colour);
  probe.remove();
  draw.fillStyle = page;
  draw.fillRect(0, 0, canvas.width, canvas.height);
  if (poster) drawCover(draw, poster);
  draw.fillStyle = text;
  draw.font = `700 40px ${FONT}`;
  draw.fillText(film.name ?? "Film genres", left, EDGE + 36, WIDTH - left - EDGE);
  genres.forEach(([genre, value], place) => {
    const isChosen = answer.genres.includes(genre);
    const top = EDGE + 70 + place * LINE;
    draw.font = `${isChosen ? 700 : 400} 24px ${FONT}`;
    draw.fillStyle = isChosen ? text : muted;
    draw.fillText(genre, left, top + 24, WIDTH - left - EDGE - 130);
    draw.textAlign = "right";
    draw.fillText(percent(value), WIDTH - EDGE, top + 24);
    draw.textAlign = "left";
    bar(draw, sunken, left, top + 34, WIDTH - left - EDGE);
    bar(draw, isChosen ? accent : muted, left, top + 34, Math.max(8, (WIDTH - left - EDGE) * value));
  });
  return new Promise((resolve) => {
    canvas.toBlob(resolve, "image/png");
  });
}

function bar(draw, colour, left, top, width) {
  draw.fillStyle = colour;
  draw.beginPath();
  draw.roundRect(left, top, width, 12, 6);
  draw.fill();
}

/** Draw a poster so that it covers its place, as `object-fit: cover` does. */
function drawCover(draw, poster) {
  const scale = Math.max(POSTER.width / poster.width, POSTER.height / poster.height);
  const [width, height] = [POSTER.width / scale, POSTER.height / scale];
  draw.drawImage(poster, (poster.width - width) / 2, (poster.height - height) / 2, width, height, EDGE, EDGE, POSTER.width, POSTER.height);
}
