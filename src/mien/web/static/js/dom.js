// Small helpers to build what the page shows, without markup in strings; and `api`, which asks the server.

import { fetchWithToken } from "./token.js";
import { t } from "./words.js";

/** An element: `el("button", { class: "big", onclick: f }, "text", child)`. Properties beginning with `on` are handlers. */
export function el(name, properties = {}, ...children) {
  const one = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) one.addEventListener(key.slice(2), value);
    else if (key === "dataset") Object.assign(one.dataset, value);
    else one.setAttribute(key, value === true ? "" : String(value));
  }
  one.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return one;
}

const SVG = "http://www.w3.org/2000/svg";

/** The same for SVG. */
export function svg(name, properties = {}, ...children) {
  const one = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(properties)) one.setAttribute(key, String(value));
  one.append(...children.flat());
  return one;
}

/** `fetchWithToken`; that the server cannot be reached is said in the page's words, not in the browser's own. */
export async function reach(path, options = {}) {
  try {
    return await fetchWithToken(path, options);
  } catch (error) {
    throw error.name === "AbortError" ? error : new Error(t("watch.not_connected"), { cause: error });
  }
}

/** Ask the server; JSON back. Throws an Error whose message can be shown, with the HTTP `status` if there is one. */
export async function api(path, options = {}) {
  const answer = await reach(path, options);
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    const text = typeof told.detail === "string" ? told.detail : `${answer.status} ${answer.statusText}`;
    throw Object.assign(new Error(text), { status: answer.status });
  }
  return answer.status === 204 ? null : answer.json();
}
