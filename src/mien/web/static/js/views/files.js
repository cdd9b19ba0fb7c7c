// Files: photos and clips that are dropped or chosen, read one after the other, each with its cards and downloads.

import { el } from "../dom.js";
import { FileItem } from "../file-item.js";
import { save, toCsv } from "../file-tables.js";
import { NOT_SURE, sign } from "../faces.js";

export const id = "files";

const HERE = ["127.0.0.1", "localhost", "[::1]"];
const ACCEPTED = "image/*,video/*,.heic,.heif,.mkv,.avi,.gif,.webm,.mov,.m4v";

export function mount(root, app) {
  const view = new FilesView(root, app);
  return { show: () => view.show(), hide: () => view.hide() };
}

class FilesView {
  #items = [];
  #isReading = false;
  #isShown = false;

  constructor(root, app) {
    Object.assign(this, { root, app });
    this.list = el("div", { class: "file-list" });
    this.all = el("div", { class: "buttons file-all", role: "group", "aria-labelledby": "files-all", hidden: true });
    this.#draw();
    app.bus.addEventListener("words", () => this.#draw());
    for (const type of ["dragenter", "dragover"]) window.addEventListener(type, (event) => this.#over(event));
    window.addEventListener("dragleave", (event) => event.relatedTarget === null && this.#light(false));
    window.addEventListener("drop", (event) => this.#drop(event));
  }

  show() {
    this.#isShown = true;
  }

  hide() {
    this.#isShown = false;
    for (const { view } of this.#items) view?.video?.pause();
  }

  #draw() {
    const { t } = this.app;
    const input = el("input", { type: "file", multiple: true, accept: ACCEPTED, class: "visually-hidden", id: "files-input" });
    input.addEventListener("change", () => {
      this.#add(input.files);
      input.value = ""; // the same file can be chosen again
    });
    const isHere = HERE.includes(location.hostname);
    this.zone = el(
      "div",
      { class: "drop-zone" },
      el("div", { class: "drop-signs", "aria-hidden": "true" }, ["happy", NOT_SURE, "surprise"].map(sign)),
      el("p", { class: "drop-words" }, t("files.drop")),
      el("div", { class: "drop-choose" }, input, el("label", { class: "button main", for: "files-input" }, t("files.choose"))),
      el("p", { class: "quiet" }, t(isHere ? "files.private" : "files.private_remote")),
    );
    this.list.setAttribute("aria-label", t("files.list"));
    this.list.setAttribute("role", "group");
    for (const item of this.#items) item.render();
    this.#drawAll();
    this.root.replaceChildren(el("div", { class: "files" }, el("h2", {}, t("files.title")), this.zone, this.all, this.list));
    this.#shrink();
  }

  #over(event) {
    if (!this.#isShown || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.#light(true);
  }

  #drop(event) {
    event.preventDefault(); // else the browser leaves the page for the file
    this.#light(false);
    if (this.#isShown && event.dataTransfer?.files.length) this.#add(event.dataTransfer.files);
  }

  #light(isLit) {
    this.zone.classList.toggle("lit", isLit);
  }

  #add(files) {
    for (const file of files) {
      const item = new FileItem(this.app, file, {
        onRemove: (one) => this.#remove(one),
        onChange: () => this.#showAll(),
        onAgain: (one) => this.#again(one),
      });
      this.#items.push(item);
      this.list.append(item.element);
    }
    this.#shrink();
    this.#readNext();
    if (files.length) this.#tellBegun(files.length);
  }

  #tellBegun(count) {
    this.app.announce(this.app.t("files.begun", { count }));
  }

  #again(item) {
    item.view?.leave();
    item.view = null;
    item.state = "waiting";
    item.warning = "";
    item.render();
    this.#readNext();
    this.#tellBegun(1);
    item.focus(); // the button that was pressed is gone
  }

  /** Focus goes to a name, not to a button: whoever presses twice removes one file. */
  #remove(item) {
    const at = this.#items.indexOf(item);
    this.#items.splice(at, 1);
    this.#showAll();
    this.#shrink();
    const next = this.#items[at] ?? this.#items.at(-1);
    if (next) next.name.focus();
    else this.zone.querySelector("input").focus();
    this.app.announce(this.app.t("files.removed", { name: item.file.name }));
  }

  /** One at a time: reading takes the machine's whole attention. */
  async #readNext() {
    if (this.#isReading) return;
    this.#isReading = true;
    for (;;) {
      const next = this.#items.find(({ state }) => state === "waiting");
      if (!next) break;
      await next.read();
    }
    this.#isReading = false;
  }

  #shrink() {
    this.zone.classList.toggle("small", this.#items.length > 0);
  }

  get #read() {
    return this.#items.filter(({ state, answers }) => answers.length && (state === "read" || state === "cancelled"));
  }

  /** Where there are several files, one table of all. */
  #showAll() {
    this.all.hidden = this.#read.length < 2;
  }

  /** The buttons stay while files come and go, so that focus stays on them. */
  #drawAll() {
    const { t } = this.app;
    const readings = () => this.#read.flatMap((item) => item.readings);
    const lines = () => readings().map((reading) => `${JSON.stringify(reading)}\n`).join("");
    const button = (id, words, onclick) => el("button", { type: "button", id, "aria-labelledby": `${id} files-all`, onclick }, words);
    this.all.replaceChildren(
      el("span", { class: "quiet", id: "files-all" }, t("files.all")),
      button("files-all-csv", t("files.csv"), () => save(toCsv(readings()), "mien.csv", "text/csv")),
      button("files-all-json", t("files.json_lines"), () => save(lines(), "mien.jsonl", "application/json")),
    );
    this.#showAll();
  }
}
