// The heat-map over each face while it is watched: what speaks for its word, and where. The server sends a few numbers a
// face; they are drawn here. Colours get lighter with heat, as in "Why?", and can be told apart by the colour-blind.

import { el } from "./dom.js";

// matplotlib's inferno at every eighth of its length.
const INFERNO = [[0, 0, 4], [31, 12, 72], [85, 15, 109], [136, 34, 106], [186, 54, 85], [227, 89, 51], [249, 140, 10], [249, 201, 50], [252, 255, 164]];
const COLDEST = 0.25; // of the colours: black would say nothing
const MOST_OPAQUE = 0.75; // the face stays visible below the hottest place

/** The canvas over a video: `.root`, `draw(size, heat, isMirrored)`, `clear()`. */
export class Glow {
  #small = document.createElement("canvas");

  constructor() {
    this.root = el("canvas", { class: "glow", "aria-hidden": "true", hidden: true });
    this.pen = this.root.getContext("2d");
  }

  clear() {
    this.root.hidden = true;
  }

  /** `size` is the frame's { width, height }; `heat` has { values, corners } or null for each face. */
  draw({ width, height }, heat, isMirrored) {
    const lit = (heat ?? []).filter(Boolean);
    this.root.hidden = !lit.length;
    if (!lit.length) return;
    if (this.root.width !== width || this.root.height !== height) Object.assign(this.root, { width, height });
    this.pen.setTransform(1, 0, 0, 1, 0, 0);
    this.pen.clearRect(0, 0, width, height);
    for (const { values, corners } of lit) {
      this.#paint(values);
      const [origin, right, , down] = isMirrored ? corners.map(([x, y]) => [width - x, y]) : corners;
      const side = values.length;
      const along = (end) => [(end[0] - origin[0]) / side, (end[1] - origin[1]) / side];
      this.pen.setTransform(...along(right), ...along(down), ...origin);
      this.pen.drawImage(this.#small, 0, 0); // enlarged smoothly
    }
  }

  #paint(values) {
    const side = values.length;
    Object.assign(this.#small, { width: side, height: side });
    const pixels = new ImageData(side, side);
    values.flat().forEach((value, place) => {
      const alpha = Math.round(255 * MOST_OPAQUE * Math.min(1, 1.5 * value));
      pixels.data.set([...colourOf(value), alpha], 4 * place);
    });
    this.#small.getContext("2d").putImageData(pixels, 0, 0);
  }
}

function colourOf(value) {
  const at = (COLDEST + (1 - COLDEST) * value) * (INFERNO.length - 1);
  const below = Math.min(INFERNO.length - 2, Math.floor(at));
  return INFERNO[below].map((from, channel) => Math.round(from + (INFERNO[below + 1][channel] - from) * (at - below)));
}
