// The dialog "Why?": the crop that the network sees with a glow over it, ten little people, a sentence, the doubts, and
// "why not ...?" for every other word. Deeper explanations can be hung in as further sections (`WhyDialog.#sections`).

import { api, el } from "./dom.js";
import { LABELS, sign } from "./faces.js";
import { people, wordOf } from "./people.js";

const GLOW = 70; // per cent, at first

/** `app.why`: `open({ trackId })` for a face before the camera, `open({ file, face })` for one of a picture (or `at`, a point on it). */
export class WhyDialog {
  #app;
  #asked = 0; // counts questions, so that an answer that was overtaken shows nothing
  #glow = GLOW;
  #dialog = null;

  constructor(app) {
    this.#app = app;
    app.bus.addEventListener("words", () => this.#dialog?.close());
  }

  /** Open the dialog; resolves when it was closed. `label` asks "why not this one?". */
  open({ trackId, file, face = 0, at = null, label = null }) {
    this.#dialog?.close();
    const opener = document.activeElement;
    const dialog = this.#build({ trackId, file, face, at });
    this.#dialog = dialog;
    document.body.append(dialog);
    dialog.showModal();
    this.title.focus();
    this.#ask(label);
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        dialog.remove();
        if (this.#dialog === dialog) this.#leave(); // else another one is open by now
        this.#giveBack(opener);
        resolve();
      });
    });
  }

  /** The focus to what had it; where that is gone or hidden, as its person is, to the picture, or to the view. */
  #giveBack(opener) {
    const { root } = this.#app.views.get(this.#app.current);
    for (const one of [opener, root.querySelector(".stage"), root]) {
      if (!one || one === document.body) continue;
      one.focus();
      if (document.activeElement === one) return;
    }
  }

  #leave() {
    this.#dialog = null;
    this.#asked += 1;
  }

  #build(source) {
    const { t } = this.#app;
    this.source = source;
    this.title = el("h2", { id: "why-title", tabindex: "-1" }, t("why.open"));
    this.told = el("p", { class: "why-told", role: "status" }, t("why.loading"));
    this.picture = el("div");
    this.votes = el("div");
    this.row = el("div", { class: "why-others" });
    const close = el("button", { type: "button", class: "main", onclick: () => this.#dialog.close() }, t("why.close"));
    const dialog = el(
      "dialog",
      { class: "why", "aria-labelledby": "why-title" },
      this.title,
      this.told,
      el("div", { class: "why-parts" }, this.picture, el("div", { class: "why-side" }, this.votes, this.row)),
      el("div", { class: "buttons why-end" }, close),
    );
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside it
    return dialog;
  }

  async #ask(label) {
    const { t } = this.#app;
    const mine = ++this.#asked;
    this.#dialog.setAttribute("aria-busy", "true");
    let found = null;
    let problem = "";
    try {
      found = await this.#fetch(label);
      if (!found) problem = t("why.gone");
    } catch (error) {
      problem = t("why.failed", { reason: error.message });
    }
    if (mine !== this.#asked) return;
    this.#dialog.removeAttribute("aria-busy");
    if (found) this.#show(found);
    else this.told.textContent = problem;
  }

  async #fetch(label) {
    const { trackId, file, face, at } = this.source;
    if (file === undefined) {
      const message = { type: "why", track_id: trackId, ...(label ? { label } : {}) };
      return (await this.#app.live.ask(message)).why;
    }
    const body = new FormData();
    body.append("file", file);
    if (at) body.append("at", at.join(","));
    else body.append("face", String(face));
    body.append("language", this.#app.language());
    if (label) body.append("label", label);
    return api("/api/why", { method: "POST", body });
  }

  #show(why) {
    const { t } = this.#app;
    const title = why.label === why.shown ? "why.title" : "why.title_other";
    this.title.textContent = t(title, { label: wordOf(t, why.label) });
    this.told.textContent = why.text;
    this.picture.replaceChildren(this.#picture(why));
    this.votes.replaceChildren(...this.#sections(why));
    this.#showOthers(why);
  }

  /** What stands beside the picture, one element each; a deeper explanation is one more. */
  #sections(why) {
    return [this.#reasons(why), this.#votes(why), this.#regions(why)].filter(Boolean);
  }

  #picture(why) {
    const { t } = this.#app;
    const said = { label: wordOf(t, why.label), shown: wordOf(t, why.shown) };
    const alt = t(why.heat_png ? "why.crop_lit" : "why.crop", said);
    const stage = el("div", { class: "why-crop" }, el("img", { src: why.crop, alt }));
    const caption = captionOf(why);
    const figure = el("figure", { class: "why-picture" }, stage);
    if (why.heat_png) {
      const layer = el("img", { src: why.heat_png, alt: "", class: "why-glow" });
      layer.style.opacity = this.#glow / 100;
      stage.append(layer);
      figure.append(this.#slider(layer), el("p", { class: "why-scale" }, el("span", { class: "why-ramp" }), t("why.scale")));
    }
    figure.append(el("figcaption", { class: "quiet" }, t(caption, said)));
    if (why.no_heat) figure.append(el("p", { class: "quiet" }, t("why.no_heat")));
    return figure;
  }

  #slider(layer) {
    const { t } = this.#app;
    const slider = el("input", { type: "range", min: 0, max: 100, step: 5, value: this.#glow });
    slider.addEventListener("input", () => {
      this.#glow = Number(slider.value);
      layer.style.opacity = this.#glow / 100;
    });
    return el("label", { class: "why-slider" }, t("why.heat_strength"), slider);
  }

  #reasons({ explanation, hint }) {
    const { t, cues } = this.#app;
    const { text } = explanation;
    // Said here: a notice of the page would lie behind the dialog, and be heard by nobody.
    const told = el("p", { class: "quiet why-silent", role: "status" });
    const speak = () => (told.textContent = cues.speak(hint ? `${text} ${hint}` : text) ? "" : t("watch.no_voice"));
    return el(
      "div", { class: "why-reasons" },
      el("h3", {}, t("why.reasons")), el("p", { class: "why-reason" }, text),
      hint && el("h3", {}, t("why.hint")), hint && el("p", {}, hint),
      el("button", { type: "button", onclick: speak }, t("why.speak")), told,
    );
  }

  /** How much of the glow lies on each part of the face, and what hiding that part would change. */
  #regions({ explanation }) {
    const { t } = this.#app;
    const regions = Object.entries(explanation.regions);
    if (!regions.length) return null;
    const percent = (number, minus = "") => el("bdi", { dir: "ltr" }, `${minus}${number} %`); // else Arabic turns it round
    const rows = regions.map(([name, { heat, drop }]) => {
      const key = name === "outside" ? "reason.part.outside" : `reason.name.${name}`;
      const bar = el("span", { class: "why-bar", "aria-hidden": "true" });
      bar.style.inlineSize = `${100 * heat}%`;
      const change = Math.round(100 * drop);
      const sign = change > 0 ? "−" : change < 0 ? "+" : "";
      return el(
        "tr", {}, el("th", { scope: "row" }, t(key)),
        el("td", {}, el("span", { class: "why-track" }, bar), " ", percent(Math.round(100 * heat))), el("td", {}, percent(Math.abs(change), sign)),
      );
    });
    const head = ["why.part", "why.glow_share", "why.without"].map((key) => el("th", { scope: "col" }, t(key)));
    return el(
      "details", { class: "why-regions" }, el("summary", {}, t("why.regions")),
      el("table", {}, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows)),
      el("p", { class: "quiet" }, t("why.regions_note")),
    );
  }

  #votes(why) {
    const { t } = this.#app;
    const doubts = why.doubts.length
      ? [el("h3", {}, t("why.doubts")), el("ul", {}, why.doubts.map((doubt) => el("li", {}, doubt)))]
      : [el("p", { class: "quiet" }, t("why.no_doubts"))];
    const moment = this.source.at ? el("p", { class: "quiet" }, t("why.one_moment")) : null;
    return el("div", { class: "why-votes" }, el("h3", {}, t("why.people")), people(t, why.people), doubts, moment);
  }

  /** A button for every word; those that stay are kept, so that focus stays where it is. */
  #showOthers(why) {
    const { t } = this.#app;
    const labels = [why.shown, ...LABELS.filter((label) => label in why.votes && label !== why.shown)];
    if (this.row.dataset.shown !== why.shown) {
      const hadFocus = this.row.contains(document.activeElement);
      const buttons = labels.map((label) => this.#otherButton(label, why.shown));
      this.row.replaceChildren(el("h3", {}, t("why.others")), el("div", { class: "buttons" }, buttons));
      this.row.dataset.shown = why.shown;
      if (hadFocus) this.title.focus();
    }
    for (const button of this.row.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.label === why.label));
    }
  }

  #otherButton(label, shown) {
    const { t } = this.#app;
    const key = label === shown ? "why.title" : "why.not";
    const ask = () => this.#ask(label === shown ? null : label);
    return el("button", { type: "button", dataset: { label }, onclick: ask }, sign(label), t(key, { label: wordOf(t, label) }));
  }
}

function captionOf(why) {
  if (!why.heat_png) return "why.caption_none";
  return why.label === why.shown ? "why.caption" : "why.caption_other";
}
