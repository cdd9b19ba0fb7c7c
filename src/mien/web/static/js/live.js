// The page's side of the socket: states and messages of the worker onto the bus, questions and their answers.
// It keeps `window.mienStats`, by which latency can be measured from a frame's capture to the card's change.

import { Pump } from "./pump.js";
import { askForToken, keptToken } from "./token.js";

const KEPT_LATENCIES = 2000;
const ASK_MS = 20_000;

/** `app.live`: `.state`, `.isOpen`, `.isPaused`, `.last` (the newest message), `ask()`, `lastFrame()`. */
export class Live {
  #app;
  #worker;
  #asked = []; // questions that wait for their answer
  #frames = new Map(); // who waits for a frame, by key
  #token = keptToken();

  constructor(app) {
    this.#app = app;
    this.state = "closed";
    this.detail = "";
    this.isPaused = false;
    this.last = null;
    window.mienStats = { latencies: [], readings: 0, skipped: 0 };
    this.#worker = new Worker("/static/js/frame-worker.js", { type: "module" });
    this.#worker.onmessage = ({ data }) => this.#take(data);
    this.pump = new Pump(this.#worker);
    this.#sayHello();
    app.bus.addEventListener("words", () => this.#sayHello());
    for (const event of ["heat", "body", "distance", "tone"]) app.bus.addEventListener(event, () => this.#sayHello());
    app.bus.addEventListener("source", () => this.#sourceChanged());
  }

  get isOpen() {
    return this.state === "open";
  }

  /** Reading on or off; the source stays. */
  pause(isPaused) {
    this.isPaused = isPaused;
    this.#worker.postMessage({ type: "pause", isPaused });
    this.#app.emit("paused", { isPaused });
  }

  /** Send a question such as { type: "why", track_id: 3 }; its answer. Throws an Error that can be shown. */
  ask(message) {
    if (!this.isOpen) return Promise.reject(new Error(this.#app.t("watch.not_connected")));
    const answer = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(this.#app.t("watch.no_answer"))), ASK_MS);
      this.#asked.push({ message, resolve, reject, timer });
    });
    this.#worker.postMessage({ type: "ask", message });
    return answer;
  }

  /** The frame of the last reading as a JPEG blob, or null. */
  lastFrame() {
    const key = crypto.randomUUID();
    return new Promise((resolve) => {
      this.#frames.set(key, resolve);
      this.#worker.postMessage({ type: "last", key });
    });
  }

  /** Connect with a token that the person gave, or once more after a refusal. */
  connect(token = this.#token) {
    this.#token = token;
    this.#sayHello();
    this.#worker.postMessage({ type: "connect" });
  }

  #sayHello() {
    const { settings, isPractising, capture } = this.#app;
    // Practising asks for one expression among eight.
    const tone = settings.get("tone", false) && !isPractising;
    const wishes = Object.fromEntries(["heat", "body", "distance"].map((wish) => [wish, settings.get(wish, false)]));
    wishes.distance &&= capture.source !== "screen"; // a face on a screen is not of natural size
    const said = { language: this.#app.language(), token: this.#token, ...wishes, tone };
    this.#worker.postMessage({ type: "hello", said });
  }

  #sourceChanged() {
    const { capture } = this.#app;
    this.last = null;
    this.#sayHello(); // what is wished goes by the source too
    if (capture.source) this.pump.begin({ track: capture.track, video: capture.video });
    else this.pump.end();
  }

  #take(data) {
    if (this.pump.take(data)) return;
    if (data.type === "state") this.#changed(data);
    else if (data.type === "last") this.#give(data);
    else this.#heard(data);
  }

  #give({ key, blob }) {
    this.#frames.get(key)?.(blob);
    this.#frames.delete(key);
  }

  #changed({ state, detail }) {
    this.state = state;
    this.detail = detail ?? "";
    if (state !== "open") {
      for (const one of this.#asked.splice(0)) this.#finish(one, "reject", new Error(this.#app.t("watch.not_connected")));
    }
    this.#app.emit("connection", { state, detail: this.detail });
    if (state === "token") this.#askToken();
  }

  async #askToken() {
    const token = await askForToken(this.#token);
    if (token) this.connect(token);
  }

  #heard({ message, capturedAt, replaced }) {
    const stats = window.mienStats;
    stats.skipped = replaced;
    if (message.type === "reading") {
      if (!this.#app.capture.source || this.isPaused) return; // the last answer of a source that is gone
      this.last = message;
      this.#app.emit("reading", { message, capturedAt });
      stats.readings += 1;
      if (capturedAt) stats.latencies.push(performance.timeOrigin + performance.now() - capturedAt);
      if (stats.latencies.length > KEPT_LATENCIES) stats.latencies.shift();
    } else if (message.type !== "skipped") {
      const found = this.#asked.findIndex(({ message: asked }) => isAnswerTo(message, asked));
      if (found >= 0) this.#finish(this.#asked.splice(found, 1)[0], "resolve", message);
    }
  }

  #finish(question, how, value) {
    clearTimeout(question.timer);
    question[how](value);
  }
}

function isAnswerTo(message, asked) {
  return message.type === asked.type && (asked.track_id === undefined || message.track_id === asked.track_id);
}
