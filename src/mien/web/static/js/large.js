// Large print: one word over the whole screen, that of the nearest person, and below it why not, where it is not sure.

import { NOT_SURE, sign } from "./faces.js";
import { el } from "./dom.js";

const WIDE = /[\u3000-\u9fff\uac00-\ud7af\uff00-\uffef]/; // letters as wide as they are high

/** `.isOn`, `turn(isOn)`; follows the setting "large" by itself. */
export class LargePrint {
  #app;
  #shown = null;
  #back = null;

  constructor(app) {
    this.#app = app;
    this.picture = el("span", { class: "large-sign" });
    this.word = el("p", { class: "large-word" });
    this.more = el("p", { class: "large-more" }); // why not, and how far away, where that is wanted
    this.person = el("p", { class: "large-person" }); // whose word it is, where there are several people
    const close = el("button", { type: "button", onclick: () => this.turn(false), dataset: { words: "watch.large_off" } });
    this.root = el(
      "section", { class: "large", tabindex: "-1", hidden: true, dataset: { wordsLabel: "watch.large" } },
      close, el("div", { class: "large-middle" }, this.picture, this.word, this.more, this.person),
    );
    document.body.append(this.root);
    for (const event of ["people", "connection", "words", "paused"]) app.bus.addEventListener(event, () => this.#draw());
    for (const event of ["source", "view", "large"]) app.bus.addEventListener(event, () => this.#show(this.#hasPlace));
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  get isOn() {
    return this.#app.settings.get("large", false);
  }

  /** Only while somebody is watched: other views stay free. */
  get #hasPlace() {
    const { capture, current } = this.#app;
    return this.isOn && current === "watch" && Boolean(capture.source);
  }

  get isShown() {
    return !this.root.hidden;
  }

  turn(isOn) {
    this.#app.settings.set("large", isOn);
    this.#app.emit("large", { isOn });
  }

  /** Escape leaves wherever the focus is, also on the button, where no single key acts. */
  #press(event) {
    if (event.key !== "Escape" || !this.isShown || document.querySelector("dialog[open]")) return;
    event.preventDefault(); // so that it stops nothing
    this.turn(false);
  }

  #show(isShown) {
    if (isShown === this.isShown) return;
    this.root.hidden = !isShown;
    for (const one of document.body.children) {
      if (one !== this.root && !one.matches("dialog, script, .notice, [aria-live]")) one.inert = isShown;
    }
    if (isShown) {
      this.#back = document.activeElement;
      this.#draw();
      this.root.focus();
    } else if (this.#back?.isConnected) this.#back.focus();
  }

  #draw() {
    if (!this.isShown) return;
    const { t, people, live } = this.#app;
    const nearest = people.nearest();
    const words = nearest?.words;
    const shown = words ? (words.sure ? words.label : NOT_SURE) : null;
    if (shown !== this.#shown) this.picture.replaceChildren(...(shown ? [sign(shown)] : []));
    this.#shown = shown;
    this.#write(words?.title ?? t(stateKey(live)));
    const more = words ? [...words.doubts, nearest.distance].filter(Boolean).join(" · ") : "";
    if (this.more.textContent !== more) this.more.textContent = more;
    const person = people.here().length > 1 ? t("watch.person", { number: nearest.number }) : "";
    if (this.person.textContent !== person) this.person.textContent = person;
  }

  #write(text) {
    if (this.word.textContent === text) return;
    this.word.textContent = text;
    const longest = Math.max(...text.split(/\s/).map((part) => [...part].length * (WIDE.test(part) ? 1.7 : 1)));
    this.word.style.setProperty("--letters", Math.max(5, longest).toFixed(1)); // what the size of its letters goes by
  }
}

/** The message for a page that has nobody to show. */
export function stateKey(live) {
  if (live.isPaused) return "watch.paused";
  if (live.state === "again") return "watch.again";
  if (live.state === "token") return "token.title";
  return live.isOpen && live.last ? "watch.nobody" : "watch.looking";
}
