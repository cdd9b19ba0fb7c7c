// The page from top to bottom: words, views, and the one shown. Each view is a module with `id` and `mount(root, app)`;
// mount returns { show(), hide() }. Views meet through `app.bus` alone.

import { fillWords, language, loadWords, t } from "./words.js";
import { settings } from "./settings.js";
import { el } from "./dom.js";
import { Announcer } from "./announcer.js";
import { keepAwake } from "./awake.js";
import { Capture } from "./capture.js";
import { Cues } from "./cues.js";
import { Live } from "./live.js";
import { People } from "./who.js";
import { WhyDialog } from "./why.js";
import * as watch from "./views/watch.js";
import * as files from "./views/files.js";
import * as practice from "./views/practice.js";
import * as diary from "./views/diary.js";
import * as options from "./views/options.js";
import * as about from "./views/about.js";

const VIEWS = [watch, files, practice, diary, options, about];

const announcer = new Announcer(document.getElementById("announcer"));

const app = {
  // "source", "connection", "reading", "people", "steady", "moved", "cue", "mute", "paused", "lost", "devices", "voices", "words",
  // "view"
  bus: new EventTarget(),
  settings,
  t,
  language,
  views: new Map(),
  current: null,
  /** Say something once to those who listen to the page; of a `topic` only the newest, and not too often. */
  announce(text, topic = null) {
    announcer.say(text, topic);
  },
  /** What waits to be said is no longer so. */
  hush() {
    announcer.clear();
  },
  emit(name, detail = {}) {
    app.bus.dispatchEvent(new CustomEvent(name, { detail }));
  },
  /** Show a short notice at the foot of the page, and say it. */
  tell(text) {
    clearTimeout(noticeTimer);
    const notice = document.getElementById("notice");
    notice.textContent = text;
    notice.hidden = false;
    noticeTimer = setTimeout(() => (notice.hidden = true), NOTICE_MS);
    app.announce(text);
  },
  show,
};

const NOTICE_MS = 6000;
let noticeTimer = 0;

app.why = new WhyDialog(app);

/** The view that the address names; where it names another place of the page, the one that is shown. */
function viewNamed() {
  const id = location.hash.slice(1);
  if (app.views.has(id)) return id;
  return (id && app.current) || VIEWS[0].id;
}

function show(id) {
  if (app.current === id) return;
  for (const [name, view] of app.views) {
    const isShown = name === id;
    view.root.hidden = !isShown;
    if (isShown) view.link.setAttribute("aria-current", "page");
    else view.link.removeAttribute("aria-current");
    if (name === app.current) view.handle.hide?.();
  }
  const isFirst = app.current === null;
  app.current = id;
  document.title = `${t(`view.${id}`)} - Mien`;
  const { root, handle } = app.views.get(id);
  root.tabIndex = -1;
  handle.show?.();
  app.emit("view", { id });
  if (isFirst) return;
  root.focus({ preventScroll: true }); // what had the focus may be gone; the view, which has its name, is not
  window.scrollTo({ top: 0, behavior: "instant" });
}

function mountViews() {
  const nav = document.getElementById("views");
  const main = document.getElementById("main");
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address names the view, which stays
    main.focus();
  });
  for (const view of VIEWS) {
    const link = el("a", { href: `#${view.id}`, dataset: { words: `view.${view.id}` } });
    const root = el("section", { id: `view-${view.id}`, class: "view", hidden: true, dataset: { wordsLabel: `view.${view.id}` } });
    nav.append(link);
    main.append(root);
    app.views.set(view.id, { root, link, handle: view.mount(root, app) ?? {} });
  }
}

async function begin() {
  await loadWords(settings.get("language") ?? navigator.language).catch(() => loadWords("en"));
  followTheme();
  // Each hears the bus before those that come after it: people know a reading before cues and views do.
  app.capture = new Capture(app);
  app.live = new Live(app);
  app.people = new People(app);
  app.cues = new Cues(app);
  keepAwake(app);
  mountViews();
  fillWords();
  window.addEventListener("hashchange", () => show(viewNamed()));
  show(viewNamed());
  document.documentElement.dataset.ready = "true";
}

/** Dark or light, where the person chose; else as the machine has it. */
function followTheme() {
  const draw = () => (document.documentElement.dataset.theme = settings.get("theme", "auto"));
  settings.addEventListener("change", ({ detail }) => detail.name === "theme" && draw());
  draw();
}

/** Change the language: everything on the page is said anew. False, and that is told, where its words cannot be had. */
app.changeLanguage = async (chosen) => {
  try {
    await loadWords(chosen);
  } catch {
    app.tell(t("watch.not_connected"));
    return false;
  }
  settings.set("language", chosen);
  app.hush();
  fillWords();
  document.title = `${t(`view.${app.current}`)} - Mien`;
  app.emit("words");
  return true;
};

// What another tab has changed is told to those who go by the bus, too; a language waits until the page is opened anew,
// since saying everything anew ends a round of practice and what is being written.
settings.addEventListener("change", ({ detail: { name, isElsewhere } }) => {
  if (isElsewhere) app.emit(name === "muted" ? "mute" : name);
});

begin();
