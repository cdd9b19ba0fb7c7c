// Before anything is watched: what the program does and does not (once, with the person's consent), then the choice of a
// source, and what went wrong with the last one.

import { el, svg } from "./dom.js";

const SOURCES = ["camera", "screen", "demo"];
const ICONS = {
  camera: ["M4 8h4l2-3h4l2 3h4v11H4z", "M12 10a3.500 3.500 0 1 0 .01 0z"],
  screen: ["M3 5h18v11H3z", "M9 20h6M12 16v4"],
  demo: ["M4 5h16v14H4z", "M10 9l5 3l-5 3z"],
};
const PROMISES = ["does", "cannot", "private"];

/** The drawing of a source, hidden from screen readers. */
function icon(source) {
  const paths = ICONS[source].map((d) => svg("path", { d }));
  return svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, paths);
}

/** `.root`, `draw({ problem })`; `start(source)` is called with what the person chose. */
export class StartPanel {
  #app;
  #start;
  #problem = null;

  constructor(app, start) {
    this.#app = app;
    this.#start = start;
    this.root = el("div", { class: "start" });
    app.bus.addEventListener("words", () => this.draw());
  }

  /** The problem's message as `{ key }` or `{ text }`; undefined leaves it, null takes it away. */
  draw(problem = this.#problem) {
    this.#problem = problem;
    const { settings } = this.#app;
    const parts = settings.get("welcomed", false) ? this.#choices() : this.#welcome();
    const { action } = this.root.contains(document.activeElement) ? document.activeElement.dataset : {};
    this.root.replaceChildren(...this.#trouble(), ...parts);
    if (action) this.root.querySelector(`[data-action=${action}]`)?.focus();
  }

  #trouble() {
    if (!this.#problem) return [];
    const { t } = this.#app;
    const text = this.#problem.text ?? t(this.#problem.key);
    return [el("p", { class: "problem", role: "alert" }, text)];
  }

  #welcome() {
    const { t, settings } = this.#app;
    const agree = (source) => () => {
      settings.set("welcomed", true);
      this.#start(source);
    };
    return [
      el("h3", { class: "start-title" }, t("watch.welcome.title")),
      el("ul", { class: "promises" }, PROMISES.map((name) => this.#promise(name))),
      el("p", {}, t("watch.welcome.ask")),
      el("div", { class: "buttons" },
        el("button", { type: "button", class: "main", dataset: { action: "camera" }, onclick: agree("camera") }, t("watch.welcome.camera")),
        el("button", { type: "button", dataset: { action: "demo" }, onclick: agree("demo") }, t("watch.welcome.demo")),
        el("a", { class: "button", href: "#about" }, t("watch.welcome.more"))),
    ];
  }

  #promise(name) {
    const { t } = this.#app;
    return el("li", { class: "panel" }, el("strong", {}, t(`watch.welcome.${name}.title`)), el("span", {}, t(`watch.welcome.${name}`)));
  }

  #choices() {
    const { t } = this.#app;
    const choices = SOURCES.map((source) =>
      el("button", { type: "button", class: "source", dataset: { action: source }, onclick: () => this.#start(source) },
        icon(source),
        el("span", {}, el("strong", {}, t(`watch.source.${source}`)), el("small", {}, t(`watch.source.${source}.about`)))),
    );
    return [el("h3", { class: "start-title" }, t("watch.choose")), el("div", { class: "sources" }, choices)];
  }
}
