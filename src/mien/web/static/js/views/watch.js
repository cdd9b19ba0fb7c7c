// Watch: a source is chosen, its picture shown with quiet outlines, and each person has a card.

import { Cards } from "../cards.js";
import { el } from "../dom.js";
import { Glow } from "../glow.js";
import { listenToKeys } from "../keys.js";
import { LargePrint, stateKey } from "../large.js";
import { Overlay } from "../overlay.js";
import { Skeletons } from "../skeleton.js";
import { SmallCard } from "../pip.js";
import { saveFace } from "../save.js";
import { showTips } from "../tips.js";
import { StartPanel } from "../watch-start.js";
import { Tools } from "../watch-tools.js";

export const id = "watch";

const STARTS = { camera: "startCamera", screen: "startScreen", demo: "startDemo" };
const RATE_MS = 1000;
const NOBODY_S = 1.5; // after so long without a face, that is said

export function mount(root, app) {
  const view = new WatchView(root, app);
  return { show: () => view.show(), hide() {} };
}

class WatchView {
  #app;
  #rate = { from: 0, count: 0 };
  #seenS; // when a face was seen last, by the readings' clock: undefined before the first reading, null once that was said

  constructor(root, app) {
    this.#app = app;
    this.overlay = new Overlay();
    this.glow = new Glow();
    this.skeletons = new Skeletons();
    this.cards = new Cards(app);
    this.large = new LargePrint(app);
    this.start = new StartPanel(app, (source) => this.begin(source));
    const tasks = this.#tasks();
    this.tools = new Tools(app, tasks);
    root.append(...this.#build());
    this.#listen();
    listenToKeys(app, tasks);
    this.#drawFrame();
  }

  #build() {
    this.note = el("p", { class: "stage-note", hidden: true });
    this.rate = el("p", { class: "stage-rate", hidden: true, "aria-hidden": "true" });
    this.stage = el("div", { class: "stage", tabindex: "-1", role: "group", dataset: { wordsLabel: "watch.picture" } },
      this.#app.capture.video, this.glow.root, this.skeletons.root, this.overlay.root, this.note, this.rate);
    this.empty = el("p", { class: "nobody quiet" });
    this.people = el("div", { class: "people-here", role: "group", dataset: { wordsLabel: "watch.people_here" } }, this.cards.root, this.empty);
    this.watching = el("div", { class: "watching", hidden: true }, this.stage, this.people, this.tools.root);
    return [el("h2", { class: "visually-hidden", dataset: { words: "view.watch" } }), this.start.root, this.watching];
  }

  /** What keys and buttons do. */
  #tasks() {
    const app = this.#app;
    const { settings, t } = app;
    this.card = new SmallCard(app);
    return {
      start: (source) => this.begin(source),
      card: this.card,
      reading: () => this.#pause(),
      body: () => this.#turn("body"),
      distance: () => (app.capture.source === "screen" ? app.tell(t("watch.no_distance")) : this.#turn("distance")),
      heat: () => this.#turn("heat"),
      rate: () => this.#turn("rate"),
      tips: () => showTips(app),
      source: () => this.begin(app.capture.source === "camera" ? "screen" : "camera"),
      save: () => this.#save(),
      mute: () => {
        app.cues.mute(!app.cues.isMuted);
        app.tell(t(app.cues.isMuted ? "watch.muted" : "watch.unmuted"));
      },
      large: () => this.#turnLarge(),
      stop: () => (this.large.isShown ? this.large.turn(false) : app.capture.stop()),
    };
  }

  #listen() {
    const { bus, settings } = this.#app;
    bus.addEventListener("source", () => this.#drawFrame());
    const { video } = this.#app.capture;
    video.addEventListener("resize", () => {
      if (video.videoHeight) this.stage.style.setProperty("--ratio", (video.videoWidth / video.videoHeight).toFixed(4));
    });
    bus.addEventListener("people", () => this.#drawPeople());
    bus.addEventListener("reading", () => this.#countRate());
    bus.addEventListener("steady", ({ detail }) => this.#sayWord(detail));
    bus.addEventListener("moved", ({ detail }) => this.#say(detail.person, detail.distance));
    bus.addEventListener("lost", ({ detail }) => this.#lose(detail));
    for (const event of ["connection", "paused", "words"]) bus.addEventListener(event, () => this.#drawState());
    bus.addEventListener("rate", () => (this.rate.hidden = !settings.get("rate", false)));
    settings.addEventListener("change", ({ detail }) => detail.name === "mirrored" && this.#mirror());
  }

  show() {
    this.start.draw();
  }

  /** Begin a source; what goes wrong is said in words where the choice is. */
  async begin(source) {
    const { capture, live } = this.#app;
    if (live.isPaused) live.pause(false);
    this.start.draw(null);
    try {
      await capture[STARTS[source]]();
      // Where the button that was pressed is gone, keys may act.
      if (!this.watching.contains(document.activeElement)) this.stage.focus({ preventScroll: true });
    } catch (error) {
      const problem = error.key ? { key: error.key } : { text: error.message };
      if (capture.source) this.#app.tell(problem.text ?? this.#app.t(problem.key));
      else this.start.draw(problem);
    }
  }

  #turn(setting) {
    const { settings, t } = this.#app;
    const isOn = !settings.get(setting, false);
    settings.set(setting, isOn);
    this.#app.emit(setting);
    this.#sayOfKey(t(isOn ? "watch.turned_on" : "watch.turned_off", { what: t(`watch.do.${setting}`) }));
  }

  #pause() {
    const { live, capture, t } = this.#app;
    if (!capture.source) return;
    live.pause(!live.isPaused);
    if (!live.isPaused) this.#sayOfKey(t("watch.reading_on"));
  }

  /** A button that has the focus tells its own state; a key has none. */
  #sayOfKey(text) {
    if (!document.activeElement?.matches("button")) this.#app.announce(text);
  }

  #lose(problem) {
    this.start.draw(problem);
    if (this.#app.current !== "watch") this.#app.tell(this.#app.t(problem.key));
  }

  #turnLarge() {
    const { capture, t } = this.#app;
    if (!capture.source) return this.#app.tell(t("watch.start_first"));
    this.large.turn(!this.large.isShown);
  }

  async #save() {
    const { t } = this.#app;
    const isSaved = await saveFace(this.#app).catch(() => false);
    this.#app.tell(t(isSaved ? "watch.saved" : "watch.nothing_to_save"));
  }

  #drawFrame() {
    const { source } = this.#app.capture;
    const { activeElement, body } = document;
    const hadFocus = this.watching.contains(activeElement) || (activeElement === body && this.#app.current === id);
    this.start.root.hidden = Boolean(source);
    this.watching.hidden = !source;
    this.#seenS = undefined;
    this.#clear();
    this.#mirror();
    this.tools.draw();
    this.#drawPeople();
    this.#drawState();
    if (source) return;
    this.#app.hush();
    this.start.draw();
    if (hadFocus) this.start.root.querySelector("button")?.focus();
  }

  #clear() {
    for (const layer of [this.overlay, this.glow, this.skeletons]) layer.clear();
  }

  #mirror() {
    this.stage.classList.toggle("mirrored", this.#app.capture.isMirrored);
  }

  #drawPeople() {
    const { people, live, capture } = this.#app;
    this.cards.draw(people.list(), people.nowS);
    if (live.last && live.isOpen && !live.isPaused) { // else what was read before says nothing about now
      this.overlay.draw(live.last.reading, people.here(), capture.isMirrored);
      this.glow.draw(live.last.reading, live.last.heat, capture.isMirrored);
      this.skeletons.draw(live.last.reading, capture.isMirrored);
    } else this.#clear();
    this.#write(this.empty, this.#app.t(stateKey(live)));
    this.#hideEmpty();
    this.#sayNobody();
  }

  /** What hinders: a connection that is being made again, a token that is asked for, a pause. */
  #drawState() {
    const { live, t } = this.#app;
    const isTrouble = live.isPaused || ["again", "refused", "token"].includes(live.state);
    const key = live.isPaused || live.state === "token" ? stateKey(live) : "watch.again";
    const why = live.state === "again" && !live.isPaused ? live.detail : ""; // such as too many that are connected
    const text = live.state === "refused" ? live.detail : [t(key), why].filter(Boolean).join(" ");
    this.note.hidden = !isTrouble || !this.#app.capture.source;
    if (!this.note.hidden && this.note.textContent !== text) this.#app.announce(text);
    this.#write(this.note, this.note.hidden ? "" : text);
    this.stage.classList.toggle("resting", !this.note.hidden);
    this.#write(this.empty, t(stateKey(live)));
    this.#hideEmpty();
  }

  // What stands on the picture need not be said beside it too.
  #hideEmpty() {
    this.empty.hidden = this.#app.people.list().length > 0 || !this.note.hidden;
  }

  #countRate() {
    const now = performance.now();
    this.#rate.count += 1;
    if (now - this.#rate.from < RATE_MS) return;
    const perS = (this.#rate.count * 1000) / (now - this.#rate.from);
    const { latencies } = window.mienStats;
    const delay = Math.round(latencies.at(-1) ?? 0);
    if (this.#rate.from) this.#write(this.rate, this.#app.t("watch.rate", { count: Math.round(perS), delay }));
    this.#rate = { from: now, count: 0 };
    this.rate.hidden = !this.#app.settings.get("rate", false);
  }

  // Screen readers hear changes that last, not frames.
  #sayWord({ person, sure }) {
    const { people, t } = this.#app;
    const seen = people.all.get(person);
    const { doubts } = seen.words;
    const title = seen.said(t);
    this.#say(person, sure || !doubts.length ? title : t("watch.unsure_says", { title, doubts: doubts.join(", ") }));
  }

  #say(person, words) {
    const { people, t, current } = this.#app;
    if (current !== "watch") return;
    const text = people.here().length === 1 ? words : t("watch.person_says", { number: person, words });
    this.#app.announce(text, `person ${person}`);
  }

  #sayNobody() {
    const { people, live, t, current } = this.#app;
    if (people.here().length) this.#seenS = people.nowS;
    else if (this.#seenS === undefined) this.#seenS = live.last ? people.nowS : undefined;
    else if (this.#seenS !== null && people.nowS - this.#seenS > NOBODY_S) {
      this.#seenS = null;
      if (current !== "watch") return;
      this.#app.hush(); // what waits to be said of those who were there
      this.#app.announce(t("watch.nobody"));
    }
  }

  #write(one, text) {
    if (one.textContent !== text) one.textContent = text;
  }
}
