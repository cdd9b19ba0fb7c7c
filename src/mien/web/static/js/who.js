// Who is in sight and what was said of them in the last minute, by person. It tells steady changes to the page; it draws
// nothing. Time is that of the readings, so that nothing depends on timers, which rest while the tab is hidden.

const MINUTE_S = 60;
const STEADY_S = 0.8; // a word that stood so long, without a break, is steady: what cues and changes go by
const STEADINESS_S = 3;
const GAP_S = 5; // how long the place of a person who left stays free
const BREAK_S = 1; // without a reading for so long, what came before says nothing about now
const BREAK_STEPS = 2.5; // nor for so many times as long as readings usually take, where they are rare
const LONGEST_STEP_S = 4;
const NEWEST = 0.2; // share of the newest step in what is usual
// For so long doubt must last, or be gone, before it is shown: in a blink, and while one word takes over from another
// (which the server lets wait for half a second), nobody is to read "not sure".
const DOUBT_S = 0.6;
const MOVED = 1.5; // so many times nearer or farther is told
const DISTANCE_S = 0.6; // another distance must last as long: at the border of two, words would flicker

const keyOf = (words) => (words.sure ? words.label : "not sure");

/**
 * One person: `number` (from 1, by first appearance), `words` (to be shown), `face`, `outline`, `cues` (of the body, in words),
 * `distance` (in words, empty where it is not measured), `isHere`, `past` (spans of words).
 */
class Person {
  constructor(id, nowS) {
    Object.assign(this, { id, number: id, isHere: true, seenS: nowS, past: [], steady: null, words: null, waitedS: null });
    Object.assign(this, { distance: "", movedS: null, toldCm: null });
  }

  see(nowS, { face, words, outline, cues }, breakS) {
    const key = keyOf(words);
    const last = this.past.at(-1);
    const isBreak = !last || nowS - last.toS >= breakS;
    if (!isBreak) last.toS = nowS;
    if (isBreak || last.key !== key) this.past.push({ key, fromS: nowS, toS: nowS });
    while (this.past[0].toS < nowS - MINUTE_S) this.past.shift();
    this.#settle(nowS, words, isBreak);
    this.#place(nowS, words.distance ?? "", isBreak);
    Object.assign(this, { isHere: true, seenS: nowS, face, outline, cues });
  }

  /** Show new words, unless doubt has only just come or gone: then those before stand for a moment more. */
  #settle(nowS, words, isBreak) {
    const isSame = isBreak || keyOf(words) === keyOf(this.words);
    const isOfDoubt = !isSame && words.sure !== this.words.sure;
    this.waitedS = isSame ? null : this.waitedS ?? nowS;
    if (isOfDoubt && nowS - this.waitedS < DOUBT_S) return;
    Object.assign(this, { words, waitedS: null });
  }

  #place(nowS, distance, isBreak) {
    const isNew = !distance || !this.distance || isBreak;
    this.movedS = isNew || distance === this.distance ? null : this.movedS ?? nowS;
    if (this.movedS !== null && nowS - this.movedS < DISTANCE_S) return;
    Object.assign(this, { distance, movedS: null });
  }

  /** The share (0..1) of the last 3 seconds in which the word of now stood, or null before there were 3 seconds. */
  steadiness() {
    const nowS = this.seenS;
    const { key } = this.past.at(-1);
    const since = nowS - STEADINESS_S;
    if (this.past[0].fromS > since) return null;
    const held = this.past.filter((span) => span.key === key && span.toS > since);
    return held.reduce((sum, span) => sum + span.toS - Math.max(span.fromS, since), 0) / STEADINESS_S;
  }

  /** Seconds of the last minute by word, longest first: [["happy", 40], ...]. */
  totals() {
    const sums = new Map();
    const since = this.seenS - MINUTE_S;
    for (const { key, fromS, toS } of this.past) {
      sums.set(key, (sums.get(key) ?? 0) + Math.max(0, toS - Math.max(fromS, since)));
    }
    return [...sums].sort((a, b) => b[1] - a[1]);
  }

  /** What is said aloud of the person: the word, and how far away, where that is measured. */
  said(t) {
    const { distance, words: { title } } = this;
    return distance ? t("distance.said", { words: title, distance }) : title;
  }

  /** Whether the person came much nearer or went much farther since this was last so. */
  hasMoved() {
    const cm = this.distance ? this.face.distance_cm?.value ?? null : null;
    if (cm === null || this.toldCm === null) this.toldCm = cm; // the first is told with the word
    const isFar = cm !== null && Math.max(cm / this.toldCm, this.toldCm / cm) >= MOVED;
    if (!isFar || this.movedS !== null) return false; // words that are about to change wait
    this.toldCm = cm;
    return true;
  }

  /** The word that has just become steady, or null. */
  change() {
    const { key, fromS, toS } = this.past.at(-1);
    if (key === this.steady || toS - fromS < STEADY_S) return null;
    this.steady = key;
    return key;
  }
}

/** `app.people`: the people of this source, in the order of their numbers. Emits "people" on every reading. */
export class People {
  #app;

  constructor(app) {
    this.#app = app;
    this.all = new Map();
    this.nowS = 0;
    this.stepS = null; // from one reading to the next, as it usually is
    app.bus.addEventListener("reading", ({ detail }) => this.#read(detail.message));
    app.bus.addEventListener("source", () => this.clear());
    // What was read before says nothing about now; and on a new connection numbers begin anew.
    for (const event of ["connection", "paused"]) app.bus.addEventListener(event, () => this.clear());
  }

  /** Those in sight now, or gone for a moment only. */
  list() {
    return [...this.all.values()].sort((a, b) => a.number - b.number);
  }

  here() {
    return this.list().filter((person) => person.isHere);
  }

  /** The one whose face is largest, or undefined. */
  nearest() {
    const size = ({ face }) => (face.box[2] - face.box[0]) * (face.box[3] - face.box[1]);
    return this.here().sort((a, b) => size(b) - size(a))[0];
  }

  clear() {
    this.all.clear();
    this.stepS = null;
    this.#app.emit("people");
  }

  #read({ reading, words, outlines, bodies = [] }) {
    const breakS = this.#breakAt(reading.time_s);
    this.nowS = reading.time_s;
    for (const person of this.all.values()) person.isHere = false;
    reading.faces.forEach((face, place) => {
      if (face.track_id === null || !words[place] || !face.expression) return;
      if (!this.all.has(face.track_id)) this.all.set(face.track_id, new Person(face.track_id, this.nowS));
      const cues = bodies.find((body) => body.track_id === face.track_id)?.cues ?? [];
      this.all.get(face.track_id).see(this.nowS, { face, words: words[place], outline: outlines[place], cues }, breakS);
    });
    for (const person of this.list()) {
      if (!person.isHere && this.nowS - person.seenS > GAP_S) this.all.delete(person.id);
    }
    this.#app.emit("people");
    for (const person of this.here()) this.#tell(person);
  }

  /** How long nothing must have been read before a reading of now for that to be a break. */
  #breakAt(nowS) {
    const step = Math.min(Math.max(nowS - this.nowS, 0), LONGEST_STEP_S);
    const isFirst = this.all.size === 0;
    this.stepS = isFirst ? null : this.stepS === null ? step : (1 - NEWEST) * this.stepS + NEWEST * step;
    return Math.max(BREAK_S, BREAK_STEPS * (this.stepS ?? 0));
  }

  #tell(person) {
    const hasMoved = person.hasMoved();
    if (person.change() === null) {
      if (hasMoved) this.#app.emit("moved", { person: person.id, distance: person.distance });
      return;
    }
    const { label, title, sure } = person.words;
    this.#app.emit("steady", { person: person.id, label, title, sure });
  }
}
