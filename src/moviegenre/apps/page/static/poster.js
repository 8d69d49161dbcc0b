// The poster of the form: chosen, dropped, pasted or an example's; shown before it is sent.

import { byId, bytes, onDrop } from "./dom.js";

/** The poster that is chosen, if any. */
export class PosterField {
  #file = null;
  #address = null;
  #limits;
  #onProblem;

  /**
   * @param {Object} limits - of the service.
   * @param {function(string)} onProblem - told why a file is not taken.
   */
  constructor(limits, onProblem) {
    this.#limits = limits;
    this.#onProblem = onProblem;
    const input = byId("poster");
    input.accept = limits.image_types.join(",");
    byId("poster-note").textContent =
      `Or drop it here, or paste it. ${limits.image_kinds}, at most ${bytes(limits.max_body_bytes)}.`;
    input.addEventListener("change", () => {
      if (input.files[0]) this.set(input.files[0]);
    });
    byId("poster-remove").addEventListener("click", () => {
      this.set(null);
      input.focus();
    });
    onDrop(byId("poster-drop"), (file) => this.set(file));
    const image = byId("poster-preview").querySelector("img");
    image.addEventListener("error", () => {
      image.hidden = true; // the model reads kinds that browsers do not show, such as TIFF
    });
    document.addEventListener("paste", (event) => {
      const picture = [...(event.clipboardData?.files ?? [])].find((file) => file.type.startsWith("image/"));
      if (!picture || byId("film").hidden) return;
      event.preventDefault();
      this.set(picture);
    });
  }

  /** The file, or null. */
  get file() {
    return this.#file;
  }

  /** Where the browser finds the picture, or null. */
  get address() {
    return this.#address;
  }

  /** Take a picture, or none. */
  set(file) {
    if (file && file.size > this.#limits.max_body_bytes) {
      this.#onProblem(`The poster has ${bytes(file.size)}; at most ${bytes(this.#limits.max_body_bytes)} are accepted.`);
      return;
    }
    this.#onProblem("");
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.#file = file;
    this.#address = file && URL.createObjectURL(file);
    this.#show();
  }

  #show() {
    const preview = byId("poster-preview");
    const image = preview.querySelector("img");
    preview.hidden = !this.#file;
    byId("poster-remove").hidden = !this.#file;
    if (this.#file) {
      image.hidden = false;
      image.src = this.#address;
      preview.querySelector("figcaption").textContent = this.#file.name;
    } else {
      image.removeAttribute("src");
      byId("poster").value = "";
    }
  }
}
