// The buttons below the picture: everything that keys can do, and the choices that belong to a source.

import { canVibrate } from "./cues.js";
import { el } from "./dom.js";

const CUES = ["speech", "sound", "vibration"];
const SHOWN = ["heat", "rate", "body", "distance"]; // settings that are on or off

/** `.root`; `tasks` has a function for each action, as for the keys. It follows the page's state by itself. */
export class Tools {
  #app;
  #tasks;
  #buttons = {};

  constructor(app, tasks) {
    this.#app = app;
    this.#tasks = tasks;
    this.camera = el("select", { id: "watch-camera", onchange: () => this.#chooseCamera() });
    this.cameraRow = el("div", { class: "field" }, el("label", { for: "watch-camera", dataset: { words: "watch.camera" } }), this.camera);
    this.more = this.#build();
    this.root = el("div", { class: "tools" }, this.#row(), this.more);
    for (const event of ["source", "paused", "mute", "large", "card", "heat", "body", "distance", "rate", "voices", "words"]) {
      app.bus.addEventListener(event, () => this.draw());
    }
    for (const event of ["devices", "source", "words"]) app.bus.addEventListener(event, () => this.#listCameras());
    app.settings.addEventListener("change", () => this.draw());
  }

  #row() {
    const row = ["stop", "reading", "save", "mute", "large"].map((action) => this.#button(action, this.#tasks[action]));
    return el("div", { class: "buttons" }, row, this.#button("more", () => this.#turnMore()));
  }

  #build() {
    this.noDistance = el("p", { class: "quiet tools-note", id: "watch-no-distance", hidden: true, dataset: { words: "watch.no_distance" } });
    const group = (title, ...parts) => el("div", { class: "tools-group", role: "group", dataset: { wordsLabel: title } }, parts);
    const cues = CUES.map((cue) => this.#button(cue, () => this.#turnCue(cue)));
    return el(
      "div", { class: "tools-more", id: "watch-more", hidden: true },
      group("watch.group.picture", this.cameraRow, this.#button("mirror", () => this.#turnMirror()), this.#button("source", this.#tasks.source)),
      group("watch.group.cues", ...cues),
      group("watch.group.show", this.#button("card", () => this.#turnCard()), this.#button("heat", this.#tasks.heat),
        ...["rate", "body", "distance", "tips"].map((name) => this.#button(name, this.#tasks[name])), this.noDistance),
    );
  }

  #button(name, task) {
    // A click of the mouse gives the focus back to the page, so that keys go on; the keyboard's focus stays.
    const onclick = (event) => {
      task();
      if (event.detail > 0) event.currentTarget.blur();
    };
    const button = el("button", { type: "button", dataset: { action: name }, onclick });
    this.#buttons[name] = button;
    return button;
  }

  draw() {
    const { t, capture, cues, live, settings } = this.#app;
    const write = (name, key) => (this.#buttons[name].textContent = t(key));
    const press = (name, isPressed) => this.#buttons[name].setAttribute("aria-pressed", String(isPressed));
    for (const name of ["stop", "save", "large", "more", "mirror", ...SHOWN, "tips", ...CUES]) write(name, `watch.do.${name}`);
    write("reading", live.isPaused ? "watch.do.resume" : "watch.do.pause");
    write("mute", cues.isMuted ? "watch.do.unmute" : "watch.do.mute");
    write("source", capture.source === "camera" ? "watch.do.to_screen" : "watch.do.to_camera");
    write("card", this.#tasks.card.isOpen ? "watch.do.card_close" : "watch.do.card");
    press("mirror", settings.get("mirrored", true));
    for (const name of SHOWN) press(name, settings.get(name, false));
    for (const cue of CUES) press(cue, cues.isOn(cue));
    this.#buttons.more.setAttribute("aria-expanded", String(!this.more.hidden));
    this.#buttons.more.setAttribute("aria-controls", "watch-more");
    this.#buttons.vibration.hidden = !canVibrate();
    this.#drawDistance();
    this.cameraRow.hidden = this.#buttons.mirror.hidden = capture.source !== "camera";
  }

  /** Faces on a screen are of any size, so that nothing is known of how far away they are. */
  get #hasDistance() {
    return this.#app.capture.source !== "screen";
  }

  #drawDistance() {
    const button = this.#buttons.distance;
    this.noDistance.hidden = this.#hasDistance;
    if (this.#hasDistance) {
      for (const name of ["aria-disabled", "aria-describedby"]) button.removeAttribute(name);
      return;
    }
    button.setAttribute("aria-disabled", "true");
    button.setAttribute("aria-describedby", this.noDistance.id);
    button.setAttribute("aria-pressed", "false"); // the choice stays, for the camera
  }

  #turnMore() {
    this.more.hidden = !this.more.hidden;
    this.draw();
  }

  #turnMirror() {
    const { settings } = this.#app;
    settings.set("mirrored", !settings.get("mirrored", true));
  }

  #turnCue(cue) {
    const { cues, settings, t } = this.#app;
    if (cue === "speech" && !cues.canSpeak) return this.#app.tell(t("watch.no_voice"));
    settings.set(`cues.${cue}`, !cues.isOn(cue));
    if (!cues.isOn(cue)) return;
    if (cues.isMuted) cues.mute(false);
    if (cue === "speech") cues.speak(t("watch.cue_sample"));
    if (cue === "sound") cues.sound("happy");
    if (cue === "vibration") cues.vibrate("happy");
  }

  async #turnCard() {
    const { card } = this.#tasks;
    if (!card.canOpen) return this.#app.tell(this.#app.t("watch.no_card"));
    if (card.isOpen) return card.close();
    await card.open().catch(() => this.#app.tell(this.#app.t("watch.no_card")));
  }

  async #listCameras() {
    const { capture, t } = this.#app;
    const cameras = await capture.cameras();
    const options = cameras.map(({ id, name }, place) =>
      el("option", { value: id }, name || t("watch.camera_number", { number: place + 1 })),
    );
    this.camera.replaceChildren(...options);
    const used = capture.track?.getSettings().deviceId;
    if (used) this.camera.value = used;
  }

  #chooseCamera() {
    this.#app.settings.set("camera", this.camera.value);
    this.#tasks.start("camera");
  }
}
