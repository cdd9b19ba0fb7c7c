// Single keys for what is done often. They act only while no control has focus and no dialog is open, can be switched
// off, and can be changed in the settings (WCAG 2.1.4). With a button focused, Space presses that button.

/** What keys can do, in the order in which it is shown, and the key of each at first (as `KeyboardEvent.key` names it). */
export const ACTIONS = {
  reading: "p",
  body: "e",
  distance: "d",
  heat: "h",
  rate: "f",
  tips: "i",
  source: "a",
  save: " ",
  mute: "m",
  large: "l",
  stop: "Escape",
};
const ANYWHERE = ["tips", "mute"]; // the others belong to the view Watch
const CONTROL = [
  "a[href]", "button", "input", "select", "textarea", "summary", "[contenteditable]", "[tabindex]:not([tabindex='-1'])",
].join(",");

/** The key of each action as the person wants it. */
export function keysOf(settings) {
  return { ...ACTIONS, ...settings.get("keys.map", {}) };
}

/** A key as it is shown: "P", "Space", "Esc". */
export function keyName(t, key) {
  if (key === " ") return t("watch.key.space");
  return key === "Escape" ? t("watch.key.escape") : key.toLocaleUpperCase();
}

/** Whether a key can be given to an action: one character, or Escape. */
export function isUsable(key) {
  return key === "Escape" || [...key].length === 1;
}

/** Which action a key press means, or undefined. */
export function actionOf(event, settings) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return undefined;
  const pressed = event.key.toLowerCase();
  // On keyboards of other scripts the letter's place counts.
  const place = /^[\x20-\x7e]+$/.test(pressed) ? null : /^Key([A-Z])$/.exec(event.code)?.[1].toLowerCase();
  const found = Object.entries(keysOf(settings)).find(([, key]) => [pressed, place].includes(key.toLowerCase()));
  return found?.[0];
}

/** Listen for keys; `tasks` has a function for each action. */
export function listenToKeys(app, tasks) {
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.defaultPrevented || !app.settings.get("keys.on", true)) return;
    if (document.querySelector("dialog[open]") || document.activeElement?.matches(CONTROL)) return;
    const action = actionOf(event, app.settings);
    if (!action || (app.current !== "watch" && !ANYWHERE.includes(action))) return;
    event.preventDefault();
    tasks[action]();
  });
}
