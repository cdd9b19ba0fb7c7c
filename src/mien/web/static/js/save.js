// Saves what is seen, because the person asked: the frame of the last reading as PNG, and its Reading as JSON, so that
// both belong together. Nothing else on this page keeps a picture.

import { give } from "./download.js";

/** Save both as downloads; false when there is nothing to save. */
export async function saveFace(app) {
  const message = app.live.last;
  const blob = message && (await app.live.lastFrame());
  if (!blob) return false;
  const name = `mien-${stamp(new Date())}`;
  give(await pngOf(blob), `${name}.png`);
  give(new Blob([JSON.stringify(message.reading, null, 1)], { type: "application/json" }), `${name}.json`);
  return true;
}

async function pngOf(blob) {
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/png" });
}

function stamp(date) {
  const two = (value) => String(value).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())];
  return `${day.join("-")}-${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join("-")}`;
}
