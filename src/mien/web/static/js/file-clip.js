// A clip that is read: a player with outlines over it, cards that follow it, and each person's time to move along.
// Where the browser cannot play the file, the copy that the server marked takes its place.

import { el } from "./dom.js";
import { faceCard, outlines } from "./file-cards.js";
import { inWords, legend, mostly, Pieces, track } from "./file-timeline.js";

const REDRAWN_MS = 400; // the tracks, while the clip is read
const LEAST_SEEN_S = 0.4; // who is seen for less gets no card
const SHORT_S = 60; // clips for which a playable copy is made unasked

/** `render()` gives its element, `take(answer)` adds a frame, `finish(state)` ends it: "read", or broken off. */
export class ClipView {
  #app;
  #people = new Map(); // by track_id: { number, name, pieces, card, track }
  #met = new Set(); // their ids in the order of their numbers, which stay when all is drawn anew
  #pieces = new Pieces();
  #drawn = 0;
  #isMarked = false;
  #isUnplayable = false;
  #isOver = false;
  #isRead = false; // to its end
  #isPicturing = false; // a moment is made a picture, to be explained

  constructor(app, file, { answers, marked }) {
    this.#app = app;
    Object.assign(this, { file, answers, marked });
    this.url = URL.createObjectURL(file);
    this.video = el("video", { controls: true, playsinline: true, preload: "auto", src: this.url });
    this.video.muted = true;
    this.element = el("div", { class: "file-clip" });
    this.video.addEventListener("error", () => this.#cannotPlay());
    this.video.addEventListener("loadedmetadata", () => (this.video.videoWidth ? this.#draw() : this.#cannotPlay()));
    for (const type of ["timeupdate", "seeked", "pause"]) this.video.addEventListener(type, () => this.#follow());
    this.#followFrames();
  }

  /** Length in seconds, 0 while it is not known. */
  get length_s() {
    const { duration } = this.video;
    if (Number.isFinite(duration) && duration > 0) return duration;
    return this.#isOver ? this.#readUpTo() : 0;
  }

  take(answer) {
    this.#pieces.add(answer);
    if (this.answers.length === 1) this.render();
    const now = performance.now();
    if (now - this.#drawn > REDRAWN_MS) this.#draw();
  }

  finish(state) {
    this.#isOver = true;
    this.#isRead = state === "read";
    this.#drawNote();
    this.#draw(); // what stands there stays, and keeps the focus
    if (this.#isUnplayable) this.#showMarkedUnasked();
  }

  /** Who was seen, and what each looked like for the longest time, in words. */
  summary() {
    const { t } = this.#app;
    const people = [...this.#people.values()];
    if (!people.length) return t("files.no_face");
    return people.map(({ name, pieces }) => t("files.mostly", { name, words: mostly(t, pieces) })).join(t("between_sentences"));
  }

  leave() {
    this.video.pause();
    URL.revokeObjectURL(this.url);
  }

  render() {
    const { t } = this.#app;
    if (!this.answers.length) return this.element;
    const { width, height } = this.answers[0].reading;
    this.video.setAttribute("aria-label", t("files.player", { name: this.file.name }));
    this.layer = outlines(width, height);
    this.stage = el("div", { class: "file-stage" }, this.video, this.layer.element);
    this.stage.style.setProperty("--ratio", width / height);
    this.stage.style.setProperty("--natural", `${width}px`);
    this.note = el("div", { class: "file-note", "aria-live": "polite", tabindex: -1 });
    this.cards = el("ul", { class: "file-side file-cards", "aria-label": t("files.faces") });
    this.side = el("div", { class: "file-side" }, this.cards);
    this.tracks = el("div", { class: "file-tracks" });
    this.words = el("div");
    this.over = el("section", { class: "file-timeline" }, el("h4", {}, t("files.timeline")), this.tracks, this.words);
    this.element.replaceChildren(el("div", { class: "file-picture" }, this.stage, this.note), this.side, this.over);
    this.#people.clear();
    this.#drawNote();
    this.#draw();
    return this.element;
  }

  /** Everything that follows from what was read so far. */
  #draw() {
    this.#drawn = performance.now();
    if (!this.layer) return;
    this.#meet();
    const length_s = Math.max(this.length_s, this.#readUpTo(), 0.1);
    for (const person of this.#people.values()) person.track.update(person.pieces, length_s);
    this.over.hidden = !this.#people.size;
    if (this.#isOver) this.#drawEnd();
    this.#follow();
  }

  #drawEnd() {
    const { t } = this.#app;
    const people = [...this.#people.values()];
    if (this.words.hasChildNodes()) return;
    if (people.length) this.words.replaceChildren(legend(t, people), inWords(t, people));
    else this.side.replaceChildren(el("p", { class: "file-none" }, t("files.no_face")), el("p", { class: "quiet" }, t("files.no_face_hint")));
  }

  /** Give everyone who was seen long enough a card and a track. */
  #meet() {
    const { t } = this.#app;
    const { people } = this.#pieces;
    const ids = new Set([...this.#met, ...people.keys()]);
    const seen = [...ids].map((id) => ({ id, pieces: people.get(id), seen_s: seenFor(people.get(id)) }));
    const isNobodyLong = this.#isOver && seen.every(({ seen_s }) => seen_s < LEAST_SEEN_S);
    for (const { id, pieces, seen_s } of seen) {
      if (this.#people.has(id) || (seen_s < LEAST_SEEN_S && !isNobodyLong)) continue;
      const number = this.#people.size + 1;
      const name = t("files.person", { number });
      const card = faceCard(t, { name, number, onWhy: () => this.#why(id), onPoint: (isPointed) => this.#follow(isPointed ? id : null) });
      const line = track(t, { name, onSeek: (time_s) => this.#seek(time_s) });
      this.#met.add(id);
      this.#people.set(id, { number, name, pieces, card, track: line });
      this.cards.append(card.element);
      this.tracks.append(line.element);
    }
  }

  /** Outlines, cards and tracks at the player's moment. */
  #follow(pointedId = null) {
    if (!this.layer) return;
    const answer = this.#at(this.video.currentTime);
    const faces = answer?.reading.faces ?? [];
    const numbers = faces.map(({ track_id: id }) => this.#people.get(id)?.number);
    const pointed = faces.findIndex(({ track_id: id }) => id === pointedId && pointedId !== null);
    const canExplain = !this.#isMarked && !this.#isUnplayable; // only the clip's own pixels
    if (!this.#isUnplayable) this.layer.draw(answer, this.#people.size > 1 ? numbers : [], pointed);
    for (const [id, person] of this.#people) {
      const face = faces.find(({ track_id: one }) => one === id) ?? null;
      person.card.update(face, canExplain);
      person.track.moveTo(this.video.currentTime, face);
    }
  }

  #followFrames() {
    if (!this.video.requestVideoFrameCallback) return;
    const next = () => {
      this.#follow();
      this.video.requestVideoFrameCallback(next);
    };
    this.video.requestVideoFrameCallback(next);
  }

  #seek(time_s) {
    this.video.currentTime = time_s;
    this.#follow();
  }

  /** The answer to the frame that is shown at `time_s`. */
  #at(time_s) {
    let [low, high] = [0, this.answers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.answers[middle].reading.time_s <= time_s + 0.005) low = middle + 1;
      else high = middle;
    }
    const found = this.answers[Math.max(0, low - 1)];
    return found && time_s - found.reading.time_s < 1 ? found : null; // not read yet
  }

  #readUpTo() {
    return this.answers.at(-1)?.reading.time_s ?? 0;
  }

  /** Explain a face of the moment that is shown. */
  async #why(id) {
    this.video.pause();
    const face = this.#at(this.video.currentTime)?.reading.faces.find(({ track_id: one }) => one === id);
    if (!face || this.#isPicturing) return;
    this.#isPicturing = true;
    const file = await this.#picture().finally(() => (this.#isPicturing = false));
    const [x1, y1, x2, y2] = face.box;
    this.#app.why.open({ file, at: [(x1 + x2) / 2, (y1 + y2) / 2] });
  }

  /** The moment that is shown, as a file. */
  async #picture() {
    const { videoWidth, videoHeight } = this.video;
    const canvas = new OffscreenCanvas(videoWidth, videoHeight);
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    const blob = await canvas.convertToBlob({ type: "image/png" });
    return new File([blob], "frame.png", { type: "image/png" });
  }

  #cannotPlay() {
    if (this.#isMarked) return;
    this.#isUnplayable = true;
    this.#drawNote();
    this.#showMarkedUnasked();
  }

  #drawNote() {
    if (!this.note) return;
    const { t } = this.#app;
    this.element.classList.toggle("unplayable", this.#isUnplayable);
    this.element.classList.toggle("marked", this.#isMarked);
    const parts = [];
    if (this.#isMarked) parts.push(el("p", { class: "quiet" }, t("files.shown_marked")));
    else if (this.#isUnplayable) {
      parts.push(el("p", { class: "quiet" }, t("files.unplayable")));
      if (this.#isOver) parts.push(el("button", { type: "button", onclick: () => this.#showMarked() }, t("files.play_marked")));
    }
    this.note.replaceChildren(...parts);
  }

  /** A whole short clip is not long in the making; nobody who broke off waits for one. */
  #showMarkedUnasked() {
    if (this.#isRead && this.#readUpTo() <= SHORT_S) this.#showMarked();
  }

  async #showMarked() {
    const { t } = this.#app;
    const hadFocus = this.note.contains(document.activeElement);
    this.note.replaceChildren(el("p", { class: "quiet" }, t("files.making")));
    if (hadFocus) this.note.focus();
    try {
      const blob = await this.marked();
      URL.revokeObjectURL(this.url);
      this.#isMarked = true;
      this.#isUnplayable = false;
      this.url = URL.createObjectURL(blob);
      this.video.src = this.url;
      this.#drawNote();
    } catch (error) {
      this.note.replaceChildren(el("p", { class: "warn" }, t("files.problem.marked", { reason: error.reason || t(error.key ?? "files.problem.connection") })));
    }
  }
}

function seenFor(pieces) {
  return pieces.reduce((sum, { from_s, to_s }) => sum + to_s - from_s, 0);
}
