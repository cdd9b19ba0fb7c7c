// Readings as files for other programs: CSV with the columns of `mien read --csv`, JSON, JSON Lines; and the saving.

import { give } from "./download.js";

const FER2013 = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];
const VOTES = [...FER2013, "contempt", "unknown", "not a face"];

/** The columns, in the order of mien/media/tables.py. */
export const COLUMNS = [
  ..."source index time_s track_id x1 y1 x2 y2 score roll_deg yaw_deg pitch_deg".split(" "),
  ..."label confidence sure doubts valence tone tone_confidence".split(" "),
  ...VOTES.map((label) => label.replaceAll(" ", "_")),
  ...FER2013.map((label) => `fer2013_${label}`),
];

/** A table of Readings, one row a face. */
export function toCsv(readings) {
  const rows = readings.flatMap((reading) => reading.faces.map((face) => rowOf(reading, face)));
  return [COLUMNS, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
}

/** One Reading as JSON, several as JSON Lines. */
export function toJson(readings, isClip) {
  if (!isClip) return `${JSON.stringify(readings[0], null, 1)}\n`;
  return readings.map((reading) => `${JSON.stringify(reading)}\n`).join("");
}

/** Put text or a blob into the person's downloads. */
export function save(content, name, type = "text/plain") {
  give(content instanceof Blob ? content : new Blob([content], { type }), name);
}

/** "holiday.jpg" -> "holiday". */
export function stemOf(name) {
  return name.replace(/\.[^.]*$/, "") || "mien";
}

function rowOf(reading, face) {
  const { votes = {}, fer2013 = {}, doubts, ...said } = face.expression ?? {};
  return [
    ...[reading.source, reading.index, reading.time_s, face.track_id, ...face.box],
    ...[face.score, face.roll_deg, face.yaw_deg, face.pitch_deg],
    ...[said.label, said.confidence, said.sure, doubts?.join("; "), said.valence],
    ...[said.tone?.label, said.tone?.confidence],
    ...VOTES.map((label) => votes[label]),
    ...FER2013.map((label) => fer2013[label]),
  ];
}

function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "True" : "False"; // as Python writes them
  const text = String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
