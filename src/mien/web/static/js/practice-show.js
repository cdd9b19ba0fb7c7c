// Show me: an expression is asked for, and the page sees when it is there: when enough people would say so, for a while.
// It asks only for those that the network sees well, and begins with a smile.

import { el } from "./dom.js";
import { sign } from "./faces.js";
import { word } from "./diary-chart.js";
import { backButton, steps } from "./practice-round.js";

export const ASKED = 4;
const SEEN_WELL = ["surprise", "sad", "angry", "neutral"]; // besides "happy"; the model card has the numbers
const ENOUGH = 0.5; // share of people who would say so
const HOLD_S = 0.8;

/** Notices when a label's share has been enough for long enough; pure, so that it can be tested. */
export class Held {
  #since = null;

  constructor(label) {
    this.label = label;
  }

  /** One reading: { part: 0..1 of what is needed, isThere }. `votes` may be null where there is no face. */
  take(time, votes) {
    const share = votes?.[this.label] ?? 0;
    if (share < ENOUGH) this.#since = null;
    else this.#since ??= time;
    const isThere = this.#since !== null && time - this.#since >= HOLD_S - 1e-6;
    return { part: Math.min(1, share / ENOUGH), isThere };
  }
}

/** What a round asks for. */
export function asked(random = Math.random) {
  const others = SEEN_WELL.map((label) => [random(), label]).sort((a, b) => a[0] - b[0]).map(([, label]) => label);
  return ["happy", ...others].slice(0, ASKED);
}

/** A round on `stage`; `finish(answers)` at its end. */
export class ShowRound {
  #answers = [];
  #labels = asked();
  #held = null;
  #hasStarted = false; // the camera, which then ends with the round, also where the browser still asks for it
  #wasPaused = false; // reading, which then rests again after the round
  #isOver = false;

  constructor(app, stage, { finish, back }) {
    Object.assign(this, { app, stage, finish, back });
    this.onReading = ({ detail }) => this.#take(detail.message);
    this.onSource = () => this.#sourceChanged();
    app.bus.addEventListener("reading", this.onReading);
    app.bus.addEventListener("source", this.onSource);
    this.#practise(true);
    if (app.capture.source === "camera") this.#ask();
    else this.#needCamera();
  }

  stop() {
    const { capture, live } = this.app;
    this.#isOver = true;
    this.app.bus.removeEventListener("reading", this.onReading);
    this.app.bus.removeEventListener("source", this.onSource);
    this.#practise(false);
    if (this.video) this.video.srcObject = null;
    if (this.#hasStarted) capture.stop();
    if (this.#wasPaused) live.pause(true);
  }

  // What is read now is nobody's diary, and in the words of expressions.
  #practise(isOn) {
    this.app.isPractising = isOn;
    this.app.emit("tone");
  }

  #needCamera(problem = "") {
    const { t } = this.app;
    this.#held = null;
    const start = el("button", { type: "button", class: "main", onclick: () => this.#startCamera(start) }, t("practice.show_camera"));
    this.stage.replaceChildren(
      backButton(t, this.back),
      el("h2", { tabindex: "-1" }, t("practice.show")),
      el("p", {}, t("practice.show_needs")),
      el("p", { class: "quiet" }, t("practice.show_which")),
      problem ? el("p", { class: "warn", role: "alert" }, problem) : "",
      start,
    );
    if (problem) start.focus();
    else this.stage.querySelector("h2").focus({ preventScroll: true });
  }

  async #startCamera(button) {
    const { t, capture } = this.app;
    button.disabled = true;
    this.#hasStarted = true;
    try {
      await capture.startCamera();
    } catch (error) {
      if (this.#isOver) return;
      const reason = error.key ? t(error.key) : error.message;
      const isNone = error.key?.endsWith(".none");
      this.#hasStarted = false;
      this.#needCamera(isNone ? t("practice.show_none") : t("practice.show_refused", { reason }));
    }
  }

  #sourceChanged() {
    if (this.#answers.length === ASKED) return; // nothing more is asked for
    if (this.app.capture.source === "camera") this.#ask();
    else this.#needCamera();
  }

  #ask() {
    const { t, capture } = this.app;
    this.#read();
    const label = this.#labels[this.#answers.length];
    this.#held = new Held(label);
    this.video ??= el("video", { class: "mirror", playsinline: true, "aria-label": t("practice.show_you") });
    Object.assign(this.video, { muted: true, srcObject: capture.video.srcObject });
    this.video.classList.toggle("is-mirrored", capture.isMirrored);
    this.video.play().catch(() => {}); // overtaken by another source: that one draws anew
    this.fill = el("span", { class: "meter-fill" });
    this.meter = el("div", { class: "meter", role: "meter", "aria-label": t("practice.show_meter"), "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0 }, this.fill);
    this.told = el("p", { class: "verdict", role: "status" });
    const skip = el("button", { type: "button", onclick: () => this.#answer("") }, t("practice.show_skip"));
    this.next = el("div", { class: "buttons" }, skip);
    const heading = el("h2", { tabindex: "-1", class: "show-word" }, sign(label), el("span", {}, t("practice.show_ask", { label: word(t, label) })));
    this.stage.replaceChildren(
      backButton(t, this.back),
      el(
        "div",
        { class: "guess" },
        el("div", { class: "face" }, this.video),
        el(
          "div",
          { class: "ask" },
          steps(t, this.#answers.length + 1, ASKED),
          heading,
          el("p", {}, t(`practice.hint.${label}`)),
          el("p", { class: "quiet meter-word" }, t("practice.show_meter")),
          this.meter,
          this.told,
          this.next,
        ),
      ),
    );
    heading.focus({ preventScroll: true });
  }

  /** Read what the camera sees, though reading was paused while watching. */
  #read() {
    const { live } = this.app;
    if (!live.isPaused) return;
    this.#wasPaused = true;
    live.pause(false);
  }

  #take({ reading }) {
    if (!this.#held) return;
    const area = ({ box: [x1, y1, x2, y2] }) => (x2 - x1) * (y2 - y1);
    const face = reading.faces.toSorted((a, b) => area(b) - area(a))[0]; // who sits before the camera
    const { part, isThere } = this.#held.take(reading.time_s, face?.expression?.votes);
    this.fill.style.inlineSize = `${Math.round(100 * part)}%`;
    this.meter.setAttribute("aria-valuenow", Math.round(100 * part));
    const text = face ? "" : this.app.t("practice.show_no_face");
    if (this.told.textContent !== text) this.told.textContent = text;
    if (isThere) this.#answer(this.#held.label);
  }

  #answer(answered) {
    const { t } = this.app;
    const label = this.#held.label;
    this.#held = null;
    this.#answers.push({ asked: label, answered, right: answered === label });
    this.meter.classList.toggle("is-full", Boolean(answered));
    this.told.replaceChildren(el("strong", {}, answered ? t("practice.show_there", { label: word(t, label) }) : t("practice.show_skipped")));
    const isLast = this.#answers.length === ASKED;
    const go = () => (isLast ? this.finish(this.#answers) : this.#ask());
    const button = el("button", { type: "button", class: "main", onclick: go }, t(isLast ? "practice.finish" : "practice.next"));
    this.next.replaceChildren(button);
    button.focus();
  }
}
