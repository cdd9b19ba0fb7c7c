// One file in the list: it waits, is read, and shows what was found, as a photo or as a clip; with its downloads.

import { el } from "./dom.js";
import { ClipView } from "./file-clip.js";
import { PhotoView } from "./file-photo.js";
import { annotate, readFile } from "./file-reading.js";
import { save, stemOf, toCsv, toJson } from "./file-tables.js";
import { clock } from "./file-timeline.js";

/** `state`: "waiting", "reading", "read", "cancelled" or "failed". `onChange()` is called when it changes. */
export class FileItem {
  static #made = 0;
  #app;
  #id = `file-${FileItem.#made++}`; // begins the ids of its parts
  #stop = null;
  #removed = new AbortController(); // nobody waits for a marked copy any more
  #tone = false; // as it was when the file was read
  #marked = null; // the marked copy, once it was made

  constructor(app, file, { onRemove, onChange, onAgain }) {
    this.#app = app;
    Object.assign(this, { file, onChange, onAgain });
    this.state = "waiting";
    this.problem = null;
    this.warning = "";
    this.answers = [];
    this.view = null;
    this.element = el("article", { class: "file panel", "aria-labelledby": this.#id });
    this.remove = () => {
      this.#stop?.abort();
      this.#removed.abort();
      this.view?.leave();
      this.element.remove();
      onRemove(this);
    };
    this.render();
  }

  get readings() {
    return this.answers.map(({ reading }) => reading);
  }

  /** Read it; what goes wrong is shown. */
  async read() {
    const { language, settings } = this.#app;
    this.#tone = settings.get("tone", false);
    this.#stop = new AbortController();
    this.answers = [];
    this.#become("reading");
    try {
      this.warning = await readFile(this.file, {
        language: language(),
        tone: this.#tone,
        signal: this.#stop.signal,
        onKind: (isClip) => this.#open(isClip),
        onAnswer: (answer) => this.#take(answer),
      });
      this.#become("read");
    } catch (error) {
      this.problem = error;
      this.#become(error.name === "AbortError" ? "cancelled" : "failed");
    }
    this.view?.finish(this.state);
    if (!this.#removed.signal.aborted) this.#tellEnd();
  }

  cancel() {
    this.#stop?.abort();
  }

  /** Focus what can be done now, or else the name: a button that removes the file is no place to land on. */
  focus() {
    (this.status.querySelector("button") ?? this.name).focus();
  }

  /** Draw it anew, in the page's language. */
  render() {
    const { t } = this.#app;
    this.#marked = null; // it may speak another language
    this.status = el("div", { class: "file-status" });
    const remove = el(
      "button",
      { type: "button", class: "plain", onclick: this.remove, "aria-label": t("files.remove_named", { name: this.file.name }) },
      t("files.remove"),
    );
    this.body = el("div", { class: "file-body" });
    this.downloads = el("div", { class: "file-downloads" });
    this.name = el("h3", { class: "file-name", id: this.#id, tabindex: -1 }, this.file.name);
    const head = el("header", { class: "file-head" }, this.name, remove);
    this.element.replaceChildren(head, this.status, this.body, this.downloads);
    if (this.view) this.body.append(this.view.render());
    this.#drawStatus();
  }

  #become(state) {
    this.state = state;
    this.#drawStatus();
    this.onChange();
  }

  #open(isClip) {
    this.isClip = isClip;
    const View = isClip ? ClipView : PhotoView;
    this.view = new View(this.#app, this.file, { answers: this.answers, marked: () => this.marked() });
    this.body.replaceChildren(this.view.render());
    this.#drawStatus();
  }

  #take(answer) {
    this.answers.push(answer);
    this.view.take(answer);
    if (this.isClip) this.#drawProgress(answer.reading.time_s);
  }

  /** The marked copy as a blob, made once. Throws FileProblem. */
  marked() {
    const wishes = { language: this.#app.language(), tone: this.#tone, signal: this.#removed.signal };
    this.#marked ??= annotate(this.file, wishes).catch((error) => {
      this.#marked = null; // once more may go well
      throw error;
    });
    return this.#marked;
  }

  #drawStatus() {
    const { t } = this.#app;
    const done = { waiting: "files.waiting", reading: "files.reading" }[this.state];
    const parts = [];
    this.bar = this.told = null;
    if (this.state === "reading") parts.push(...this.#progress());
    else if (done) parts.push(el("p", { class: "quiet" }, t(done)));
    else if (this.state === "failed") parts.push(...this.#failure());
    else if (this.state === "cancelled") {
      parts.push(el("p", { class: "quiet" }, this.#stoppedText()), this.#againButton());
    }
    if (this.warning) parts.push(el("p", { class: "warn" }, this.#warningText()));
    const hadFocus = this.status.contains(document.activeElement);
    this.status.replaceChildren(...parts);
    if (hadFocus) this.focus();
    this.#drawDownloads();
  }

  #progress() {
    const { t } = this.#app;
    this.bar = el("progress", { "aria-label": t("files.progress", { name: this.file.name }) });
    this.told = el("p", { class: "quiet" }, t("files.reading"));
    const cancel = this.#button("cancel", t("files.cancel"), () => this.cancel());
    return [this.told, el("div", { class: "file-progress" }, this.bar, cancel)];
  }

  #drawProgress(time_s) {
    if (!this.bar) return;
    const { t } = this.#app;
    const whole_s = this.view.length_s;
    const part = clock(time_s);
    if (whole_s) Object.assign(this.bar, { max: whole_s, value: Math.min(time_s, whole_s) });
    this.told.textContent = whole_s ? t("files.reading_part", { part, whole: clock(whole_s) }) : t("files.read_up_to", { part });
  }

  #failure() {
    const told = el("p", { class: "warn file-problem" }, this.#problemText()); // no alert: it is announced with the name
    return this.problem.isFinal ? [told] : [told, this.#againButton()];
  }

  #problemText() {
    const { key = "files.problem.other", reason = this.problem.message, most } = this.problem;
    return this.#app.t(key, { reason, most });
  }

  #stoppedText() {
    return this.#app.t("files.cancelled", { time: clock(this.answers.at(-1)?.reading.time_s ?? 0) });
  }

  /** Say how the reading ended, and what was found. */
  #tellEnd() {
    const { t } = this.#app;
    if (this.state === "failed") return this.#tell(this.#problemText());
    if (this.state === "cancelled") return this.#tell(this.#stoppedText());
    const found = this.isClip ? this.view.summary() : this.answers[0]?.sentence;
    const sentence = [found, this.warning && this.#warningText()].filter(Boolean).join(t("between_sentences"));
    this.#app.announce(t("files.read", { name: this.file.name, sentence }));
  }

  #warningText() {
    return this.#app.t("files.warning", { reason: this.warning });
  }

  /** Say something of this file: whoever hears it does not see beside which name it stands. */
  #tell(words) {
    this.#app.announce(this.#app.t("files.told", { name: this.file.name, words }));
  }

  #againButton() {
    return this.#button("again", this.#app.t("files.again"), () => this.onAgain(this));
  }

  /** A button whose name ends with the file's: in a list of all buttons it tells which file it is for. */
  #button(part, words, onclick) {
    const id = `${this.#id}-${part}`;
    return el("button", { type: "button", id, "aria-labelledby": `${id} ${this.#id}`, onclick }, words);
  }

  #drawDownloads() {
    const { t } = this.#app;
    const isOver = this.state === "read" || this.state === "cancelled";
    if (!isOver || !this.answers.length) return this.downloads.replaceChildren();
    const stem = stemOf(this.file.name);
    const { isClip } = this;
    const json = () => save(toJson(this.readings, isClip), `${stem}.${isClip ? "jsonl" : "json"}`, "application/json");
    const problem = el("p", { class: "warn", hidden: true });
    const marked = this.#button("marked", t(isClip ? "files.marked_clip" : "files.marked_picture"), () =>
      this.#saveMarked(marked, problem, `${stem}-marked.${isClip ? "mp4" : "png"}`),
    );
    const buttons = [
      this.#button("csv", t("files.csv"), () => save(toCsv(this.readings), `${stem}.csv`, "text/csv")),
      this.#button("json", t(isClip ? "files.json_lines" : "files.json"), json),
      ...(this.state === "read" ? [marked] : []),
    ];
    const title = el("span", { class: "quiet", id: `${this.#id}-downloads` }, t("files.download"));
    const group = { class: "buttons", role: "group", "aria-labelledby": `${title.id} ${this.#id}` };
    this.downloads.replaceChildren(el("div", group, title, buttons), problem);
  }

  async #saveMarked(button, problem, name) {
    if (button.getAttribute("aria-disabled")) return;
    const { t } = this.#app;
    const words = button.textContent;
    button.setAttribute("aria-disabled", "true");
    button.textContent = t("files.working");
    problem.hidden = true;
    this.#tell(t("files.working"));
    try {
      save(await this.marked(), name);
      this.#app.announce(t("files.saved", { name }));
    } catch (error) {
      problem.hidden = this.#removed.signal.aborted;
      problem.textContent = t("files.problem.marked", { reason: error.reason || t(error.key ?? "files.problem.connection") });
      if (!problem.hidden) this.#tell(problem.textContent);
    }
    button.removeAttribute("aria-disabled");
    button.textContent = words;
  }
}
