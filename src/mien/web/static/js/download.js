// Files into the person's downloads: what the page made, or what the server has.

import { el, reach } from "./dom.js";

const REVOKE_MS = 60_000; // the browser may still be reading it

/** Save a blob under a name. */
export function give(blob, name) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), REVOKE_MS);
}

/** Fetch `path` and save it under the name that the server gives. Throws an Error that can be shown. */
export async function download(path) {
  const answer = await reach(path);
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Error(told.detail ?? `${answer.status} ${answer.statusText}`);
  }
  const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "mien";
  give(await answer.blob(), name);
}
