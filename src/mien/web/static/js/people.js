// Ten little people, each with the face of the word that they would say: { happy: 8, neutral: 2 } of ten.

import { colourOf, sign } from "./faces.js";
import { el, svg } from "./dom.js";

const BODY = "M2 22q0 -16 18 -16t18 16z";

/** The word for a label, such as "happy"; the label itself where a model of one's own brings one without a word. */
export function wordOf(t, label) {
  const word = t(`label.${label}`);
  return word === `label.${label}` ? label : word;
}

function person(label) {
  const body = svg("path", { d: BODY, class: "person-body" });
  body.style.fill = colourOf(label);
  const torso = svg("svg", { viewBox: "0 0 40 24", class: "person-torso", "aria-hidden": "true" }, body);
  return el("span", { class: "person" }, sign(label), torso);
}

/** A list with a row of people for each word, most first; `counts` are whole people of ten by label. */
export function people(t, counts) {
  const rows = Object.entries(counts).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
  const items = rows.map(([label, count]) => {
    const row = el("span", { class: "ten-people-row", "aria-hidden": "true" }, Array.from({ length: count }, () => person(label)));
    return el("li", {}, row, el("span", {}, t("why.people_one", { count, label: wordOf(t, label) })));
  });
  return el("ul", { class: "ten-people", role: "list" }, items);
}
