// The diary: off until it is switched on; then sessions, each with expressions over time and notes; eight weeks at a
// glance; export and deletion. What is kept lies in the person's own file on this machine.

import { api, el } from "../dom.js";
import { confirmed } from "../confirm.js";
import { DiaryRecorder } from "../diary-recorder.js";
import { exportButtons, sessionPage } from "../diary-session.js";
import { weeksTable } from "../diary-weeks.js";
import { word } from "../diary-chart.js";
import { NOT_SURE, sign } from "../faces.js";
import { dates } from "../weeks.js";

export const id = "diary";

const SIGNS_SHOWN = 3;

export function mount(root, app) {
  const view = new DiaryView(root, app, new DiaryRecorder(app));
  return { show: () => view.show(), hide: () => view.hide() };
}

class DiaryView {
  #isShown = false;
  #opened = null; // the session that is looked at
  #asked = 0; // counts loads, so that one that was overtaken shows nothing

  constructor(root, app, recorder) {
    Object.assign(this, { root, app, recorder });
    this.problem = el("p", { class: "warn", role: "alert", hidden: true });
    this.again = el("button", { type: "button", hidden: true });
    this.again.addEventListener("click", () => this.#tryAgain());
    this.body = el("div");
    recorder.addEventListener("change", () => this.#drawSwitch());
    recorder.addEventListener("written", () => this.#refresh());
    app.bus.addEventListener("words", () => this.#isShown && this.show());
  }

  show() {
    this.#isShown = true;
    this.#drawFrame();
    return this.#opened ? this.#open(this.#opened) : this.#load();
  }

  hide() {
    this.#isShown = false;
    this.#opened = null;
  }

  #drawFrame() {
    const { t } = this.app;
    this.state = el("p", { class: "state", role: "status" });
    this.retry = el("button", { type: "button", hidden: true, onclick: () => this.recorder.retry() }, t("diary.retry"));
    this.toggle = el(
      "button",
      { type: "button", role: "switch", class: "switch", onclick: () => this.recorder.turn(!this.recorder.isOn) },
      el("span", { class: "switch-track", "aria-hidden": "true" }),
      t("diary.switch"),
    );
    this.head = el(
      "div",
      {},
      el("h2", {}, t("diary.title")),
      el("p", {}, t("diary.what")),
      el("div", { class: "panel switch-panel" }, this.toggle, this.state, this.retry),
    );
    this.root.replaceChildren(el("div", { class: "diary" }, this.head, this.problem, this.again, this.body));
    this.again.textContent = t("diary.retry");
    this.#drawSwitch();
  }

  #drawSwitch() {
    if (!this.toggle) return;
    const { t } = this.app;
    const { isOn, began, problem } = this.recorder;
    this.toggle.setAttribute("aria-checked", String(isOn));
    this.state.textContent = problem
      ? t("diary.not_written", { reason: problem })
      : !isOn
        ? t("diary.is_off")
        : began
          ? t("diary.writing", { time: dates(this.app.language()).clock(began) })
          : t("diary.is_on");
    this.state.classList.toggle("warn", Boolean(problem));
    this.retry.hidden = !(problem && began);
  }

  async #load() {
    const mine = ++this.#asked;
    try {
      const sessions = await api("/api/diary/sessions");
      if (mine !== this.#asked || this.#opened) return;
      this.#fail(null);
      this.head.hidden = false;
      this.body.replaceChildren(...(sessions.length ? this.#filled(sessions) : [this.#empty()]));
      const weeks = this.body.querySelector(".scrolled");
      if (weeks) weeks.scrollLeft = weeks.scrollWidth * (getComputedStyle(weeks).direction === "rtl" ? -1 : 1); // to this week
    } catch (error) {
      if (mine === this.#asked) this.#fail(error, { again: () => this.#load() });
    }
  }

  /** Once more what could not be shown; the focus does not stay on a button that is gone. */
  async #tryAgain() {
    await this.wanted();
    if (this.again.hidden && [this.again, document.body].includes(document.activeElement)) this.toggle.focus();
  }

  /** What was just written, unless the person is at something in the list. */
  #refresh() {
    if (this.#isShown && !this.#opened && !this.body.contains(document.activeElement)) this.#load();
  }

  #empty() {
    const { t } = this.app;
    return el("div", { class: "empty" }, sign("neutral"), el("h3", {}, t("diary.empty")), el("p", { class: "quiet" }, t("diary.empty_how")));
  }

  #filled(sessions) {
    const { t } = this.app;
    const weeks = weeksTable(t, this.app.language(), sessions);
    const overview = weeks && [
      el("h3", { id: "diary-weeks" }, t("diary.weeks")),
      el("p", { class: "quiet" }, t("diary.weeks_how")),
      el("div", { class: "panel scrolled", tabindex: "0", role: "group", "aria-labelledby": "diary-weeks" }, weeks),
    ];
    const erase = el("button", { type: "button", class: "danger", onclick: () => this.#deleteAll() }, t("diary.delete_all"));
    return [
      ...(overview ?? []),
      el("h3", {}, t("diary.sessions")),
      el("ul", { class: "sessions" }, sessions.map((session) => this.#item(session))),
      el("div", { class: "buttons foot" }, exportButtons(this.app, (error) => this.#fail(error)), erase),
    ];
  }

  #item(session) {
    const { t } = this.app;
    const say = dates(this.app.language());
    const words = Object.entries(session.labels).filter(([label]) => label !== NOT_SURE).sort((a, b) => b[1] - a[1]);
    const length = session.seconds < 60
      ? t("diary.seconds", { count: Math.ceil(session.seconds) })
      : t("diary.minutes", { count: Math.round(session.seconds / 60) });
    const facts = [t("diary.of_people", { count: session.people }), length];
    if (words.length) facts.push(t("diary.mostly", { label: word(t, words[0][0]) }));
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "session-item", dataset: { session: session.id }, onclick: () => this.#open(session.id) },
        el("span", { class: "signs" }, words.slice(0, SIGNS_SHOWN).map(([label]) => sign(label))),
        el(
          "span",
          { class: "session-words" },
          el("bdi", { class: "session-title" }, session.title || `${say.date(session.began)}, ${say.clock(session.began)}`),
          session.title ? el("span", {}, `${say.date(session.began)}, ${say.clock(session.began)}`) : null,
          el("span", { class: "quiet" }, facts.join(" · ")),
        ),
      ),
    );
  }

  async #open(number) {
    const mine = ++this.#asked;
    try {
      const session = await api(`/api/diary/sessions/${number}`);
      if (mine !== this.#asked) return;
      this.#opened = number;
      this.#fail(null);
      const { page, heading } = sessionPage(this.app, session, { back: (text) => this.#back(text), fail: (...told) => this.#fail(...told) });
      this.head.hidden = true;
      this.body.replaceChildren(page);
      window.scrollTo(0, 0);
      heading.focus();
    } catch (error) {
      this.#opened = null;
      this.#fail(error, { again: () => this.#open(number) });
      if (error.status === 404) this.#load();
    }
  }

  async #back(text) {
    const number = this.#opened;
    this.#opened = null;
    await this.#load();
    const item = this.body.querySelector(`[data-session="${number}"]`) ?? this.toggle;
    item.focus();
    if (text) this.app.announce(text);
  }

  async #deleteAll() {
    const { t } = this.app;
    const keys = { title: "diary.delete_all_sure", text: "diary.delete_all_means", yes: "diary.delete_yes", no: "diary.delete_no" };
    if (!(await confirmed(t, keys))) return;
    try {
      await api("/api/diary", { method: "DELETE" });
      await this.#back(t("diary.deleted"));
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error, { key = "diary.unreadable", again = null } = {}) {
    this.wanted = again;
    this.again.hidden = !error || !again;
    this.problem.hidden = !error;
    this.problem.textContent = error ? this.app.t(key, { reason: error.message }) : "";
    if (error) this.problem.scrollIntoView({ block: "nearest" }); // what was tried may be far below
  }
}
