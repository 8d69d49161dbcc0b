// A bar that shows how many of how many films are done, and about how long the rest takes.

import { announce, grouped } from "./dom.js";

const SPOKEN_SECONDS = 10; // between what screen readers hear of the progress

/** How far something is. */
export class Progress {
  #place;
  #bar;
  #text;
  #total = 0;
  #started = 0;
  #spoken = 0;

  /** @param {HTMLElement} place - holds a bar and a text. */
  constructor(place) {
    this.#place = place;
    this.#bar = place.querySelector("progress");
    this.#text = place.querySelector("p");
    this.#bar.value = 0;
  }

  /** Say what is going on, while nobody knows how long it takes. */
  say(text) {
    this.#place.hidden = false;
    this.#text.textContent = text;
  }

  /** Begin to count. */
  begin(total) {
    this.#total = total;
    this.#started = performance.now();
    this.#bar.max = Math.max(total, 1);
    this.step(0);
  }

  /** Show how many are done. */
  step(done) {
    const seconds = (performance.now() - this.#started) / 1000;
    const left = done ? Math.ceil((seconds / done) * (this.#total - done)) : null;
    const rest = left === null || done === this.#total ? "" : `; about ${duration(left)} left`;
    this.#bar.value = done;
    this.say(`${grouped(done)} of ${grouped(this.#total)} films${rest}`);
    if (seconds - this.#spoken > SPOKEN_SECONDS) {
      this.#spoken = seconds;
      announce(this.#text.textContent);
    }
  }

  hide() {
    this.#place.hidden = true;
  }
}

const duration = (seconds) => (seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`);
