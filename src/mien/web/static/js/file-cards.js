// The faces of a picture or of a clip's moment: a card each, and outlines over the picture. Words are made from the
// Reading with the page's own catalogue, so that they follow its language.

import { el, svg } from "./dom.js";
import { colourOf, NOT_SURE, sign } from "./faces.js";
import { wordOf } from "./people.js";

/** What a card says of a face of a Reading: as the server's `face_parts`. */
export function partsOf(t, { expression }) {
  if (!expression) return { title: t("not_read"), people: "", doubts: [], label: NOT_SURE, isSure: false };
  const { label, sure: isSure } = expression;
  const doubts = expression.doubts.map((doubt) => known(t, `short.${doubt}`, doubt));
  const title = isSure ? known(t, `looks.${label}`, t("looks", { label })) : t("not_sure");
  const people = isSure ? t("people", { count: inTen(expression) }) : "";
  return { title, people, doubts, label: isSure ? label : NOT_SURE, isSure };
}

/** How many of ten would say the leading word: as the server counts. */
export function inTen({ votes, label }) {
  return Math.max(1, Math.min(10, Math.floor(10 * (votes[label] ?? 0) + 0.5)));
}

/** What to call `count` faces from left to right. */
export function placeNames(t, count) {
  const few = { 1: ["only"], 2: ["left", "right"], 3: ["left", "middle", "right"] };
  if (count in few) return few[count].map((name) => t(`place.${name}`));
  return Array.from({ length: count }, (_, at) => known(t, `place.${at + 1}`, t("place.n", { place: at + 1 })));
}

/** "What most would say" of someone who is not sure: the word that leads, for the second line of a card. */
function guessOf(t, { expression }) {
  if (!expression || expression.sure) return "";
  return t("files.perhaps", { label: wordOf(t, expression.label) });
}

/**
 * A card for one face. `update(face)` changes what it says without being built anew; null: not in the picture.
 * `onWhy()` is called by its button, `onPoint(isPointed)` when it is pointed at or has focus.
 */
export function faceCard(t, { name, number, onWhy, onPoint = () => {} }) {
  const badge = number ? el("span", { class: "file-badge", "aria-hidden": "true" }, String(number)) : null;
  const picture = el("span", { class: "file-card-sign" });
  const title = el("p", { class: "file-card-title" });
  const people = el("p", { class: "file-card-people" });
  const doubts = el("p", { class: "file-card-doubts" });
  const why = el("button", { type: "button", class: "file-card-why" }, t("why.open"));
  why.addEventListener("click", () => why.getAttribute("aria-disabled") || onWhy());
  const words = el("div", { class: "file-card-words" }, el("p", { class: "file-card-name" }, badge, name), title, people, doubts);
  const card = el("li", { class: "file-card" }, picture, words, why);
  for (const type of ["pointerenter", "focusin"]) card.addEventListener(type, () => onPoint(true));
  for (const type of ["pointerleave", "focusout"]) card.addEventListener(type, () => onPoint(false));

  const update = (face, canExplain = true) => {
    const parts = face ? partsOf(t, face) : { title: t("files.away"), people: "", doubts: [], label: NOT_SURE };
    why.hidden = !canExplain;
    // Not hidden while there is nothing to explain: a person comes and goes as the clip plays, and focus would be lost.
    if (face?.expression) why.removeAttribute("aria-disabled");
    else why.setAttribute("aria-disabled", "true");
    const said = JSON.stringify(parts);
    if (card.dataset.said === said) return;
    card.dataset.said = said;
    card.classList.toggle("away", !face);
    card.style.setProperty("--looks", colourOf(parts.label));
    picture.replaceChildren(sign(parts.label));
    title.textContent = parts.title;
    people.textContent = parts.people || (face ? guessOf(t, face) : "");
    doubts.textContent = parts.doubts.join(" · ");
    why.setAttribute("aria-label", t("why.open_for", { words: `${name}: ${parts.title}` }));
  };
  return { element: card, update };
}

/** Outlines over a picture: `draw(answer, numbers, pointed)`; `numbers` is the badge of each face, or null. */
export function outlines(width, height) {
  const layer = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "file-outlines", "aria-hidden": "true" });
  const draw = (answer, numbers = [], pointed = -1) => {
    const groups = (answer?.outlines ?? []).map((corners, at) => {
      const { expression } = answer.reading.faces[at];
      const isSure = expression?.sure ?? false;
      const points = corners.map((point) => point.join(",")).join(" ");
      const line = svg("polygon", { points, class: "file-outline" });
      line.style.stroke = colourOf(isSure ? expression.label : NOT_SURE);
      const halo = svg("polygon", { points, class: "file-outline-halo" });
      const kind = `file-face${isSure ? "" : " unsure"}${at === pointed ? " pointed" : ""}`;
      return svg("g", { class: kind }, halo, line, badgeAt(corners, numbers[at], Math.max(width, height)));
    });
    layer.replaceChildren(...groups);
  };
  return { element: layer, draw };
}

function badgeAt(corners, number, side) {
  if (!number) return [];
  const [x, y] = corners[0];
  const size = side / 42;
  const text = svg("text", { x, y, class: "file-outline-number", "font-size": size * 1.3, dy: "0.35em" }, String(number));
  return [svg("circle", { cx: x, cy: y, r: size, class: "file-outline-badge" }), text];
}

function known(t, key, otherwise) {
  const said = t(key);
  return said === key ? otherwise : said;
}
