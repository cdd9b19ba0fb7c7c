// The catalogue of one language, as the server has it: a text with {names}, or a table of plural forms. Messages are
// filled in as mien/catalogue.py does it, to the letter.

// Letters written from right to left: Hebrew to Arabic Extended-A, and their presentation forms.
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;
const LEFT_TO_RIGHT = /(?![\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff])\p{L}/u;

let words = { language: "en", direction: "ltr", is_reviewed: true, messages: {} };
let rules = new Intl.PluralRules("en");
let numbers = new Intl.NumberFormat("en");

/** Load a language; the page's text direction and `lang` follow. */
export async function loadWords(language) {
  const answer = await fetch(`/api/words/${encodeURIComponent(language)}`);
  if (!answer.ok) throw new Error(`no words in ${language}`);
  useWords(await answer.json());
  document.documentElement.lang = words.language;
  document.documentElement.dir = words.direction;
}

/** Speak from this catalogue: `{ language, direction, messages }` as `GET /api/words/{language}` answers. */
export function useWords(loaded) {
  words = loaded;
  rules = new Intl.PluralRules(words.language);
  // European digits and groups of three everywhere, as in the server's own sentences.
  numbers = new Intl.NumberFormat(words.language, { numberingSystem: "latn", useGrouping: "always" });
}

/** All languages: `[{ language, name, direction, is_reviewed }]`, each with its own name for itself. */
export async function allLanguages() {
  const answer = await fetch("/api/words");
  if (!answer.ok) throw new Error("no list of languages");
  return answer.json();
}

/** The language that is spoken now, such as "en". */
export function language() {
  return words.language;
}

/** The message `key` with `values` filled in; `count` chooses among plural forms. */
export function t(key, values = {}) {
  let text = words.messages[key];
  if (text === undefined) return key;
  if (typeof text !== "string") text = text[rules.select(Number(values.count ?? 0))] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? written(values[name]) : whole));
}

/** A value as it stands in a sentence; one of the other direction does not disturb what is around it. */
function written(value) {
  if (typeof value === "number") return numbers.format(value);
  const text = String(value);
  const strange = words.direction === "ltr" ? RIGHT_TO_LEFT : LEFT_TO_RIGHT;
  return strange.test(text) ? `\u2068${text}\u2069` : text;
}

/** Fill in every element below `root` that names its message: data-words its text, data-words-label its label. */
export function fillWords(root = document) {
  for (const one of root.querySelectorAll("[data-words]")) one.textContent = t(one.dataset.words);
  for (const one of root.querySelectorAll("[data-words-label]")) one.setAttribute("aria-label", t(one.dataset.wordsLabel));
}
