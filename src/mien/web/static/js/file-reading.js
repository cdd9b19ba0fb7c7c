// A file to the server and its Readings back: one for a picture, one after the other for a clip. What went wrong becomes
// a message of our own, so that it is said in the person's language.

import { fetchWithToken } from "./token.js";

const FINAL = [400, 413, 415, 422]; // what the file itself is the cause of: a second try ends like the first
const PROBLEMS = { 400: "files.problem.empty", 413: "files.problem.too_large", 415: "files.problem.kind", 422: "files.problem.broken", 429: "files.problem.busy" };

/** What went wrong: `key` is the message, `reason` the server's own line, `most` what the message names as the limit. */
export class FileProblem extends Error {
  constructor(key, { reason = "", most = 0, isFinal = false } = {}) {
    super(reason || key);
    Object.assign(this, { key, reason, most, isFinal });
  }
}

/**
 * Read a file; with `tone`, as positive, neutral or negative alone. `onKind(isClip)` is called first, then `onAnswer(answer)` with each frame's answer as it comes.
 * Resolves to what is wrong with the end of a clip, or ""; throws FileProblem, or AbortError when `signal` is set off.
 */
export async function readFile(file, { language, tone = false, signal, onKind, onAnswer }) {
  const answer = await send("/api/read", { language, tone }, { file, signal });
  const isClip = answer.headers.get("Content-Type").startsWith("application/x-ndjson");
  onKind(isClip);
  if (!isClip) {
    onAnswer(await answer.json());
    return "";
  }
  let warning = "";
  for await (const line of linesOf(answer.body)) {
    const one = JSON.parse(line);
    if (one.detail) warning = one.detail;
    else onAnswer(one);
  }
  return warning;
}

/** The file with its faces marked, as a blob: a PNG or an MP4. Throws FileProblem. */
export async function annotate(file, { language, tone = false, signal }) {
  return (await send("/api/annotate", { language, tone }, { file, signal })).blob();
}

async function send(path, wishes, { file, signal }) {
  const body = new FormData();
  body.append("file", file);
  const answer = await fetchWithToken(`${path}?${new URLSearchParams(wishes)}`, { method: "POST", body, signal }).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new FileProblem("files.problem.connection");
  });
  if (answer.ok) return answer;
  const { detail } = await answer.json().catch(() => ({}));
  const reason = typeof detail === "string" ? detail : `${answer.status} ${answer.statusText}`;
  const isFinal = FINAL.includes(answer.status);
  const limit = answer.status === 413 ? limitOf(reason) : {};
  throw new FileProblem(limit.key ?? PROBLEMS[answer.status] ?? "files.problem.other", { reason, isFinal, most: limit.most });
}

/** The limit in the server's line, in millions: "more than 500,000,000 bytes", "more than 40,000,000 pixels". */
function limitOf(reason) {
  const [, digits, unit] = /more than ([\d,]+) (bytes|pixels)/.exec(reason) ?? [];
  const most = Math.floor(Number(digits?.replaceAll(",", "")) / 100_000) / 10;
  return most ? { key: `files.problem.too_many_${unit}`, most } : {};
}

async function* linesOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let kept = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (kept + value).split("\n");
    kept = lines.pop();
    yield* lines.filter(Boolean);
  }
  if (kept) yield kept;
}
