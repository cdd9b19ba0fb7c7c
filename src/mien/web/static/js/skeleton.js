// The bodies below the faces, as thin lines over the page's own video: the person's left and right in two colours that the
// colour-blind tell apart. Points that are not seen, or only guessed, are left out.

import { svg } from "./dom.js";

// Pairs of MediaPipe's points, as on annotated pictures (draw.py).
const LEFT = [[11, 13], [13, 15], [23, 25], [25, 27], [27, 31]];
const RIGHT = [[12, 14], [14, 16], [24, 26], [26, 28], [28, 32]];
const MIDDLE = [[11, 12], [11, 23], [12, 24], [23, 24]];
const SEEN = 0.5; // least visibility of a point that is drawn

/** The drawing over a video: `.root`, `draw(reading, isMirrored)`, `clear()`. */
export class Skeletons {
  constructor() {
    this.left = svg("path", { class: "bone bone-left" });
    this.right = svg("path", { class: "bone bone-right" });
    this.middle = svg("path", { class: "bone" });
    this.root = svg("svg", { class: "overlay", "aria-hidden": "true" }, this.middle, this.left, this.right);
  }

  clear() {
    for (const path of this.root.children) path.removeAttribute("d");
  }

  draw({ width, height, poses = [] }, isMirrored) {
    this.root.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const flip = isMirrored ? (x) => width - x : (x) => x;
    const lines = (pairs) => poses.map(({ keypoints }) => linesOf(keypoints, pairs, flip)).join("");
    this.middle.setAttribute("d", lines(MIDDLE));
    this.left.setAttribute("d", lines(LEFT));
    this.right.setAttribute("d", lines(RIGHT));
  }
}

function linesOf(keypoints, pairs, flip) {
  const seen = pairs.filter((pair) => pair.every((point) => keypoints[point][3] >= SEEN));
  const place = (point) => `${flip(keypoints[point][0]).toFixed(1)} ${keypoints[point][1].toFixed(1)}`;
  return seen.map(([from, to]) => `M${place(from)}L${place(to)}`).join("");
}
