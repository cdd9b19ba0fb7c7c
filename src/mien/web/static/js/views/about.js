// About: what the program does, what it cannot, what stays private, what the law says. Plain text, in sections.

import { el } from "../dom.js";
import { LABELS, sign } from "../faces.js";

export const id = "about";

const SECTIONS = { does: 3, cannot: 4, private: 3, law: 3 }; // and how many points each has

export function mount(root, app) {
  const draw = () => root.replaceChildren(page(app.t));
  app.bus.addEventListener("words", draw);
  return { show: draw, hide() {} };
}

function page(t) {
  const sections = Object.entries(SECTIONS).map(([name, count]) => {
    const points = Array.from({ length: count }, (_, place) => el("li", {}, t(`about.${name}.${place + 1}`)));
    return el("section", {}, el("h3", {}, t(`about.${name}`)), el("ul", {}, points));
  });
  return el(
    "div", { class: "about" },
    el("h2", {}, t("about.title")),
    el("p", { class: "about-lead" }, t("about.lead")),
    sections,
    el("section", {}, el("h3", {}, t("about.words")), el("p", {}, t("about.words.told")), signs(t)),
    el("section", {}, el("h3", {}, t("about.programs")), el("p", {}, t("about.programs.told")),
      el("p", {}, el("a", { href: "/api/docs" }, t("about.programs.link")))),
  );
}

function signs(t) {
  return el("ul", { class: "sign-list", role: "list" }, LABELS.map((label) => el("li", {}, sign(label), t(`label.${label}`))));
}
