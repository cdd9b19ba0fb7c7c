// A photo that was read: the picture with outlines, and a card for each face from left to right.

import { el } from "./dom.js";
import { faceCard, outlines, placeNames } from "./file-cards.js";

/** `render()` gives its element, `take(answer)` fills it; `marked()` makes a copy for browsers that cannot show the file. */
export class PhotoView {
  #app;
  #answer = null;
  #isMarked = false;

  constructor(app, file, { marked }) {
    this.#app = app;
    Object.assign(this, { file, marked });
    this.length_s = 0;
    this.url = URL.createObjectURL(file);
    this.picture = el("img", { src: this.url, alt: "" });
    this.picture.addEventListener("error", () => this.#showMarked(), { once: true });
    this.element = el("div", { class: "file-photo" });
  }

  take(answer) {
    this.#answer = answer;
    this.render();
  }

  finish() {}

  leave() {
    URL.revokeObjectURL(this.url);
  }

  render() {
    const { t } = this.#app;
    if (!this.#answer) return this.element;
    const { width, height, faces } = this.#answer.reading;
    this.picture.alt = t("files.picture_of", { name: this.file.name });
    this.layer = outlines(width, height);
    const stage = el("div", { class: "file-stage" }, this.picture, this.layer.element);
    stage.style.setProperty("--ratio", width / height);
    stage.style.setProperty("--natural", `${width}px`);
    const numbers = faces.length > 1 ? faces.map((_, at) => at + 1) : [];
    const draw = (pointed = -1) => this.layer.draw(this.#answer, numbers, pointed);
    draw();
    this.shown = el("div", { class: "file-picture" }, stage);
    this.element.replaceChildren(this.shown, this.#side(numbers, draw));
    if (this.#isMarked) this.#drawMarked();
    return this.element;
  }

  /** The marked copy has the outlines in it. Cards stay as they are, and keep the focus. */
  #drawMarked() {
    this.layer.element.remove();
    this.shown.append(el("p", { class: "quiet" }, this.#app.t("files.shown_marked")));
  }

  #side(numbers, draw) {
    const { t } = this.#app;
    const { faces } = this.#answer.reading;
    if (!faces.length) {
      return el("div", { class: "file-side" }, el("p", { class: "file-none" }, t("files.no_face")), el("p", { class: "quiet" }, t("files.no_face_hint")));
    }
    const names = placeNames(t, faces.length);
    const cards = faces.map((face, at) => {
      const onWhy = () => this.#app.why.open({ file: this.file, face: at });
      const card = faceCard(t, { name: names[at], number: numbers[at], onWhy, onPoint: (isPointed) => draw(isPointed ? at : -1) });
      card.update(face, Boolean(face.expression));
      return card.element;
    });
    return el("ul", { class: "file-side file-cards", "aria-label": t("files.faces") }, cards);
  }

  async #showMarked() {
    const blob = await this.marked().catch(() => null); // what is wrong with the file, its reading tells
    if (!blob) return;
    URL.revokeObjectURL(this.url);
    this.#isMarked = true;
    this.url = URL.createObjectURL(blob);
    this.picture.src = this.url;
    if (this.#answer) this.#drawMarked();
  }
}
