// One person's expressions over time: a lane for each expression, a bar for each stretch. Place tells which expression,
// filling tells whether it was sure; colour only helps. The same as a table below.

import { el, svg } from "./dom.js";
import { LABELS, colourOf, sign } from "./faces.js";
import { minutes } from "./weeks.js";

const MOMENT_S = 1; // a moment stands for this long
const PAUSE_S = 4; // a longer gap ends a stretch: nobody was seen
const WIDTH = 1000;
const BAR = 16;

/** Moments as stretches of one expression: [{ from, until, label, sure, in_ten }]; `in_ten` is the mean. */
export function stretches(moments) {
  const found = [];
  for (const { time_s, label, sure, in_ten } of moments) {
    const last = found.at(-1);
    if (last && last.label === label && last.sure === sure && time_s - last.until <= PAUSE_S) {
      last.until = time_s + MOMENT_S;
      last.votes.push(in_ten);
    } else {
      if (last) last.until = Math.min(last.until, time_s);
      found.push({ from: time_s, until: time_s + MOMENT_S, label, sure, votes: [in_ten] });
    }
  }
  return found.map(({ votes, ...one }) => ({ ...one, in_ten: Math.round(votes.reduce((a, b) => a + b) / votes.length) }));
}

/** The chart and its table for one person; `seconds` is the length of the session. */
export function personChart(t, { number, moments }, seconds) {
  const found = stretches(moments);
  const known = LABELS.filter((label) => found.some((one) => one.label === label));
  const labels = [...known, ...new Set(found.map(({ label }) => label).filter((label) => !LABELS.includes(label)))];
  return el(
    "figure",
    { class: "over-time" },
    el(
      "div",
      { class: "lanes", role: "img", "aria-label": t("diary.chart", { number: String(number) }) },
      labels.map((label) => lane(t, label, found, seconds)),
      axis(seconds),
    ),
    table(t, found),
  );
}

/** What filled and outlined bars mean. */
export function legend(t) {
  const sample = (sure) => el("span", { class: sure ? "bar-sample" : "bar-sample unsure", "aria-hidden": "true" });
  return el(
    "p",
    { class: "quiet legend" },
    el("span", {}, sample(true), t("diary.solid")),
    el("span", {}, sample(false), t("diary.dashed")),
  );
}

function lane(t, label, found, seconds) {
  const track = svg("svg", { viewBox: `0 0 ${WIDTH} ${BAR}`, preserveAspectRatio: "none", class: "track", "aria-hidden": "true" });
  for (const one of found.filter((each) => each.label === label)) {
    const x = (one.from / seconds) * WIDTH;
    const width = Math.max(3, ((one.until - one.from) / seconds) * WIDTH);
    const bar = svg("rect", { x, y: 1.5, width, height: BAR - 3, class: one.sure ? "bar" : "bar unsure" });
    if (one.sure) bar.style.fill = colourOf(label);
    track.append(bar);
  }
  return el("div", { class: "lane" }, el("span", { class: "lane-word" }, sign(label), word(t, label)), track);
}

function axis(seconds) {
  const ticks = [0, seconds / 2, seconds].map((time) => el("span", {}, minutes(time)));
  return el("div", { class: "lane axis" }, el("span", {}), el("span", { class: "ticks" }, ticks));
}

function table(t, found) {
  const head = ["diary.from", "diary.until", "diary.expression", "diary.people"];
  const rows = found.map((one) =>
    el(
      "tr",
      {},
      el("td", {}, minutes(one.from)),
      el("td", {}, minutes(one.until)),
      el("td", {}, one.sure ? word(t, one.label) : t("diary.not_sure")),
      el("td", {}, one.sure ? String(one.in_ten) : ""),
    ),
  );
  const whole = el(
    "table",
    {},
    el("thead", {}, el("tr", {}, head.map((key) => el("th", { scope: "col" }, t(key))))),
    el("tbody", {}, rows),
  );
  return el("details", {}, el("summary", {}, t("diary.table")), el("div", { class: "scrolled", tabindex: "0", role: "group", "aria-label": t("diary.table") }, whole));
}

/** The word for a label; one that the catalogue does not know stands for itself. */
export function word(t, label) {
  const key = `label.${label}`;
  const said = t(key);
  return said === key ? label : said;
}
