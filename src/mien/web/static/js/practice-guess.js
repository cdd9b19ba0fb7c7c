// Guess: a face, two to four words, then what people said of it and what to look for. The answer comes from the server,
// and only after the person has answered.

import { api, el, svg } from "./dom.js";
import { colourOf, sign } from "./faces.js";
import { word } from "./diary-chart.js";
import { backButton, steps } from "./practice-round.js";

export const QUESTIONS = 8;
const LEVELS = ["easy", "medium", "hard"];
const CHOICES = [2, 3, 4];

/** The page before a round: how clear, and how many words. `start({ level, choices })` begins. */
export function guessSetup(app, { levels, has_votes: hasVotes }, { start, back }) {
  const { t, settings } = app;
  const there = LEVELS.filter((level) => levels[level] > 0);
  const kept = settings.get("practice.level", "easy");
  const form = el(
    "form",
    { class: "setup", onsubmit: begin },
    hasVotes ? el("fieldset", {}, el("legend", {}, t("practice.level")), LEVELS.map((level) => levelChoice(level))) : null,
    el("fieldset", {}, el("legend", {}, t("practice.choices")), el("div", { class: "choice-row" }, CHOICES.map((count) => countChoice(count)))),
    el("button", { type: "submit", class: "main" }, t("practice.start")),
  );
  function levelChoice(level) {
    const isThere = there.includes(level);
    const checked = level === (there.includes(kept) ? kept : there[0]);
    const text = isThere ? t(`practice.level_${level}_means`) : t("practice.level_empty");
    return el(
      "label",
      { class: "choice" },
      el("input", { type: "radio", name: "level", value: level, checked, disabled: !isThere }),
      el("span", {}, t(`practice.level_${level}`), el("span", { class: "quiet below" }, text)),
    );
  }
  function countChoice(count) {
    const checked = count === settings.get("practice.choices", 3);
    return el("label", { class: "choice" }, el("input", { type: "radio", name: "choices", value: count, checked }), String(count));
  }
  function begin(event) {
    event.preventDefault();
    const chosen = new FormData(form);
    const level = chosen.get("level") ?? there[0];
    const choices = Number(chosen.get("choices") ?? 3);
    settings.set("practice.level", level);
    settings.set("practice.choices", choices);
    start({ level, choices });
  }
  return el("div", {}, backButton(t, back), el("h2", { tabindex: "-1" }, t("practice.guess")), el("p", {}, t("practice.guess_what")), form);
}

/** A round on `stage`; `finish(answers)` at its end. */
export class GuessRound {
  #answers = [];
  #isOver = false;

  constructor(app, stage, { level, choices, finish, back, fail }) {
    Object.assign(this, { app, stage, level, choices, finish, back, fail });
    this.#ask();
  }

  stop() {
    this.#isOver = true;
  }

  async #ask() {
    try {
      const question = await api(`/api/practice/question?level=${this.level}&choices=${this.choices}`);
      if (!this.#isOver) this.#draw(question);
    } catch (error) {
      if (this.#isOver) return;
      if (this.#answers.length) this.#trouble(error, () => this.#ask());
      else this.fail(error);
    }
  }

  #draw({ question, face, choices }) {
    const { t } = this.app;
    const heading = el("h2", { tabindex: "-1" }, t("practice.which"));
    const buttons = choices.map((label) =>
      el("button", { type: "button", class: "word", dataset: { label }, onclick: () => this.#answer(question, label) }, word(t, label)),
    );
    this.buttons = buttons;
    this.told = el("div", { class: "told", role: "status" });
    this.next = el("div");
    this.stage.replaceChildren(
      backButton(t, this.back),
      el(
        "div",
        { class: "guess" },
        el("figure", { class: "face" }, el("img", { src: face, alt: t("practice.face"), width: 384, height: 384 }), el("figcaption", { class: "quiet" }, t("practice.enlarged"))),
        el("div", { class: "ask" }, steps(t, this.#answers.length + 1, QUESTIONS), heading, el("div", { class: "words" }, buttons), this.told, this.next),
      ),
    );
    heading.focus({ preventScroll: true });
  }

  async #answer(question, label) {
    if (this.buttons.some((button) => button.getAttribute("aria-disabled"))) return;
    for (const button of this.buttons) button.setAttribute("aria-disabled", "true");
    await this.#send(question, label);
  }

  async #send(question, label) {
    try {
      const headers = { "Content-Type": "application/json" };
      const told = await api("/api/practice/answer", { method: "POST", headers, body: JSON.stringify({ question, answer: label }) });
      if (this.#isOver) return;
      this.#answers.push({ asked: told.answer, answered: label, right: told.right });
      this.#tell(label, told);
    } catch (error) {
      if (this.#isOver) return;
      // What the server has forgotten, as when it was started anew, it cannot be asked again.
      this.#trouble(error, error.status ? () => this.#ask() : () => this.#send(question, label));
    }
  }

  /** What could not be done, and a button to do it again: the answers so far stay. */
  #trouble(error, again) {
    const { t } = this.app;
    const button = el("button", { type: "button", class: "main" }, t("diary.retry"));
    button.addEventListener("click", again, { once: true }); // a second answer would be refused
    this.next.replaceChildren(el("p", { class: "warn", role: "alert" }, error.message), button);
    button.focus();
  }

  #tell(label, told) {
    const { t } = this.app;
    for (const button of this.buttons) {
      button.classList.toggle("right", button.dataset.label === told.answer);
      button.classList.toggle("chosen", button.dataset.label === label);
    }
    const hint = `practice.hint.${told.answer}`;
    this.told.replaceChildren(
      el("p", { class: "verdict" }, sign(told.answer), el("strong", {}, verdict(t, told))),
      people(t, told.people),
      el("p", {}, said(t, told)),
      el("p", {}, el("strong", {}, t("practice.look_for")), " ", t(hint)),
    );
    const isLast = this.#answers.length === QUESTIONS;
    const go = () => (isLast ? this.finish(this.#answers) : this.#ask());
    const button = el("button", { type: "button", class: "main", onclick: go }, t(isLast ? "practice.finish" : "practice.next"));
    this.next.replaceChildren(button);
    button.focus();
  }
}

function verdict(t, { right, answer, people: votes }) {
  const label = word(t, answer);
  if (right) return t("practice.right", { label });
  return t(Object.keys(votes).length ? "practice.other" : "practice.other_label", { label });
}

/** What people said, in sentences. */
function said(t, { people: votes }) {
  const [first, ...others] = Object.entries(votes);
  if (!first) return t("practice.by_label");
  const total = Object.values(votes).reduce((a, b) => a + b, 0);
  const sentences = [t("practice.people_said", { count: first[1], total, label: word(t, first[0]) })];
  for (const [label, count] of others) sentences.push(t("practice.also_said", { count, label: word(t, label) }));
  return sentences.join(t("between_sentences"));
}

/** A little figure for each person, in the colour of their word, grouped by it; the sentence beside says the same. */
function people(t, votes) {
  const groups = Object.entries(votes).map(([label, count]) =>
    el("span", { class: "people-group" }, Array.from({ length: count }, () => figure(label)), el("span", { class: "quiet" }, word(t, label))),
  );
  return groups.length ? el("div", { class: "people", "aria-hidden": "true" }, groups) : null;
}

function figure(label) {
  const body = svg("path", { d: "M10 1.5a4.500 4.500 0 1 1 0 9a4.500 4.500 0 1 1 0 -9zM2 25v-6a8 7 0 0 1 16 0v6z", class: "person-figure" });
  body.style.fill = colourOf(label);
  return svg("svg", { viewBox: "0 0 20 26" }, body);
}
