// The server's token, where it has one: asked for once, kept while this tab lives, sent in a header, never in an address.

import { el } from "./dom.js";
import { t } from "./words.js";

const KEPT = "mien.token";
const NO_TOKEN = 401;

let asking = null; // one dialog at a time, whoever needs the token

/** The token that the person gave, or undefined. */
export function keptToken() {
  return sessionStorage.getItem(KEPT) ?? undefined;
}

/** `fetch`, with the token; asks the person for it when the server does. */
export async function fetchWithToken(path, options = {}) {
  const token = keptToken();
  const answer = await fetch(path, withToken(options, token));
  if (answer.status !== NO_TOKEN) return answer;
  const given = await askForToken(token);
  return given ? fetchWithToken(path, options) : answer;
}

/** An address for a video or a link, which can send no header: the path itself, or what was fetched with the token. */
export async function addressOf(path) {
  const answer = await fetchWithToken(path, { method: "HEAD" });
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  if (!keptToken()) return path;
  return URL.createObjectURL(await (await fetchWithToken(path)).blob());
}

/** Ask for the token, unless another one than `refused` has been given by now; undefined when the person does not tell. */
export function askForToken(refused) {
  if (keptToken() !== refused) return Promise.resolve(keptToken());
  asking ??= openDialog(refused !== undefined).finally(() => { asking = null; });
  return asking;
}

function withToken(options, token) {
  if (!token) return options;
  const headers = new Headers(options.headers);
  headers.set("Authorization", `Bearer ${token}`);
  return { ...options, headers };
}

function openDialog(isWrong) {
  const field = el("input", { id: "token-field", type: "password", autocomplete: "current-password", required: true });
  const dialog = el(
    "dialog",
    { class: "token", "aria-labelledby": "token-title" },
    el("form", { method: "dialog" },
      el("h2", { id: "token-title" }, t("token.title")),
      el("p", { role: isWrong ? "alert" : undefined }, t(isWrong ? "token.wrong" : "token.text")),
      el("label", { for: "token-field" }, t("token.label")),
      el("p", {}, field),
      el("div", { class: "buttons" },
        el("button", { type: "button", onclick: () => dialog.close() }, t("token.cancel")),
        el("button", { type: "submit", class: "main", value: "enter" }, t("token.enter")))),
  );
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      const token = dialog.returnValue === "enter" ? field.value.trim() : "";
      if (token) sessionStorage.setItem(KEPT, token);
      resolve(token || undefined);
    });
    dialog.showModal();
    field.focus();
  });
}
