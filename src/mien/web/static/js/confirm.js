// A question that must be answered before something is erased.

import { el } from "./dom.js";

let made = 0;

/** Ask; true when the person says yes. `keys` are messages: { title, text, yes, no }. Escape says no. */
export function confirmed(t, keys) {
  const id = `confirm-${++made}`;
  const no = el("button", { type: "button", value: "no" }, t(keys.no));
  const yes = el("button", { type: "button", class: "danger", value: "yes" }, t(keys.yes));
  const dialog = el(
    "dialog",
    { class: "confirm", "aria-labelledby": id, "aria-describedby": `${id}-text` },
    el("h2", { id }, t(keys.title)),
    el("p", { id: `${id}-text` }, t(keys.text)),
    el("div", { class: "buttons" }, no, yes),
  );
  for (const button of [no, yes]) button.addEventListener("click", () => dialog.close(button.value));
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
    no.focus(); // what is pressed by accident keeps everything
  });
}
