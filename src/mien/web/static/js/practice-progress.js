// Progress: for each game, the part that was right in each of the last eight weeks; and the scores by expression.

import { el, svg } from "./dom.js";
import { LABELS } from "./faces.js";
import { expressionTable } from "./practice-round.js";
import { dates, lastWeeks, percent, weekOf } from "./weeks.js";

export const GAMES = ["guess", "show", "spot"];
const COLUMN = 40;
const HEIGHT = 90;

/** Asked and right by week: [{ asked, right, rounds }] for each of `weeks`. */
export function weekSums(rounds, weeks) {
  const sums = weeks.map(() => ({ asked: 0, right: 0, rounds: 0 }));
  for (const { ended, labels } of rounds) {
    const sum = sums[weekOf(ended, weeks)];
    if (!sum) continue;
    sum.rounds += 1;
    for (const [label, { asked, right }] of Object.entries(labels)) {
      if (!label) continue; // presses when nothing had changed
      sum.asked += asked;
      sum.right += right;
    }
  }
  return sums;
}

/** The charts, tables and scores; an empty state where there is no round yet. */
export function progressSection(t, language, rounds) {
  if (!rounds.length) return [el("p", { class: "quiet" }, t("practice.progress_empty"))];
  const weeks = lastWeeks();
  const charts = GAMES.map((game) => [game, rounds.filter((round) => round.game === game)])
    .filter(([, played]) => played.length)
    .map(([game, played]) => gameChart(t, language, { game, played, weeks }));
  return [el("div", { class: "progress-charts" }, charts), expressionTable(t, allByLabel(rounds))];
}

function allByLabel(rounds) {
  const found = new Map(LABELS.map((label) => [label, { asked: 0, right: 0 }]));
  for (const { labels } of rounds) {
    for (const [label, { asked, right }] of Object.entries(labels)) {
      if (!label) continue;
      const sum = found.get(label) ?? { asked: 0, right: 0 };
      found.set(label, { asked: sum.asked + asked, right: sum.right + right });
    }
  }
  return new Map([...found].filter(([, { asked }]) => asked > 0));
}

function gameChart(t, language, { game, played, weeks }) {
  const sums = weekSums(played, weeks);
  const { day } = dates(language);
  const bars = sums.flatMap(({ asked, right }, index) => bar(index, asked ? right / asked : null));
  const width = COLUMN * weeks.length;
  const base = svg("path", { d: `M0 ${HEIGHT}.5H${width}`, class: "chart-base" });
  return el(
    "figure",
    { class: "panel progress-chart" },
    el("figcaption", {}, el("strong", {}, t(`practice.${game}`)), el("span", { class: "quiet" }, t("practice.rounds", { count: played.length }))),
    el(
      "div",
      { class: "chart", role: "img", "aria-label": t("practice.progress_chart") },
      svg("svg", { viewBox: `0 0 ${width} ${HEIGHT + 1}`, "aria-hidden": "true" }, base, bars),
      el("div", { class: "ticks", "aria-hidden": "true" }, el("span", {}, day(weeks[0])), el("span", {}, day(weeks.at(-1)))),
    ),
    weekTable(t, language, { sums, weeks }),
  );
}

function bar(index, part) {
  const x = index * COLUMN + 6;
  if (part === null) return [];
  const height = Math.max(3, part * HEIGHT);
  const whole = svg("rect", { x, y: 0, width: COLUMN - 12, height: HEIGHT, rx: 4, class: "chart-whole" });
  const right = svg("rect", { x, y: HEIGHT - height, width: COLUMN - 12, height, rx: 4, class: "chart-right" });
  return [whole, right];
}

function weekTable(t, language, { sums, weeks }) {
  const { day } = dates(language);
  const rows = sums.map(({ asked, right }, index) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, t("practice.week_of", { date: day(weeks[index]) })),
      el("td", {}, asked ? t("practice.score", { right, total: asked }) : t("practice.no_round")),
      el("td", {}, asked ? percent(right / asked, language) : ""),
    ),
  );
  return el("details", {}, el("summary", {}, t("practice.progress_table")), el("table", {}, el("tbody", {}, rows)));
}
