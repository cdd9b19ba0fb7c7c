// One card for each person: sign and word, how many of ten would say so, how steady, why not sure, the last minute.
// Cards keep their places by person; the place of one who left stays free for some seconds.

import { NOT_SURE, sign } from "./faces.js";
import { Strip } from "./strip.js";
import { el } from "./dom.js";

const STEADY = 0.85; // of the last three seconds
const FAIRLY = 0.5;
const TEN = 10;

/** Write a text only where it changed, so that nothing is laid out anew and no screen reader stirs. */
function write(one, text) {
  if (one.textContent !== text) one.textContent = text;
}

class Card {
  #app;
  #shown = null;

  constructor(app, person) {
    this.#app = app;
    const { t } = app;
    this.number = el("span", { class: "card-number", role: "img" });
    this.picture = el("span", { class: "card-sign" });
    this.title = el("h3", { class: "card-title", dir: "auto" });
    this.dots = el("span", { class: "dots", "aria-hidden": "true" }, Array.from({ length: TEN }, () => el("i")));
    this.people = el("p", { class: "card-people" });
    this.doubts = el("p", { class: "card-doubts" });
    this.distance = el("p", { class: "card-distance" });
    this.cues = el("ul", { class: "card-cues", role: "list" });
    this.steadiness = el("p", { class: "card-steadiness quiet" });
    this.strip = new Strip(t);
    this.why = el("button", { type: "button", class: "plain card-why", onclick: () => app.why.open({ trackId: person.id }) });
    this.gone = el("p", { class: "card-gone quiet", hidden: true });
    this.body = el(
      "div", { class: "card-body" },
      el("div", { class: "card-head" }, this.picture, this.number, this.title),
      el("div", { class: "card-share" }, this.dots, this.people), this.doubts, this.distance, this.cues,
      el("div", { class: "card-foot" }, this.steadiness, this.why), this.strip.root,
    );
    this.root = el("li", { class: "card", dataset: { person: person.id } }, this.body, this.gone);
  }

  draw(person, { isAlone, nowS }) {
    const { t } = this.#app;
    const { words } = person;
    this.body.hidden = !person.isHere && !this.body.contains(document.activeElement); // a focus stays where it is
    this.gone.hidden = person.isHere;
    this.root.classList.toggle("left", !person.isHere);
    if (!person.isHere) return write(this.gone, t("watch.person_left", { number: person.number }));
    this.#drawSign(words);
    write(this.title, words.title);
    this.number.hidden = isAlone;
    write(this.number, String(person.number));
    this.number.setAttribute("aria-label", t("watch.person", { number: person.number }));
    this.#drawShare(words);
    write(this.doubts, words.doubts.join(" · "));
    this.doubts.hidden = !words.doubts.length;
    write(this.distance, person.distance);
    this.distance.hidden = !person.distance;
    this.#drawCues(person.cues);
    write(this.steadiness, t(steadinessKey(person.steadiness())));
    write(this.why, t("watch.why"));
    this.why.setAttribute("aria-label", t("watch.why_of", { number: person.number }));
    this.strip.draw(person, nowS);
  }

  #drawSign(words) {
    const shown = words.sure ? words.label : NOT_SURE;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.picture.replaceChildren(sign(shown));
    this.root.dataset.label = shown;
  }

  #drawCues(cues) {
    this.cues.hidden = !cues.length;
    cues.forEach((cue, place) => {
      if (!this.cues.children[place]) this.cues.append(el("li"));
      write(this.cues.children[place], cue);
    });
    while (this.cues.children.length > cues.length) this.cues.lastChild.remove();
  }

  #drawShare(words) {
    const share = this.dots.parentElement;
    share.hidden = !words.sure;
    if (!words.sure) return;
    [...this.dots.children].forEach((dot, place) => dot.classList.toggle("full", place < words.in_ten));
    write(this.people, words.people);
  }
}

function steadinessKey(share) {
  if (share === null) return "watch.steadiness.new";
  if (share >= STEADY) return "watch.steadiness.steady";
  return share >= FAIRLY ? "watch.steadiness.fairly" : "watch.steadiness.changing";
}

/** The list of cards: `.root`, `draw(people, nowS)` on every reading. */
export class Cards {
  #app;
  #cards = new Map();

  constructor(app) {
    this.#app = app;
    this.root = el("ul", { class: "cards", role: "list" });
    app.bus.addEventListener("words", () => this.#anew());
  }

  draw(people, nowS) {
    for (const [id, card] of this.#cards) {
      if (people.some((person) => person.id === id)) continue;
      this.#remove(card);
      this.#cards.delete(id);
    }
    for (const person of people) {
      if (!this.#cards.has(person.id)) this.#add(person);
      this.#cards.get(person.id).draw(person, { isAlone: people.length === 1, nowS });
    }
  }

  #add(person) {
    const card = new Card(this.#app, person);
    this.#cards.set(person.id, card);
    this.root.append(card.root); // numbers rise, so the newest stands last
  }

  #remove({ root }) {
    if (root.contains(document.activeElement)) this.root.closest(".watching").querySelector(".stage").focus();
    root.remove();
  }

  #anew() {
    for (const card of this.#cards.values()) this.#remove(card);
    this.#cards.clear();
  }
}
