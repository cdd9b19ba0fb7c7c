// One file in the list: it waits, is read, and shows what was found, as a photo or as a clip; with its downloads.

import { el } from "./dom.js";
import { ClipView } from "./file-clip.js";
import { PhotoView } from "./file-photo.js";
import { annotate, readFile } from "./file-reading.js";
import { save, stemOf, toCsv, toJson } from "./file-tables.js";
import { clock } from "./file-timeline.js";

/** `state`: "waiting", "reading", "read", "cancelled" or "failed". `onChange()` is called when it changes. */
export class FileItem {
  #app;
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
    this.element = el("article", { class: "file panel" });
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
    const { t, language, settings } = this.#app;
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
      const sentence = this.answers[0]?.sentence ?? "";
      this.#app.announce(t(this.isClip ? "files.read_clip" : "files.read", { name: this.file.name, sentence }));
    } catch (error) {
      this.problem = error;
      this.#become(error.name === "AbortError" ? "cancelled" : "failed");
      if (this.state === "failed") this.#app.announce(this.#problemText());
      else if (!this.#removed.signal.aborted) this.#tell(this.#stoppedText());
    }
    this.view?.finish(this.state);
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
    this.name = el("h3", { class: "file-name", tabindex: -1 }, this.file.name);
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
    if (this.warning) parts.push(el("p", { class: "warn" }, t("files.warning", { reason: this.warning })));
    const hadFocus = this.status.contains(document.activeElement);
    this.status.replaceChildren(...parts);
    if (hadFocus) this.focus();
    this.#drawDownloads();
  }

  #progress() {
    const { t } = this.#app;
    this.bar = el("progress", { "aria-label": t("files.progress", { name: this.file.name }) });
    this.told = el("p", { class: "quiet" }, t("files.reading"));
    const cancel = el("button", { type: "button", onclick: () => this.cancel() }, t("files.cancel"));
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
    return [el("p", { class: "warn file-problem", role: "alert" }, this.#problemText()), this.#againButton()];
  }

  #problemText() {
    return this.#app.t(this.problem.key ?? "files.problem.other", { reason: this.problem.reason ?? this.problem.message });
  }

  #stoppedText() {
    return this.#app.t("files.cancelled", { time: clock(this.answers.at(-1)?.reading.time_s ?? 0) });
  }

  /** Say something of this file: whoever hears it does not see beside which name it stands. */
  #tell(words) {
    this.#app.announce(this.#app.t("files.told", { name: this.file.name, words }));
  }

  #againButton() {
    return el("button", { type: "button", onclick: () => this.onAgain(this) }, this.#app.t("files.again"));
  }

  #drawDownloads() {
    const { t } = this.#app;
    const isOver = this.state === "read" || this.state === "cancelled";
    if (!isOver || !this.answers.length) return this.downloads.replaceChildren();
    const stem = stemOf(this.file.name);
    const { isClip } = this;
    const json = () => save(toJson(this.readings, isClip), `${stem}.${isClip ? "jsonl" : "json"}`, "application/json");
    const problem = el("p", { class: "warn", role: "alert", hidden: true });
    const marked = el("button", { type: "button" }, t(isClip ? "files.marked_clip" : "files.marked_picture"));
    marked.addEventListener("click", () => this.#saveMarked(marked, problem, `${stem}-marked.${isClip ? "mp4" : "png"}`));
    const buttons = [
      el("button", { type: "button", onclick: () => save(toCsv(this.readings), `${stem}.csv`, "text/csv") }, t("files.csv")),
      el("button", { type: "button", onclick: json }, t(isClip ? "files.json_lines" : "files.json")),
      ...(this.state === "read" ? [marked] : []),
    ];
    this.downloads.replaceChildren(
      el("div", { class: "buttons", role: "group", "aria-label": t("files.download") }, el("span", { class: "quiet" }, t("files.download")), buttons),
      problem,
    );
  }

  async #saveMarked(button, problem, name) {
    if (button.getAttribute("aria-disabled")) return;
    const { t } = this.#app;
    const words = button.textContent;
    button.setAttribute("aria-disabled", "true");
    button.textContent = t("files.working");
    problem.hidden = true;
    try {
      save(await this.marked(), name);
    } catch (error) {
      problem.hidden = false;
      problem.textContent = t("files.problem.marked", { reason: error.reason || t(error.key ?? "files.problem.connection") });
    }
    button.removeAttribute("aria-disabled");
    button.textContent = words;
  }
}
