// What all games share: how far a round is, how a stage is laid out, and the result at the end.

import { api, el, svg } from "./dom.js";
import { sign } from "./faces.js";
import { word } from "./diary-chart.js";

/** "3 of 8" with a thin bar. */
export function steps(t, number, total) {
  const bar = el("span", { class: "steps-done" });
  bar.style.inlineSize = `${(100 * (number - 1)) / total}%`;
  return el("p", { class: "steps quiet" }, t("practice.step", { number, total }), el("span", { class: "steps-bar", "aria-hidden": "true" }, bar));
}

/** A button that leads back to all games. */
export function backButton(t, back) {
  return el("button", { type: "button", class: "plain back", onclick: back }, el("span", { class: "arrow", "aria-hidden": "true" }), t("practice.back"));
}

/** Keep a round; "" or why it could not be kept. */
export async function keepRound(app, { game, level = "", answers }) {
  try {
    const body = JSON.stringify({ game, level, answers });
    await api("/api/practice/rounds", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    return "";
  } catch (error) {
    return app.t("practice.not_kept", { reason: error.message });
  }
}

/** Answers by what was asked: Map label -> { asked, right }, in the order in which they came. */
export function byLabel(answers) {
  const found = new Map();
  for (const { asked, right } of answers) {
    if (!asked) continue; // a press when nothing was asked
    const sum = found.get(asked) ?? { asked: 0, right: 0 };
    found.set(asked, { asked: sum.asked + 1, right: sum.right + Number(right) });
  }
  return found;
}

/**
 * The end of a round: what was reached, by expression, and what to do next.
 * `say` is the sentence, `more` further elements, `problem` why the round is not kept; `keep`, `again` and `back` are
 * called by the buttons.
 */
export function resultPage(app, { answers, say, more = [], problem = "", keep, again, back }) {
  const { t } = app;
  const heading = el("h2", { tabindex: "-1" }, t("practice.round_done"));
  const page = el(
    "div",
    { class: "result" },
    heading,
    el("p", { class: "result-words" }, say),
    problem ? notKept(t, { problem, keep, heading }) : null,
    more,
    expressionTable(t, byLabel(answers)),
    el(
      "div",
      { class: "buttons" },
      el("button", { type: "button", class: "main", onclick: again }, t("practice.again")),
      el("button", { type: "button", onclick: back }, t("practice.back")),
    ),
  );
  return { page, heading };
}

/** Why a round is not kept, and a button to try again; `keep()` gives "" or why not. */
function notKept(t, { problem, keep, heading }) {
  const warning = (text) => el("p", { class: "warn", role: "alert" }, text);
  const again = el("button", { type: "button" }, t("diary.retry"));
  const root = el("div", {}, warning(problem), again);
  let isTrying = false; // a round is kept once
  again.addEventListener("click", async () => {
    if (isTrying) return;
    isTrying = true;
    const left = await keep();
    isTrying = false;
    root.firstChild.replaceWith(left ? warning(left) : el("p", { role: "status" }, t("diary.saved")));
    if (left) return;
    again.remove();
    heading.focus();
  });
  return root;
}

/** A row for each expression: sign, word, a bar, and "3 of 4". */
export function expressionTable(t, sums) {
  const rows = [...sums].map(([label, { asked, right }]) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, el("span", { class: "lane-word" }, sign(label), word(t, label))),
      el("td", { class: "score-bar" }, scoreBar(right / asked)),
      el("td", { class: "score" }, t("practice.score", { right, total: asked })),
    ),
  );
  return el("table", { class: "by-expression" }, el("caption", {}, t("practice.by_expression")), el("tbody", {}, rows));
}

function scoreBar(part) {
  const whole = svg("rect", { x: 0.5, y: 0.5, width: 99, height: 9, rx: 4.5, class: "score-whole" });
  const right = svg("rect", { x: 0.5, y: 0.5, width: Math.max(0, 99 * part), height: 9, rx: 4.5, class: "score-right" });
  return svg("svg", { viewBox: "0 0 100 10", class: "score-picture", "aria-hidden": "true" }, whole, part > 0 ? right : []);
}
