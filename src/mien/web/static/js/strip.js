// The last minute of one person as a strip: a block of colour for each word, lower and grey where it was not sure, empty
// where nobody was there. Below it stands which colour is which word; all is told in words for those who do not see it.

import { NOT_SURE, colourOf } from "./faces.js";
import { el, svg } from "./dom.js";

const MINUTE_S = 60;
const HIGH = 12;
const SAY_EVERY_S = 5; // the words beside the picture need not follow every frame
const LEAST_S = 1;
const MOST_SAID = 3;
const MOST_NAMED = 2; // below the strip there is one line

/** A strip: `.root` to put on the page, `draw(person, nowS)` on every reading. */
export class Strip {
  #t;
  #drawing;
  #saidS = -Infinity;

  constructor(t) {
    this.#t = t;
    this.#drawing = svg("svg", { viewBox: `0 0 ${MINUTE_S} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    this.picture = el("div", { class: "strip", role: "img" }, this.#drawing);
    this.names = el("p", { class: "strip-names quiet", "aria-hidden": "true" }); // said by the picture's label
    this.root = el("div", {}, this.picture, this.names);
  }

  draw(person, nowS) {
    const blocks = person.past.map(({ key, fromS, toS }) => {
      const from = Math.max(0, MINUTE_S - (nowS - fromS));
      const to = MINUTE_S - (nowS - toS);
      const isUnsure = key === NOT_SURE;
      const high = isUnsure ? HIGH / 3 : HIGH;
      const block = svg("rect", { x: from.toFixed(2), y: HIGH - high, width: Math.max(0, to - from).toFixed(2), height: high });
      block.style.fill = colourOf(key);
      return block;
    });
    const begun = Math.max(0, MINUTE_S - (nowS - person.past[0].fromS));
    const ground = svg("rect", { x: begun.toFixed(2), y: 0, width: (MINUTE_S - begun).toFixed(2), height: HIGH, class: "strip-ground" });
    this.#drawing.replaceChildren(ground, ...blocks);
    if (nowS - this.#saidS >= SAY_EVERY_S) this.#say(person, nowS);
  }

  #say(person, nowS) {
    this.#saidS = nowS;
    const t = this.#t;
    const told = person.totals().filter(([, seconds]) => seconds >= LEAST_S).slice(0, MOST_SAID);
    const parts = told.map(([key, seconds]) =>
      t("watch.strip_part", { word: key === NOT_SURE ? t("not_sure") : t(`label.${key}`), count: Math.round(seconds) }),
    );
    this.names.replaceChildren(...told.slice(0, MOST_NAMED).map(([key], place) => named(key, parts[place])));
    const list = new Intl.ListFormat(document.documentElement.lang, { style: "narrow", type: "unit" }).format(parts);
    this.picture.setAttribute("aria-label", parts.length ? t("watch.strip", { list }) : t("watch.strip_empty"));
  }
}

/** A part in words, behind a sample of its colour. */
function named(key, words) {
  const sample = el("i", { class: key === NOT_SURE ? "strip-sample unsure" : "strip-sample" });
  sample.style.background = colourOf(key);
  return el("span", {}, sample, words);
}
