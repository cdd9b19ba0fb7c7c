// What is said, sounded or felt when a person's expression has changed and stays: each off until it is switched on, at
// most one every few seconds, and all silent with one key. Speech uses voices of this machine alone.

const EVERY_S = 4;
const SAME_AGAIN_S = 30; // the same word of the same person is not said again before

/** Vibration patterns (ms on, off, on ...), as different as few beats allow. */
export const VIBRATIONS = {
  neutral: [60],
  happy: [80, 80, 80],
  surprise: [50, 50, 50, 50, 50],
  sad: [500],
  angry: [200, 60, 200, 60, 200],
  disgust: [300, 100, 60],
  fear: [40, 40, 40, 40, 40, 40, 40, 40],
  contempt: [60, 100, 300],
  positive: [80, 80, 80],
  negative: [500],
};

/** Two notes (Hz) for each expression: up is pleasant, down is not. */
export const NOTES = {
  neutral: [440, 440],
  happy: [523, 784],
  surprise: [523, 1047],
  sad: [440, 294],
  angry: [247, 185],
  disgust: [330, 233],
  fear: [880, 622],
  contempt: [392, 330],
  positive: [523, 784],
  negative: [440, 294],
};
const NOTE_S = 0.14;
const LOUD = 0.12;

/** Whether this device can vibrate; browsers of desktops claim so without a motor. */
export function canVibrate() {
  return "vibrate" in navigator && navigator.maxTouchPoints > 0;
}

/** The machine's own voices for a language, the most fitting first: never one that sends words elsewhere. */
export function voicesOf(language) {
  const all = window.speechSynthesis?.getVoices() ?? [];
  const stem = language.split("-")[0];
  return all.filter((voice) => voice.localService && voice.lang.replace("_", "-").split("-")[0] === stem);
}

/** `app.cues`: `.isMuted`, `.canSpeak`, `mute(isMuted)`, `speak(text)`, `sound(label)`, `vibrate(label)`; hears "steady" by itself. */
export class Cues {
  #app;
  #audio = null;
  #waiting = new Map(); // by person: the newest change that was not told yet
  #told = new Map(); // by person: { label, atS }
  #lastS = -Infinity;

  constructor(app) {
    this.#app = app;
    app.bus.addEventListener("steady", ({ detail }) => this.#changed(detail));
    app.bus.addEventListener("moved", ({ detail }) => this.#moved(detail));
    app.bus.addEventListener("reading", () => this.#tellNext());
    app.bus.addEventListener("source", () => this.#forget());
    app.bus.addEventListener("mute", () => this.isMuted && this.#silence()); // by this tab or another
    // A browser has its voices only a while after the page.
    window.speechSynthesis?.addEventListener?.("voiceschanged", () => app.emit("voices"));
    window.addEventListener("pagehide", () => window.speechSynthesis?.cancel());
  }

  get isMuted() {
    return this.#app.settings.get("muted", false);
  }

  /** Whether a cue, "speech", "sound" or "vibration", is on; speech never where this machine has no voice for it. */
  isOn(cue) {
    return this.#app.settings.get(`cues.${cue}`, false) === true && (cue !== "speech" || this.canSpeak);
  }

  get canSpeak() {
    return voicesOf(this.#app.language()).length > 0;
  }

  mute(isMuted) {
    this.#app.settings.set("muted", isMuted);
    this.#app.emit("mute", { isMuted });
  }

  #silence() {
    this.#waiting.clear();
    window.speechSynthesis?.cancel();
    navigator.vibrate?.(0);
    this.#audio?.suspend();
  }

  /** Say a text with the chosen voice; false where this machine has none for the language. */
  speak(text) {
    const { settings } = this.#app;
    const voices = voicesOf(this.#app.language());
    const voice = voices.find(({ voiceURI }) => voiceURI === settings.get("cues.voice")) ?? voices[0];
    if (!voice) return false;
    const said = new SpeechSynthesisUtterance(text);
    Object.assign(said, { voice, lang: voice.lang, rate: settings.get("cues.rate", 1) });
    window.speechSynthesis.cancel(); // what is old need not be heard to its end
    window.speechSynthesis.speak(said);
    return true;
  }

  sound(label) {
    this.#audio ??= new AudioContext();
    this.#audio.resume();
    (NOTES[label] ?? NOTES.neutral).forEach((hertz, place) => this.#note(hertz, this.#audio.currentTime + place * NOTE_S));
  }

  vibrate(label) {
    return navigator.vibrate?.(VIBRATIONS[label] ?? VIBRATIONS.neutral) ?? false;
  }

  #note(hertz, at) {
    const tone = new OscillatorNode(this.#audio, { type: "sine", frequency: hertz });
    const gain = new GainNode(this.#audio, { gain: 0 });
    gain.gain.linearRampToValueAtTime(LOUD, at + 0.015);
    gain.gain.linearRampToValueAtTime(0, at + NOTE_S);
    tone.connect(gain).connect(this.#audio.destination);
    tone.start(at);
    tone.stop(at + NOTE_S);
  }

  #changed(change) {
    this.#waiting.delete(change.person);
    const isWanted = ["speech", "sound", "vibration"].some((cue) => this.isOn(cue));
    if (!isWanted || this.isMuted || !change.sure || this.#app.isPractising) return;
    const told = this.#told.get(change.person);
    if (told?.label === change.label && this.#app.people.nowS - told.atS < SAME_AGAIN_S) return;
    this.#waiting.set(change.person, change);
    this.#tellNext();
  }

  #moved({ person, distance }) {
    if (!this.isOn("speech") || this.isMuted || this.#app.isPractising || this.#waiting.get(person)?.label) return;
    this.#waiting.set(person, { person, distance }); // a change of the word would tell it too
    this.#tellNext();
  }

  // Goes by the readings' clock: timers rest while the tab is hidden.
  #tellNext() {
    const { nowS } = this.#app.people;
    if (!this.#waiting.size || nowS - this.#lastS < this.#app.settings.get("cues.every", EVERY_S)) return;
    const [person, change] = this.#waiting.entries().next().value;
    this.#waiting.delete(person);
    if (!this.#app.people.all.get(person)?.isHere) return;
    this.#lastS = nowS;
    if (change.distance) return this.#say(person, change.distance);
    this.#told.set(person, { label: change.label, atS: nowS });
    this.#tell(change);
  }

  #say(person, words) {
    const { t, people } = this.#app;
    this.speak(people.here().length === 1 ? words : t("watch.person_says", { number: person, words }));
  }

  #tell({ person, label }) {
    const { t, people } = this.#app;
    if (this.isOn("speech")) this.#say(person, people.all.get(person).said(t));
    if (this.isOn("sound")) this.sound(label);
    if (this.isOn("vibration")) this.vibrate(label);
    this.#app.emit("cue", { person, label });
  }

  #forget() {
    this.#waiting.clear();
    this.#told.clear();
    this.#lastS = -Infinity;
  }
}
