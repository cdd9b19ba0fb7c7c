// Writes down what is read, while the diary is on: for each person at most one moment a second, sent in batches.
// A session is begun with its first batch and ends with its source. It keeps words and numbers, never a picture.

import { api } from "./dom.js";

const BATCH_MS = 5000;
const MOST_KEPT = 5000; // moments that wait for a server that is away
const SETTING = "diary";

/** Fires "change" when `isOn`, `began` or `problem` has changed, and "written" after each batch. */
export class DiaryRecorder extends EventTarget {
  #app;
  #open = null; // the session: { began, start_s, people, lastPerson, seconds, moments, id, sentAt }
  #sending = Promise.resolve();

  constructor(app) {
    super();
    this.#app = app;
    this.problem = "";
    app.bus.addEventListener("reading", ({ detail }) => this.#take(detail.message));
    app.bus.addEventListener("source", () => this.end());
    app.bus.addEventListener("diary", () => this.#turned()); // by this tab or another
    // A new connection numbers faces from 1 again: nobody is known from the one before.
    app.bus.addEventListener("connection", ({ detail }) => detail.state !== "open" && this.#open?.people.clear());
    window.addEventListener("pagehide", () => this.end({ keepalive: true }));
  }

  get isOn() {
    return this.#app.settings.get(SETTING, false) === true;
  }

  /** When the session that is being written began, or null. */
  get began() {
    return this.#open?.began ?? null;
  }

  /** Switch the diary on or off; a session that is being written ends. */
  async turn(isOn) {
    this.#app.settings.set(SETTING, isOn);
    this.#app.emit("diary", { isOn });
    await this.#sending;
  }

  #turned() {
    this.#changed();
    if (!this.isOn) this.end();
  }

  /** Write what is left and end the session; `keepalive` where the page is being left. */
  end({ keepalive = false } = {}) {
    const session = this.#open;
    this.#open = null;
    if (!session) return this.#sending;
    this.#changed();
    return this.#send(session, { keepalive, isEnd: true });
  }

  /** Try to send again what could not be written. */
  retry() {
    return this.#open ? this.#send(this.#open) : Promise.resolve();
  }

  #take(message) {
    const { source } = this.#app.capture ?? {};
    // A demo is nobody's day, and practising is the person's own.
    if (!this.isOn || this.#app.isPractising || (source !== "camera" && source !== "screen")) return;
    const { time_s: time, faces } = message.reading;
    if (!faces.some((face) => face.expression)) return;
    const session = (this.#open ??= this.#begin(time));
    faces.forEach((face, index) => this.#note(session, time - session.start_s, face, message.words[index]));
    if (performance.now() - session.sentAt >= BATCH_MS) this.#send(session);
  }

  #begin(time) {
    const session = {
      began: new Date(), start_s: time, people: new Map(), lastPerson: 0, seconds: new Map(), moments: [], id: null,
      sentAt: performance.now(),
    };
    queueMicrotask(() => this.#changed());
    return session;
  }

  #note(session, time, face, words) {
    if (!face.expression || !words?.label || time < 0) return;
    const who = face.track_id ?? "nobody";
    if (!session.people.has(who)) session.people.set(who, (session.lastPerson += 1));
    const person = session.people.get(who);
    const second = Math.floor(time);
    if (session.seconds.get(person) === second || session.moments.length >= MOST_KEPT) return;
    session.seconds.set(person, second);
    const { label, sure, in_ten } = words;
    const valence = Math.min(1, Math.max(-1, face.expression.valence));
    session.moments.push({ time_s: Math.round(time * 10) / 10, person, label, sure, valence, in_ten });
  }

  /** One batch after the other: a session must be known before its moments. */
  #send(session, { keepalive = false, isEnd = false } = {}) {
    session.sentAt = performance.now();
    this.#sending = this.#sending.then(async () => {
      try {
        await this.#write(session, keepalive);
        if (isEnd && session.id) await this.#ask(`/${session.id}`, { ended: new Date() }, { method: "PATCH", keepalive });
        this.#tell("");
      } catch (error) {
        this.#tell(error.message);
      }
      this.dispatchEvent(new Event("written"));
    });
    return this.#sending;
  }

  async #write(session, keepalive) {
    const batch = session.moments.slice();
    if (!batch.length) return;
    session.id ??= (await this.#ask("", { began: session.began }, { keepalive })).id;
    try {
      await this.#ask(`/${session.id}/moments`, batch, { keepalive });
    } catch (error) {
      if (error.status !== 404) throw error;
      if (this.#open === session) this.#open = null; // the person has deleted it: what comes next is a new one
      session.id = null;
    }
    session.moments.splice(0, batch.length);
  }

  #ask(path, body, options = {}) {
    const headers = { "Content-Type": "application/json" };
    return api(`/api/diary/sessions${path}`, { method: "POST", headers, body: JSON.stringify(body), ...options });
  }

  #tell(problem) {
    if (this.problem === problem) return;
    this.problem = problem;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
