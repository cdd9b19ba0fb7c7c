// Asks for the token where the server demands one; it is kept until the page is left, and never put into an address.

import { el } from "./dom.js";

/** `.root`, shown while the socket asks for a token. */
export class TokenForm {
  constructor(app) {
    const input = el("input", { type: "password", id: "watch-token", autocomplete: "off", required: true });
    const told = el("p", { class: "quiet", id: "watch-token-told", dataset: { words: "watch.token_told" } });
    input.setAttribute("aria-describedby", told.id);
    this.root = el(
      "form", { class: "panel token", hidden: true },
      el("label", { for: "watch-token", dataset: { words: "watch.token" } }), told,
      el("div", { class: "buttons" }, input, el("button", { type: "submit", class: "main", dataset: { words: "watch.token_send" } })),
    );
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      app.live.connect(input.value.trim());
      input.value = "";
    });
    app.bus.addEventListener("connection", ({ detail }) => {
      this.root.hidden = detail.state !== "token";
      if (!this.root.hidden) input.focus();
    });
  }
}
