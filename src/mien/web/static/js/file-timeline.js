// What each person of a clip looked like over time: pieces of one expression, a track to click and move along, and the
// same in words. Time runs from left to right in every language, as in players.

import { el } from "./dom.js";
import { colourOf, NOT_SURE, sign } from "./faces.js";
import { partsOf } from "./file-cards.js";

const GAP_S = 0.6; // a person who is out of sight for longer leaves a gap
const STEP_S = 1; // of the arrow keys
const LEAP_S = 10; // of page up and page down
const LEAST_TOLD_S = 0.4; // shorter pieces are not told in words

/** "1:05" for 65 seconds. */
export function clock(time_s) {
  const whole = Math.max(0, Math.floor(time_s));
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const rest = String(seconds).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** The pieces of each person's time: a Map from track_id to `[{ label, isSure, from_s, to_s, face }]`. */
export class Pieces {
  people = new Map();

  add({ reading }) {
    for (const face of reading.faces) {
      const { label, sure: isSure } = face.expression ?? { label: NOT_SURE, sure: false };
      const pieces = this.people.get(face.track_id) ?? [];
      const last = pieces.at(-1);
      const isNext = last && reading.time_s - last.to_s < GAP_S;
      if (isNext) last.to_s = reading.time_s;
      if (!isNext || last.isSure !== isSure || (isSure && last.label !== label)) {
        pieces.push({ label, isSure, from_s: reading.time_s, to_s: reading.time_s, face });
      }
      this.people.set(face.track_id, pieces);
    }
  }
}

/**
 * A person's track: `update(pieces, length_s)`, `moveTo(time_s, face)` (null: not in sight).
 * `onSeek(time_s)` is called when somebody moves along it.
 */
export function track(t, { name, onSeek }) {
  const bar = el("div", { class: "file-track-bar" });
  const head = el("div", { class: "file-track-head" });
  const slider = el("div", { class: "file-track", role: "slider", tabindex: 0, "aria-label": t("files.track", { name }) }, bar, head);
  const now = { length_s: 0, time_s: 0, face: null };
  const seek = (time_s) => onSeek(Math.max(0, Math.min(now.length_s, time_s)));

  slider.addEventListener("pointerdown", (event) => {
    const move = ({ clientX }) => {
      const { left, width } = slider.getBoundingClientRect();
      seek(((clientX - left) / width) * now.length_s);
    };
    slider.setPointerCapture(event.pointerId);
    move(event);
    slider.addEventListener("pointermove", move);
    slider.addEventListener("lostpointercapture", () => slider.removeEventListener("pointermove", move), { once: true });
  });
  slider.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: STEP_S, ArrowUp: STEP_S, ArrowLeft: -STEP_S, ArrowDown: -STEP_S, PageUp: LEAP_S, PageDown: -LEAP_S };
    const ends = { Home: 0, End: now.length_s };
    if (!(event.key in steps) && !(event.key in ends)) return;
    event.preventDefault();
    seek(ends[event.key] ?? now.time_s + steps[event.key]);
  });

  const moveTo = (time_s, face) => {
    Object.assign(now, { time_s, face });
    head.style.left = `${now.length_s ? (100 * time_s) / now.length_s : 0}%`;
    const words = face ? partsOf(t, face).title : t("files.away");
    slider.setAttribute("aria-valuenow", time_s.toFixed(1));
    slider.setAttribute("aria-valuetext", t("files.moment", { time: clock(time_s), words }));
  };
  const update = (pieces, length_s) => {
    now.length_s = length_s;
    slider.setAttribute("aria-valuemin", "0");
    slider.setAttribute("aria-valuemax", length_s.toFixed(1));
    bar.replaceChildren(...pieces.map((piece) => pieceOf(piece, length_s)));
    moveTo(now.time_s, now.face);
  };
  return { element: el("div", { class: "file-track-row" }, el("span", { class: "file-track-name" }, name), slider), update, moveTo };
}

/** The same in words: who looked how, from when to when. */
export function inWords(t, people) {
  const lists = people.map(({ name, pieces }) => {
    const lines = spans(t, pieces).map(({ words, from_s, to_s }) =>
      el("li", {}, t("files.span", { from: clock(from_s), to: clock(to_s), words })),
    );
    return [el("h4", {}, name), el("ol", { class: "file-spans" }, lines)];
  });
  return el("details", { class: "file-words" }, el("summary", {}, t("files.in_words")), lists.flat());
}

/** Pieces as they are told: those too short to tell fall to the one before, and what is said alike is said once. */
function spans(t, pieces) {
  const long = pieces.filter(({ from_s, to_s }) => to_s - from_s >= LEAST_TOLD_S);
  const told = [];
  for (const { face, from_s, to_s } of long.length ? long : pieces) {
    const words = partsOf(t, face).title;
    const last = told.at(-1);
    if (last?.words === words && from_s - last.to_s < GAP_S) last.to_s = to_s;
    else told.push({ words, from_s, to_s });
  }
  return told;
}

/** What a person looked like for the longest time, in words. */
export function mostly(t, pieces) {
  const times = new Map();
  for (const { face, from_s, to_s } of pieces) {
    const words = partsOf(t, face).title;
    times.set(words, (times.get(words) ?? 0) + to_s - from_s);
  }
  return [...times].reduce((most, one) => (one[1] > most[1] ? one : most))[0];
}

/** Which colours stand for which words: for the expressions that occur. */
export function legend(t, people) {
  const seen = new Map();
  for (const { pieces } of people) {
    for (const piece of pieces) {
      const { title, label } = partsOf(t, piece.face);
      seen.set(label, title);
    }
  }
  return el("ul", { class: "file-legend" }, [...seen].map(([label, title]) => el("li", {}, sign(label), title)));
}

function pieceOf({ label, isSure, from_s, to_s }, length_s) {
  const piece = el("span", { class: isSure ? "file-piece" : "file-piece unsure" });
  piece.style.left = `${(100 * from_s) / length_s}%`;
  piece.style.width = `${Math.max(0.3, (100 * (to_s - from_s)) / length_s)}%`;
  piece.style.background = isSure ? colourOf(label) : "";
  return piece;
}
