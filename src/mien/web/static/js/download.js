// A file from the server into the person's downloads.

import { fetchWithToken } from "./token.js";

/** Fetch `path` and save it under the name that the server gives. Throws an Error that can be shown. */
export async function download(path) {
  const answer = await fetchWithToken(path);
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Error(told.detail ?? `${answer.status} ${answer.statusText}`);
  }
  const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "mien";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may still be reading it
}
