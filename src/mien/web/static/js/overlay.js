// A quiet outline turned with each face, over the page's own video: in the colour of its word, grey and dashed where it is
// not sure, and with the person's number where there are several.

import { colourOf } from "./faces.js";
import { svg } from "./dom.js";

const NUMBER_PX = 15; // radius of a number's disc on the screen
const ROUND = 0.16; // radius of the outline's corners in sides

/** The drawing over a video: `.root`, `draw(reading, people, isMirrored)`, `clear()`. */
export class Overlay {
  #marks = new Map(); // by person

  constructor() {
    this.root = svg("svg", { class: "overlay", "aria-hidden": "true" });
  }

  clear() {
    this.root.replaceChildren();
    this.#marks.clear();
  }

  draw({ width, height }, people, isMirrored) {
    this.root.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const radius = (NUMBER_PX * height) / (this.root.clientHeight || height);
    const flip = isMirrored ? (x) => width - x : (x) => x;
    for (const [id, mark] of this.#marks) {
      if (people.some((person) => person.id === id)) continue;
      mark.group.remove();
      this.#marks.delete(id);
    }
    for (const person of people) {
      const corners = person.outline.map(([x, y]) => [flip(x), y]);
      this.#place(this.#markOf(person), person, corners, { isNumbered: people.length > 1, radius });
    }
  }

  #markOf(person) {
    if (!this.#marks.has(person.id)) this.#marks.set(person.id, this.#make());
    return this.#marks.get(person.id);
  }

  #make() {
    const halo = svg("path", { class: "outline-halo" });
    const line = svg("path", { class: "outline-line" });
    const disc = svg("circle", { class: "outline-disc" });
    const number = svg("text", { class: "outline-number" });
    const group = svg("g", {}, halo, line, disc, number);
    this.root.append(group);
    return { group, halo, line, disc, number };
  }

  #place({ halo, line, disc, number }, person, corners, { isNumbered, radius }) {
    const { sure, label } = person.words;
    const d = rounded(corners);
    halo.setAttribute("d", d);
    line.setAttribute("d", d);
    line.style.stroke = sure ? colourOf(label) : "var(--looks-unsure)";
    line.classList.toggle("unsure", !sure);
    disc.style.display = number.style.display = isNumbered ? "" : "none";
    const [x, y] = corners.reduce((top, corner) => (corner[1] < top[1] ? corner : top));
    const [cx, cy] = [x, Math.max(radius * 1.1, y - radius)]; // above the face, not on it
    for (const [name, value] of Object.entries({ cx, cy, r: radius })) disc.setAttribute(name, value.toFixed(1));
    number.textContent = person.number;
    number.setAttribute("x", cx.toFixed(1));
    number.setAttribute("y", cy.toFixed(1));
    number.style.fontSize = `${(radius * 1.25).toFixed(1)}px`;
  }
}

/** A closed path through `corners` with round corners. */
function rounded(corners) {
  const between = ([ax, ay], [bx, by], share) => [ax + (bx - ax) * share, ay + (by - ay) * share];
  const text = (point) => point.map((value) => value.toFixed(1)).join(" ");
  const steps = corners.map((corner, index) => {
    const before = corners.at(index - 1);
    const after = corners[(index + 1) % corners.length];
    const command = index ? "L" : "M";
    return `${command}${text(between(corner, before, ROUND))}Q${text(corner)} ${text(between(corner, after, ROUND))}`;
  });
  return `${steps.join("")}Z`;
}
