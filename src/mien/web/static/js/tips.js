// The dialog of keys and tips.

import { ACTIONS, keyName, keysOf } from "./keys.js";
import { el } from "./dom.js";

const TIPS = ["light", "front", "people", "unsure"];

/** Show it; closes with Escape, its button, or a click beside it. */
export function showTips(app) {
  const { t, settings } = app;
  const keys = keysOf(settings);
  const isOn = settings.get("keys.on", true);
  const rows = Object.keys(ACTIONS).map((action) =>
    el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, keyName(t, keys[action]))), el("td", {}, t(`watch.does.${action}`))),
  );
  const close = el("button", { type: "button", class: "main", onclick: () => dialog.close() }, t("watch.close"));
  const dialog = el(
    "dialog", { class: "tips", "aria-labelledby": "tips-title" },
    el("h2", { id: "tips-title", tabindex: "-1" }, t("watch.tips")),
    el("ul", {}, TIPS.map((tip) => el("li", {}, t(`watch.tip.${tip}`)))),
    el("h3", {}, t("watch.keys")),
    el("p", { class: "quiet" }, t(isOn ? "watch.keys_when" : "watch.keys_off")),
    el("table", {}, el("tbody", {}, rows)),
    el("div", { class: "buttons" }, close),
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("h2").focus(); // the beginning is read first
}
