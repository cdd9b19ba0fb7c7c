// Settings: language, looks, camera, cues, keys. Everything is kept in this browser alone and acts at once.

import { ACTIONS, isUsable, keyName, keysOf } from "../keys.js";
import { canVibrate, voicesOf } from "../cues.js";
import { api, el } from "../dom.js";

export const id = "options";

const THEMES = ["auto", "light", "dark"];
const RATES = [0.6, 0.8, 1, 1.2, 1.5];
const PAUSES_S = [2, 4, 8, 15];
const CUES = ["speech", "sound", "vibration"];

export function mount(root, app) {
  const view = new OptionsView(root, app);
  return { show: () => view.show(), hide: () => view.hide() };
}

class OptionsView {
  #languages = [];
  #problem = ""; // why there is no list of languages
  #isShown = false;

  constructor(root, app) {
    Object.assign(this, { root, app });
    for (const event of ["words", "devices", "mute", "voices"]) app.bus.addEventListener(event, () => this.#again());
    app.settings.addEventListener("change", ({ detail }) => detail.isElsewhere && this.#again());
  }

  async show() {
    this.#isShown = true;
    if (!this.#languages.length) await this.#askForLanguages();
    await this.#draw();
  }

  async #askForLanguages() {
    this.#problem = "";
    this.#languages = await api("/api/words").catch((error) => {
      this.#problem = error.message;
      return [];
    });
  }

  async #askAgain() {
    await this.#askForLanguages();
    await this.#draw();
    document.getElementById(this.#problem ? "options-again" : "options-language").focus();
  }

  hide() {
    this.#isShown = false;
  }

  // Drawn anew with the focus where it was.
  async #again() {
    if (!this.#isShown) return;
    const focused = this.root.contains(document.activeElement) ? document.activeElement.id : "";
    await this.#draw();
    if (focused) document.getElementById(focused)?.focus();
  }

  async #draw() {
    const { t, capture } = this.app;
    const cameras = await capture.cameras();
    this.root.replaceChildren(
      el("div", { class: "settings" },
        el("h2", {}, t("view.options")),
        el("p", { class: "quiet" }, t("options.kept")),
        this.#section("options.look", this.#language(), this.#theme(), this.#check("large", false, "options.large"), this.#tone()),
        this.#section("options.camera", this.#camera(cameras), this.#check("mirrored", true, "options.mirrored")),
        this.#section("options.cues", ...this.#cues()),
        this.#section("options.keys", ...this.#keys())),
    );
  }

  #section(title, ...parts) {
    return el("section", { class: "panel settings-part" }, el("h3", {}, this.app.t(title)), parts);
  }

  /** A labelled list of choices, [[value, text], ...]. */
  #select(name, { label, chosen, choices, onchange, told = null }) {
    const options = choices.map(([value, text]) => el("option", { value, selected: String(value) === String(chosen) }, text));
    const id = `options-${name}`;
    const note = told ? el("p", { class: "quiet", id: `${id}-told` }, told) : null;
    const select = el("select", { id, "aria-describedby": note?.id }, options);
    select.addEventListener("change", () => onchange(select.value));
    return el("div", { class: "setting" }, el("label", { for: id }, this.app.t(label)), select, note);
  }

  #check(name, atFirst, label, { told = null, disabled = false, onchange = null } = {}) {
    const { settings, t } = this.app;
    const id = `options-${name.replace(".", "-")}`;
    const note = told ? el("p", { class: "quiet", id: `${id}-told` }, told) : null;
    const input = el("input", {
      type: "checkbox", id, checked: !disabled && settings.get(name, atFirst) === true, disabled, "aria-describedby": note?.id,
    });
    input.addEventListener("change", () => {
      settings.set(name, input.checked);
      onchange?.(input.checked);
    });
    return el("div", { class: "setting" }, el("label", { class: "choice", for: id }, input, t(label)), note);
  }

  #noLanguages() {
    const again = el("button", { type: "button", id: "options-again", onclick: () => this.#askAgain() }, this.app.t("diary.retry"));
    return el("div", { class: "setting" }, el("p", { class: "warn", role: "alert" }, this.#problem), again);
  }

  #language() {
    const { t, language } = this.app;
    if (this.#problem) return this.#noLanguages();
    const choices = this.#languages.map(({ language: code, name, is_reviewed: isReviewed }) =>
      [code, isReviewed ? name : `${name} *`],
    );
    const now = this.#languages.find(({ language: code }) => code === language());
    return this.#select("language", {
      label: "options.language", chosen: language(), choices,
      told: now && !now.is_reviewed ? t("options.not_reviewed") : t("options.star"),
      onchange: async (code) => {
        if (!(await this.app.changeLanguage(code))) this.#again(); // back to the language that is spoken
      },
    });
  }

  #theme() {
    const { t, settings } = this.app;
    return this.#select("theme", {
      label: "options.theme", chosen: settings.get("theme", "auto"),
      choices: THEMES.map((theme) => [theme, t(`options.theme.${theme}`)]),
      onchange: (theme) => settings.set("theme", theme),
    });
  }

  #tone() {
    const told = this.app.t("options.tone_told");
    return this.#check("tone", false, "options.tone", { told, onchange: () => this.app.emit("tone") });
  }

  #camera(cameras) {
    const { t, settings, capture } = this.app;
    if (!cameras.length) return el("p", { class: "quiet" }, t("options.no_camera"));
    const named = cameras.map(({ id, name }, place) => [id, name || t("watch.camera_number", { number: place + 1 })]);
    return this.#select("camera", {
      label: "options.which_camera", chosen: settings.get("camera", ""),
      choices: [["", t("options.any_camera")], ...named.filter(([value]) => value)],
      told: cameras.some(({ name }) => name) ? null : t("options.camera_names"),
      onchange: (chosen) => {
        settings.set("camera", chosen || undefined);
        if (capture.source === "camera") capture.startCamera().catch((error) => this.app.tell(t(error.key ?? error.message)));
      },
    });
  }

  #cues() {
    const { t, settings, cues, language } = this.app;
    const voices = voicesOf(language());
    const reasons = { speech: voices.length ? null : t("options.no_voice"), vibration: canVibrate() ? null : t("options.no_vibration") };
    const checks = CUES.map((cue) =>
      this.#check(`cues.${cue}`, false, `options.cue.${cue}`, { told: reasons[cue], disabled: Boolean(reasons[cue]) }),
    );
    const seconds = PAUSES_S.map((count) => [count, t("options.seconds", { count })]);
    return [
      el("p", {}, t("options.cues_told")),
      ...checks,
      voices.length ? this.#voice(voices) : null,
      this.#select("every", {
        label: "options.every", chosen: settings.get("cues.every", 4), choices: seconds,
        onchange: (value) => settings.set("cues.every", Number(value)),
      }),
      el("div", { class: "buttons" },
        el("button", { type: "button", id: "options-try", onclick: () => this.#tryCues() }, t("options.try")),
        el("button", { type: "button", id: "options-mute", "aria-pressed": String(cues.isMuted), onclick: () => cues.mute(!cues.isMuted) },
          t("options.mute"))),
    ].filter(Boolean);
  }

  #voice(voices) {
    const { settings, t } = this.app;
    const voice = this.#select("voice", {
      label: "options.voice", chosen: settings.get("cues.voice", voices[0].voiceURI),
      choices: voices.map(({ voiceURI, name }) => [voiceURI, name]), told: t("options.local_voices"),
      onchange: (uri) => settings.set("cues.voice", uri),
    });
    const rate = this.#select("rate", {
      label: "options.rate", chosen: settings.get("cues.rate", 1),
      choices: RATES.map((rate) => [rate, t(`options.rate.${String(rate).replace(".", "_")}`)]),
      onchange: (value) => settings.set("cues.rate", Number(value)),
    });
    return el("div", {}, voice, rate);
  }

  #tryCues() {
    const { cues, t } = this.app;
    if (cues.isMuted) return this.app.tell(t("watch.muted"));
    if (!CUES.some((cue) => cues.isOn(cue))) return this.app.tell(t("options.none_on"));
    if (cues.isOn("speech")) cues.speak(t("looks.happy"));
    if (cues.isOn("sound")) cues.sound("happy");
    if (cues.isOn("vibration")) cues.vibrate("happy");
  }

  #keys() {
    const { t, settings } = this.app;
    const keys = keysOf(settings);
    const rows = Object.keys(ACTIONS).map((action) => this.#keyRow(action, keys[action]));
    return [
      el("p", {}, t("options.keys_told")),
      this.#check("keys.on", true, "options.keys_on"),
      el("ul", { class: "key-list", role: "list" }, rows),
      el("div", { class: "buttons" }, el("button", { type: "button", id: "options-keys-reset", onclick: () => this.#resetKeys() }, t("options.keys_reset"))),
    ];
  }

  #keyRow(action, key) {
    const { t } = this.app;
    const does = t(`watch.does.${action}`);
    const button = el(
      "button",
      { type: "button", id: `options-key-${action}`, "aria-label": t("options.change_key", { action: does, key: keyName(t, key) }) },
      el("kbd", {}, keyName(t, key)),
    );
    button.addEventListener("click", () => this.#listenForKey(action, key, button));
    return el("li", {}, el("span", {}, does), button);
  }

  // The next key that is pressed becomes the action's. Esc leaves the key as it is, except where it was the action's own
  // at first; Tab goes on without a change, and so does a click elsewhere.
  #listenForKey(action, key, button) {
    const { t } = this.app;
    button.replaceChildren(t("options.press_key"));
    this.app.announce(t("options.press_key"));
    const waiting = new AbortController();
    button.addEventListener("blur", () => {
      waiting.abort();
      button.replaceChildren(el("kbd", {}, keyName(t, key))); // this one alone: the focus is on its way to another
    }, { once: true, signal: waiting.signal });
    button.addEventListener("keydown", (event) => {
      const isShortcut = event.ctrlKey || event.altKey || event.metaKey; // the browser's, such as Ctrl+C
      if (event.key === "Tab" || isShortcut || event.isComposing || !isUsable(event.key)) return;
      event.preventDefault();
      waiting.abort();
      if (event.key !== "Escape") this.#setKey(action, event.key.toLowerCase());
      else this.#setKey(action, ACTIONS[action] === "Escape" ? "Escape" : key);
    }, { signal: waiting.signal });
    // Space would press the button when it is let go.
    button.addEventListener("keyup", (event) => event.preventDefault(), { once: true });
  }

  #setKey(action, key) {
    const { settings, t } = this.app;
    const other = Object.entries(keysOf(settings)).find(([name, used]) => used === key && name !== action);
    if (other) this.app.tell(t("options.key_taken", { key: keyName(t, key), action: t(`watch.does.${other[0]}`) }));
    else {
      settings.set("keys.map", { ...settings.get("keys.map", {}), [action]: key });
      this.app.announce(t("options.key_is", { action: t(`watch.does.${action}`), key: keyName(t, key) }));
    }
    this.#again();
  }

  #resetKeys() {
    const { settings, tell, t } = this.app;
    settings.set("keys.map", {});
    tell(t("options.keys_were_reset"));
    this.#again();
  }
}
