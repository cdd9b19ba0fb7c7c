// Practice: three games, each in short rounds, and progress over weeks. This module shows the games and hands the stage
// to the one that is played.

import { api, el } from "../dom.js";
import { confirmed } from "../confirm.js";
import { sign } from "../faces.js";
import { GuessRound, guessSetup } from "../practice-guess.js";
import { progressSection } from "../practice-progress.js";
import { keepRound, resultPage } from "../practice-round.js";
import { ShowRound } from "../practice-show.js";
import { SpotRound, spotDetails } from "../practice-spot.js";

export const id = "practice";

const GAMES = { guess: ["neutral", "surprise"], show: ["happy"], spot: ["sad", "happy"] }; // and the signs on their cards
const LOOK_AGAIN_MS = 700; // while faces are read

export function mount(root, app) {
  const view = new PracticeView(root, app);
  app.bus.addEventListener("words", () => view.wordsChanged());
  return { show: () => view.show(), hide: () => view.hide() };
}

class PracticeView {
  #round = null;
  #isShown = false;
  #timer = 0;
  #asked = 0; // counts visits, so that an answer that comes too late shows nothing

  constructor(root, app) {
    Object.assign(this, { root, app });
    this.stage = el("div", { class: "practice" });
    this.root.append(this.stage);
  }

  show() {
    this.#isShown = true;
    return this.#home();
  }

  hide() {
    this.#isShown = false;
    this.#leave();
  }

  wordsChanged() {
    if (this.#isShown) this.#home(); // a round in another language begins anew
  }

  #leave() {
    clearTimeout(this.#timer);
    this.#asked += 1;
    this.#round?.stop();
    this.#round = null;
  }

  async #home({ focus = "", problem = "" } = {}) {
    this.#leave();
    const mine = this.#asked;
    try {
      const [games, rounds] = await Promise.all([api("/api/practice"), api("/api/practice/progress").catch((error) => error)]);
      if (mine !== this.#asked) return;
      this.#drawHome(games, rounds, problem);
      if (focus) (this.stage.querySelector(`[data-game="${focus}"]`) ?? this.stage.querySelector("h2")).focus();
      this.#watchFaces(games.guess);
    } catch (error) {
      if (mine === this.#asked) this.#drawProblem(error, focus);
    }
  }

  #drawProblem(error, focus) {
    const { t } = this.app;
    const reason = t("practice.unavailable", { reason: error.message });
    const again = el("button", { type: "button", onclick: () => this.#home({ focus: focus || "guess" }) }, t("diary.retry"));
    this.stage.replaceChildren(el("h2", {}, t("practice.title")), el("p", { class: "warn", role: "alert" }, reason), again);
    if (focus) again.focus(); // what had the focus is gone
  }

  #drawHome(games, rounds, problem) {
    const { t } = this.app;
    const failed = rounds instanceof Error ? t("practice.unavailable", { reason: rounds.message }) : problem;
    const progress = rounds instanceof Error ? [] : progressSection(t, this.app.language(), rounds);
    this.stage.replaceChildren(
      el("h2", { tabindex: "-1" }, t("practice.title")),
      el("p", {}, t("practice.what")),
      failed ? el("p", { class: "warn", role: "alert" }, failed) : "",
      el("ul", { class: "games" }, Object.keys(GAMES).map((game) => this.#card(game, games[game]))),
      el("h3", {}, t("practice.progress")),
      ...progress,
      rounds.length ? el("div", { class: "buttons foot" }, this.#deleteButton()) : "",
    );
  }

  #card(game, about) {
    const { t } = this.app;
    const isReady = about.state === "ready";
    const play = el(
      "button",
      { type: "button", class: "main", dataset: { game }, "aria-label": t("practice.play_game", { game: t(`practice.${game}`) }), onclick: () => this.#begin(game, about) },
      t("practice.play"),
    );
    const why = el("p", { class: "quiet why-not" }, isReady ? "" : this.#whyNot(about));
    const bar = about.state === "loading" ? el("progress", { max: "1", value: about.done, "aria-label": t("practice.guess") }) : null;
    if (game === "guess") this.guessCard = { why, bar };
    return el(
      "li",
      { class: "panel game" },
      el("span", { class: "game-signs" }, GAMES[game].map((label) => sign(label))),
      el("h3", {}, t(`practice.${game}`)),
      el("p", {}, t(`practice.${game}_what`)),
      isReady ? null : why,
      bar,
      isReady ? play : null,
    );
  }

  #whyNot({ state, reason, done }) {
    const { t } = this.app;
    if (state === "loading") return t("practice.faces_loading", { percent: Math.floor(100 * done) });
    if (state === "broken") return t("practice.faces_broken", { reason });
    return t(state === "no votes" ? "practice.faces_no_votes" : "practice.faces_none");
  }

  /** While faces are read: the card says how far, and the rest of the page stays as it is. */
  #watchFaces(guess) {
    if (guess.state !== "loading") return;
    const mine = this.#asked;
    this.#timer = setTimeout(async () => {
      const games = await api("/api/practice").catch(() => null);
      if (mine !== this.#asked) return;
      if (games && games.guess.state !== "loading") return this.#home({ focus: document.activeElement?.dataset.game });
      if (games) {
        this.guessCard.why.textContent = this.#whyNot(games.guess);
        this.guessCard.bar.value = games.guess.done;
      }
      this.#watchFaces(guess);
    }, LOOK_AGAIN_MS);
  }

  #begin(game, about) {
    this.#leave();
    const back = () => this.#home({ focus: game });
    if (game === "guess") {
      this.stage.replaceChildren(guessSetup(this.app, about, { back, start: (chosen) => this.#play(game, chosen) }));
      this.stage.querySelector("h2").focus({ preventScroll: true });
    } else this.#play(game, {});
  }

  #play(game, chosen) {
    this.#leave();
    const back = () => this.#home({ focus: game });
    const fail = (error) => this.#home({ focus: game, problem: this.app.t("practice.unavailable", { reason: error.message }) });
    const finish = (answers, details) => this.#finish(game, { answers, details, chosen });
    const Round = { guess: GuessRound, show: ShowRound, spot: SpotRound }[game];
    this.#round = new Round(this.app, this.stage, { ...chosen, finish, back, fail });
  }

  async #finish(game, { answers, details, chosen }) {
    if (!this.#round) return; // it was pressed twice
    this.#leave();
    const mine = this.#asked;
    const keep = () => keepRound(this.app, { game, level: chosen.level, answers });
    const problem = await keep();
    if (mine !== this.#asked) return;
    const { t } = this.app;
    const asked = answers.filter((one) => one.asked);
    const right = asked.filter((one) => one.right).length;
    const say = [t(`practice.${game}_result`, { count: right, total: asked.length })];
    if (details?.extra.length) say.push(t("practice.spot_extra", { count: details.extra.length }));
    const { page, heading } = resultPage(this.app, {
      answers,
      say: say.join(t("between_sentences")),
      more: details ? spotDetails(t, details) : [],
      problem,
      keep,
      again: () => this.#play(game, chosen),
      back: () => this.#home({ focus: game }),
    });
    this.stage.replaceChildren(page);
    heading.focus();
  }

  #deleteButton() {
    const { t } = this.app;
    const keys = { title: "practice.progress_delete_sure", text: "practice.progress_delete_means", yes: "diary.delete_yes", no: "diary.delete_no" };
    const ask = async () => {
      if (!(await confirmed(t, keys))) return;
      const problem = await api("/api/practice/progress", { method: "DELETE" }).then(() => "", (error) => error.message);
      await this.#home({ focus: "show", problem: problem && t("practice.unavailable", { reason: problem }) });
      if (!problem) this.app.announce(t("diary.deleted"));
    };
    return el("button", { type: "button", class: "danger", onclick: ask }, t("practice.progress_delete"));
  }
}
