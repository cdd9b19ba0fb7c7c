// A drawn sign for every expression, and its colour. Signs differ in shape, not in colour alone: brows, eyes and mouth.
// Colours are Okabe and Ito's, told apart by the colour-blind; a word always stands beside them.

import { svg } from "./dom.js";

/** The labels that have a sign, in the order in which they are listed. */
export const LABELS = ["neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt"];

/** Coarser words in their place; 'neutral' is one of both. */
const TONES = ["positive", "negative"];

/** What stands for a face whose expression is not sure. */
export const NOT_SURE = "not sure";

const DOT = "M17 20v1 M31 20v1"; // eyes as short strokes with round ends
const WIDE = "M17 18.5v4 M31 18.5v4";

// Each sign on a field of 48 x 48: `lines` are strokes, `open` is a filled mouth.
const SIGNS = {
  neutral: { lines: [DOT, "M17 32H31"] },
  happy: { lines: ["M14 21q3 -4 6 0", "M28 21q3 -4 6 0"], open: "M14 28q10 3 20 0q-2 10 -10 10q-8 0 -10 -10z" },
  surprise: { lines: [WIDE, "M13 13q4 -4 8 -1", "M35 13q-4 -4 -8 -1"], open: "M24 28a4.5 5.5 0 1 0 0.01 0z" },
  sad: { lines: [DOT, "M13 17q4 -1 7 -4", "M35 17q-4 -1 -7 -4", "M16 35q8 -8 16 0"] },
  angry: { lines: ["M17 22v1 M31 22v1", "M12 14l9 4", "M36 14l-9 4", "M16 35q8 -6 16 0"] },
  disgust: { lines: ["M13 21h6 M29 21h6", "M13 16l7 2", "M35 16l-7 2", "M22 26l2 -2l2 2", "M15 35q3 -6 6 -2t6 0t6 -1"] },
  fear: { lines: [WIDE, "M13 15q4 -1 6 -4", "M35 15q-4 -1 -6 -4"], open: "M15 36q0 -6 9 -6t9 6q-2.500 -1 -4 0t-5 0t-5 0t-4 0z" },
  contempt: { lines: ["M14 21h6 M28 20v1", "M27 15q4 -3 8 0", "M17 34q8 1 15 -6"] },
  positive: { lines: [DOT, "M15 30q9 9 18 0"] },
  negative: { lines: [DOT, "M15 36q9 -9 18 0"] },
  [NOT_SURE]: { lines: ["M18 19q0 -6 6 -6t6 5.500q0 4 -6 6.500v3", "M24 35v0.500"] },
};

/** The colour of a label as a CSS value; grey for "not sure" and for labels without one. */
export function colourOf(label) {
  return LABELS.includes(label) || TONES.includes(label) ? `var(--looks-${label})` : "var(--looks-unsure)";
}

/** The sign of a label: a square SVG that fills its box, hidden from screen readers since its word stands beside it. */
export function sign(label) {
  const name = label in SIGNS ? label : NOT_SURE;
  const { lines, open } = SIGNS[name];
  const disc = svg("circle", { cx: 24, cy: 24, r: 21.5, class: name === NOT_SURE ? "sign-disc unsure" : "sign-disc" });
  disc.style.fill = colourOf(name);
  const strokes = lines.map((d) => svg("path", { d, class: "sign-line" }));
  const mouth = open ? [svg("path", { d: open, class: "sign-open" })] : [];
  return svg("svg", { viewBox: "0 0 48 48", class: "sign", "aria-hidden": "true", "data-sign": name }, disc, strokes, mouth);
}
