// The catalogue of one language, as the server has it: a text with {names}, or a table of plural forms.

let messages = {};
let rules = new Intl.PluralRules("en");
let locale = "en";

/** Load a language; the page's text direction and `lang` follow. */
export async function loadWords(language) {
  const answer = await fetch(`/api/words/${encodeURIComponent(language)}`);
  if (!answer.ok) throw new Error(`no words in ${language}`);
  const loaded = await answer.json();
  messages = loaded.messages;
  locale = loaded.language;
  rules = new Intl.PluralRules(locale);
  document.documentElement.lang = locale;
  document.documentElement.dir = loaded.direction;
}

/** The language that is spoken now, such as "en". */
export function language() {
  return locale;
}

/** The message `key` with `values` filled in; `count` chooses among plural forms. */
export function t(key, values = {}) {
  let text = messages[key];
  if (text === undefined) return key;
  if (typeof text !== "string") text = text[rules.select(Number(values.count ?? 0))] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? format(values[name]) : whole));
}

function format(value) {
  return typeof value === "number" ? new Intl.NumberFormat(locale).format(value) : String(value);
}

/** Fill in every element below `root` that names its message: data-words its text, data-words-label its label. */
export function fillWords(root = document) {
  for (const one of root.querySelectorAll("[data-words]")) one.textContent = t(one.dataset.words);
  for (const one of root.querySelectorAll("[data-words-label]")) one.setAttribute("aria-label", t(one.dataset.wordsLabel));
}
