// One session of the diary: its title, each person's expressions over time, notes, export, and deletion.

import { api, el } from "./dom.js";
import { confirmed } from "./confirm.js";
import { legend, personChart } from "./diary-chart.js";
import { download } from "./download.js";
import { dates } from "./weeks.js";

const PATH = "/api/diary/sessions";
const JSON_HEADERS = { "Content-Type": "application/json" };

/** Length of a session in seconds: to its last moment, at least one. */
export function lengthOf(session) {
  return Math.max(1, ...session.people.flatMap(({ moments }) => moments.slice(-1).map(({ time_s }) => time_s + 1)));
}

/** The page of one session; `back(text?)` is called when the person leaves it, with what is to be said. */
export function sessionPage(app, session, { back, fail }) {
  const { t } = app;
  const say = dates(app.language());
  const begin = new Date(session.began);
  const end = new Date(begin.getTime() + lengthOf(session) * 1000);
  const heading = el("h2", { tabindex: "-1" }, t("diary.from_to", { date: say.date(begin), from: say.clock(begin), to: say.clock(end) }));
  const people = session.people.map((person) =>
    el("section", { class: "panel person" }, el("h3", {}, t("diary.person", { number: String(person.number) })), personChart(t, person, lengthOf(session))),
  );
  const page = el(
    "div",
    { class: "session" },
    el("button", { type: "button", class: "plain back", onclick: () => back() }, el("span", { class: "arrow", "aria-hidden": "true" }), t("diary.back")),
    heading,
    titleForm(app, session, fail),
    people.length ? [legend(t), ...people] : el("p", {}, t("diary.nobody")),
    notes(app, session, fail),
    el("div", { class: "buttons foot" }, ...exportButtons(app, fail, session.id), deleteButton(app, session, { back, fail })),
  );
  return { page, heading };
}

/** Buttons that save everything, or one session. */
export function exportButtons(app, fail, session = null) {
  const only = session === null ? "" : `&session=${session}`;
  return ["csv", "json"].map((format) =>
    el(
      "button",
      { type: "button", onclick: () => download(`/api/diary/export?format=${format}${only}`).catch(fail) },
      app.t(`diary.export_${format}`),
    ),
  );
}

function titleForm(app, session, fail) {
  const input = el("input", { type: "text", id: "diary-title", maxlength: "200", value: session.title, dir: "auto", autocomplete: "off" });
  const told = el("span", { class: "quiet", role: "status" });
  const save = async (event) => {
    event.preventDefault();
    const title = input.value.trim();
    told.textContent = "";
    try {
      await api(`${PATH}/${session.id}`, { method: "PATCH", headers: JSON_HEADERS, body: JSON.stringify({ title }) });
      session.title = title;
      if (input.value.trim() === title) told.textContent = app.t("diary.saved"); // else it was written on meanwhile
      fail(null);
    } catch (error) {
      fail(error, { key: "diary.not_saved" });
    }
  };
  input.addEventListener("input", () => (told.textContent = "")); // what stands there now is not saved
  const button = el("button", { type: "submit" }, app.t("diary.save"));
  return el("form", { class: "title-form", onsubmit: save }, el("label", { for: "diary-title" }, app.t("diary.session_title")), el("div", { class: "buttons" }, input, button, told));
}

function notes(app, session, fail) {
  const { t } = app;
  const list = el("ul", { class: "notes" });
  const text = el("textarea", { id: "diary-note", rows: "3", dir: "auto", maxlength: "5000", required: true });
  const draw = () => list.replaceChildren(...session.notes.map((note) => noteItem(note)));
  const change = async (path, options) => {
    await api(`${PATH}/${session.id}/notes${path}`, { headers: JSON_HEADERS, ...options });
    session.notes = (await api(`${PATH}/${session.id}`)).notes;
    draw();
    fail(null);
  };
  const remove = async (note) => {
    const keys = { title: "diary.note_delete_sure", text: "diary.note_delete_means", yes: "diary.delete_yes", no: "diary.delete_no" };
    if (!(await confirmed(t, keys))) return;
    try {
      await change(`/${note.id}`, { method: "DELETE" });
      text.focus();
      app.announce(t("diary.deleted"));
    } catch (error) {
      fail(error);
    }
  };
  const noteItem = (note) => {
    const say = dates(app.language());
    const when = `${say.date(note.written)}, ${say.clock(note.written)}`;
    const button = el("button", { type: "button", class: "plain", "aria-label": `${t("diary.note_delete")}: ${when}`, onclick: () => remove(note) }, t("diary.delete_yes"));
    return el("li", {}, el("p", { class: "note-text", dir: "auto" }, note.text), el("p", { class: "quiet note-foot" }, when, button));
  };
  const add = async (event) => {
    event.preventDefault();
    if (!text.value.trim()) return text.focus();
    try {
      await change("", { method: "POST", body: JSON.stringify({ text: text.value }) });
      text.value = "";
      app.announce(t("diary.note_added"));
    } catch (error) {
      fail(error, { key: "diary.not_saved" });
    }
  };
  draw();
  return el(
    "section",
    { class: "panel" },
    el("h3", {}, t("diary.notes")),
    list,
    el("form", { onsubmit: add }, el("label", { for: "diary-note" }, t("diary.note_new")), text, el("button", { type: "submit" }, t("diary.note_add"))),
  );
}

function deleteButton(app, session, { back, fail }) {
  const { t } = app;
  const ask = async () => {
    const keys = { title: "diary.delete_sure", text: "diary.delete_means", yes: "diary.delete_yes", no: "diary.delete_no" };
    if (!(await confirmed(t, keys))) return;
    try {
      await api(`${PATH}/${session.id}`, { method: "DELETE" });
      back(t("diary.deleted"));
    } catch (error) {
      fail(error);
    }
  };
  return el("button", { type: "button", class: "danger", onclick: ask }, t("diary.delete"));
}
