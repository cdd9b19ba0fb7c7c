// Eight weeks at a glance: a row for each expression, a column for each week, a dot as large as its share of the week.
// It is a table: place and size tell everything, and each cell has its number.

import { el, svg } from "./dom.js";
import { LABELS, NOT_SURE, colourOf, sign } from "./faces.js";
import { word } from "./diary-chart.js";
import { dates, lastWeeks, percent, weekOf } from "./weeks.js";

const FIELD = 40; // px of a cell's picture; the largest share of all fills it

/** Moments of each of `weeks` by label: [{ happy: 12, ... }]. */
export function byWeek(sessions, weeks) {
  const found = weeks.map(() => ({}));
  for (const { began, labels } of sessions) {
    const week = found[weekOf(began, weeks)];
    if (!week) continue;
    for (const [label, count] of Object.entries(labels)) week[label] = (week[label] ?? 0) + count;
  }
  return found;
}

/** The table, or null where nothing was read in these weeks. */
export function weeksTable(t, language, sessions) {
  const weeks = lastWeeks();
  const counts = byWeek(sessions, weeks);
  const seen = new Set(counts.flatMap((week) => Object.keys(week)));
  if (!seen.size) return null;
  const strange = [...seen].filter((label) => !LABELS.includes(label) && label !== NOT_SURE);
  const labels = [...LABELS.filter((label) => seen.has(label)), ...strange, ...(seen.has(NOT_SURE) ? [NOT_SURE] : [])];
  const totals = counts.map((week) => Object.values(week).reduce((a, b) => a + b, 0));
  const parts = counts.map((week, index) => Object.fromEntries(labels.map((label) => [label, (week[label] ?? 0) / (totals[index] || 1)])));
  const most = Math.max(...parts.flatMap((week) => Object.values(week)));
  const rows = labels.map((label) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, el("span", { class: "lane-word" }, sign(label), label === NOT_SURE ? t("diary.not_sure") : word(t, label))),
      parts.map((week) => cell(language, { label, part: week[label], most })),
    ),
  );
  return el("table", { class: "weeks" }, head(t, language, weeks, totals), el("tbody", {}, rows));
}

function head(t, language, weeks, totals) {
  const { day } = dates(language);
  const columns = weeks.map((week, index) => {
    const said = totals[index] ? t("diary.week_of", { date: day(week) }) : `${t("diary.week_of", { date: day(week) })}: ${t("diary.nothing_read")}`;
    return el(
      "th",
      { scope: "col", class: totals[index] ? null : "nothing" },
      el("span", { "aria-hidden": "true" }, day(week)),
      el("span", { class: "visually-hidden" }, said),
    );
  });
  const corner = el("th", { scope: "col" }, el("span", { class: "visually-hidden" }, t("diary.expression")));
  return el("thead", {}, el("tr", {}, corner, columns));
}

function cell(language, { label, part, most }) {
  const said = el("span", { class: part ? "share" : "visually-hidden" }, percent(part, language));
  if (!part) return el("td", {}, said);
  // By area: twice as often is a dot of twice the area.
  const dot = svg("circle", { cx: FIELD / 2, cy: FIELD / 2, r: Math.max(2.5, Math.sqrt(part / most) * (FIELD / 2 - 2)), class: "dot" });
  dot.style.fill = colourOf(label);
  return el("td", {}, svg("svg", { viewBox: `0 0 ${FIELD} ${FIELD}`, class: "dot-field", "aria-hidden": "true" }, dot), said);
}
