// Spot the change: a clip is read first, then it plays, and the person presses when the expression changes.
// The right moments are the steady changes that Mien read; presses near to them count.

import { el, svg } from "./dom.js";
import { word } from "./diary-chart.js";
import { readFile } from "./file-reading.js";
import { score, toFollow } from "./practice-changes.js";
import { backButton } from "./practice-round.js";
import { minutes } from "./weeks.js";

/** A round on `stage`; `finish(answers, { changes, hits, extra, seconds })` at its end. */
export class SpotRound {
  #presses = [];
  #isOver = false;
  #reading = new AbortController();
  #url = null;

  constructor(app, stage, { finish, back }) {
    Object.assign(this, { app, stage, finish, back });
    this.onKey = (event) => this.#key(event);
    this.#choose();
  }

  stop() {
    this.#isOver = true;
    this.#reading.abort();
    for (const name of ["keydown", "keyup"]) document.removeEventListener(name, this.onKey, true);
    this.video?.pause();
    this.video?.removeAttribute("src");
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = null;
  }

  #choose(problem = "") {
    const { t } = this.app;
    const input = el("input", { type: "file", id: "spot-file", accept: "video/*,.mkv,.gif", class: "visually-hidden", onchange: () => input.files[0] && this.#read(input.files[0]) });
    const choose = el("label", { class: "button main", for: "spot-file" }, t("practice.spot_choose"));
    const heading = el("h2", { tabindex: "-1" }, t("practice.spot"));
    this.stage.replaceChildren(
      backButton(t, this.back),
      heading,
      el("p", {}, t("practice.spot_how")),
      el("p", { class: "quiet" }, t("practice.spot_stays")),
      problem ? el("p", { class: "warn", role: "alert" }, problem) : "",
      el("div", { class: "buttons" }, input, choose),
    );
    heading.focus({ preventScroll: true });
  }

  async #read(file) {
    const { t } = this.app;
    const told = el("p", { class: "verdict" }, t("practice.spot_reading", { time: minutes(0) }));
    const stop = el("button", { type: "button", onclick: this.back }, t("practice.spot_cancel"));
    this.stage.replaceChildren(backButton(t, this.back), el("h2", {}, t("practice.spot")), told, stop);
    stop.focus();
    this.app.announce(told.textContent); // once: how far it is changes many times a second
    const answers = [];
    let isClip = false;
    try {
      const warning = await readFile(file, {
        language: this.app.language(),
        signal: this.#reading.signal,
        onKind: (found) => (isClip = found),
        onAnswer: (answer) => {
          answers.push(answer);
          told.textContent = t("practice.spot_reading", { time: minutes(answer.reading.time_s ?? 0) });
        },
      });
      if (this.#isOver) return;
      const found = isClip ? toFollow(answers) : null;
      if (found) this.#ready(file, found);
      else if (warning) this.#choose(t("practice.spot_failed", { reason: warning }));
      else this.#choose(t(isClip ? "practice.spot_none" : "practice.spot_picture"));
    } catch (error) {
      if (!this.#isOver) this.#choose(t("practice.spot_failed", { reason: error.reason || (error.key ? t(error.key) : error.message) }));
    }
  }

  #ready(file, found) {
    const { t } = this.app;
    this.found = found;
    this.#url = URL.createObjectURL(file);
    this.video = el("video", { class: "clip", playsinline: true, src: this.#url, "aria-label": t("practice.spot") });
    this.video.muted = true; // a voice would tell
    this.video.addEventListener("error", () => !this.#isOver && this.#choose(t("practice.spot_cannot_play")), { once: true });
    this.video.addEventListener("ended", () => this.#end(), { once: true });
    const place = t(`practice.place_${found.place}`);
    const told = found.isAlone ? t("practice.spot_ready_one") : t("practice.spot_ready", { place });
    this.press = el("button", { type: "button", class: "main press", onclick: () => this.#play() }, t("practice.spot_play"));
    this.told = el("p", { class: "quiet", role: "status" }, told);
    this.stage.replaceChildren(backButton(t, this.back), el("h2", {}, t("practice.spot")), el("div", { class: "spot" }, this.video, this.told, this.press));
    this.press.focus();
  }

  async #play() {
    const { t } = this.app;
    if (!this.video.paused) return this.#pressed();
    try {
      await this.video.play();
    } catch {
      return; // its own error event says why
    }
    this.press.replaceChildren(t("practice.spot_press"), el("span", { class: "key" }, t("practice.spot_key")));
    for (const name of ["keydown", "keyup"]) document.addEventListener(name, this.onKey, true);
  }

  /** Space counts when it goes down, wherever the focus is, except on another control. */
  #key(event) {
    const isElsewhere = event.target !== this.press && event.target.closest("button, a, input, select, textarea, summary");
    if (event.key !== " " || isElsewhere || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault(); // on keyup too, where a button would be clicked
    event.stopPropagation(); // the space bar saves a face elsewhere
    if (event.type === "keydown" && !event.repeat) this.#pressed();
  }

  #pressed() {
    this.#presses.push(this.video.currentTime);
    this.press.classList.add("is-pressed");
    setTimeout(() => this.press.classList.remove("is-pressed"), 250);
  }

  #end() {
    if (this.#isOver) return;
    const { changes } = this.found;
    const { hits, extra } = score(changes, this.#presses);
    const answers = [
      ...changes.map(({ after }, index) => ({ asked: after, answered: hits[index] === null ? "" : after, right: hits[index] !== null })),
      ...extra.map(() => ({ asked: "", answered: "press", right: false })),
    ];
    const seconds = this.video.duration;
    this.stop();
    this.finish(answers, { changes, hits, extra, seconds });
  }
}

/** What happened, over the clip: changes above the line, presses below; and the same as a list. */
export function spotDetails(t, { changes, hits, extra, seconds }) {
  const x = (time) => 8 + (584 * Math.min(time, seconds)) / seconds;
  const line = svg("path", { d: "M8 30H592", class: "spot-line" });
  const marks = changes.map(({ time }, index) => svg("circle", { cx: x(time), cy: 18, r: 6, class: hits[index] === null ? "spot-change" : "spot-change is-hit" }));
  const presses = [...hits.filter((time) => time !== null), ...extra].map((time) => svg("path", { d: `M${x(time)} 36l5 9h-10z`, class: "spot-press" }));
  const said = changes.map(({ time, before, after }, index) =>
    el(
      "li",
      {},
      el("strong", {}, t(hits[index] === null ? "practice.spot_passed" : "practice.spot_caught")),
      " ",
      t("practice.spot_at", { time: minutes(time), before: word(t, before), after: word(t, after) }),
    ),
  );
  const others = extra.map((time) => el("li", { class: "quiet" }, t("practice.spot_pressed", { time: minutes(time) })));
  return [
    svg("svg", { viewBox: "0 0 600 52", class: "spot-timeline", role: "img", "aria-label": t("practice.spot_timeline") }, line, marks, presses),
    el("ul", { class: "spot-list" }, said, others),
  ];
}
