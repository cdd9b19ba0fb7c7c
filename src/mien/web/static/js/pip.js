// A small card above all other windows, for a video call: word and doubts of up to three people. It uses Document
// Picture-in-Picture; where the browser lacks that, the page says so.

import { NOT_SURE, sign } from "./faces.js";
import { el } from "./dom.js";
import { stateKey } from "./large.js";

const SIZE = { width: 320, height: 190 };
const MOST = 3;

/** `.canOpen`, `.isOpen`, `open()`, `close()`; emits "card" when it opened or closed. */
export class SmallCard {
  #app;
  #window = null;

  constructor(app) {
    this.#app = app;
    this.list = el("div", { class: "small-card" });
    for (const event of ["people", "connection", "words", "paused"]) app.bus.addEventListener(event, () => this.#draw());
    app.bus.addEventListener("source", ({ detail }) => detail.source || this.close());
  }

  get canOpen() {
    return "documentPictureInPicture" in window;
  }

  get isOpen() {
    return this.#window !== null;
  }

  async open() {
    const made = await window.documentPictureInPicture.requestWindow(SIZE);
    const { documentElement: page, head } = document;
    Object.assign(made.document.documentElement, { lang: page.lang, dir: page.dir });
    Object.assign(made.document.documentElement.dataset, { theme: page.dataset.theme ?? "auto" });
    made.document.title = "Mien";
    for (const link of head.querySelectorAll("link[rel=stylesheet]")) made.document.head.append(link.cloneNode());
    made.document.body.className = "small-card-page";
    made.document.body.append(this.list);
    made.addEventListener("pagehide", () => this.#closed());
    this.#window = made;
    this.#draw();
    this.#app.emit("card");
  }

  close() {
    this.#window?.close();
  }

  #closed() {
    this.#window = null;
    this.#app.emit("card");
  }

  #draw() {
    if (!this.isOpen) return;
    const { t, people, live } = this.#app;
    const here = people.here().slice(0, MOST);
    const rows = here.map(({ words, number }) => this.#row(words, here.length > 1 ? number : null));
    const key = JSON.stringify([here.map(({ words }) => [words.title, words.doubts]), stateKey(live), t("watch.nobody")]);
    if (this.list.dataset.key === key) return;
    this.list.dataset.key = key;
    this.list.replaceChildren(...(rows.length ? rows : [el("p", { class: "quiet" }, t(stateKey(live)))]));
  }

  #row({ sure, label, title, doubts }, number) {
    const name = number === null ? null : el("span", { class: "card-number", role: "img", "aria-label": this.#app.t("watch.person", { number }) }, String(number));
    const text = el("div", {}, el("strong", {}, title), doubts.length ? el("p", { class: "quiet" }, doubts.join(" · ")) : null);
    return el("div", { class: "small-row" }, sign(sure ? label : NOT_SURE), name, text);
  }
}
