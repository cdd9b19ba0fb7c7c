// Takes frames, sends the newest, passes on what the server answers. In a worker, so that reading goes on while the tab
// is hidden. One frame is in flight; while it is, only the newest of those that come is kept.

import { LiveSocket, packFrame } from "./socket.js";

const MOST_WIDTH = 640;
const QUALITY = 0.85;
const TICK_MS = 40; // how often the page is asked for a picture where frames cannot be taken here
const PATIENCE_MS = 8000; // after that an answer is not waited for any longer

const canvas = new OffscreenCanvas(1, 1);
const pen = canvas.getContext("2d", { alpha: false, desynchronized: true });

let said = { language: "en", token: undefined };
let stop = () => {};
let isPaused = false;
let isTaking = false; // a source is there
let pending = null; // { picture, at }: the newest frame that waits
let inFlight = null; // { id, at, sentAt }
let isEncoding = false;
let lastId = 0;
let lastOfBefore = 0; // the last id that belongs to a source which has ended
let lastSent = null; // { id, blob }
let lastRead = null; // { id, blob }: what the last answer is about
let replaced = 0;

const now = () => performance.timeOrigin + performance.now();

const socket = new LiveSocket({
  url: `${self.location.protocol === "https:" ? "wss" : "ws"}://${self.location.host}/api/live`,
  hello: () => said,
  onState(state, told) {
    inFlight = null;
    self.postMessage({ type: "state", state, code: told.code, detail: told.detail, limits: told.limits });
    if (state === "open") sendNewest();
  },
  onMessage(message) {
    if (message.type === "reading" && message.id <= lastOfBefore) return; // it says nothing of this source
    const isAnswer = inFlight && message.id === inFlight.id && ["reading", "skipped"].includes(message.type);
    const capturedAt = isAnswer ? inFlight.at : undefined;
    if (isAnswer) inFlight = null;
    if (message.type === "reading" && lastSent?.id === message.id) lastRead = lastSent;
    self.postMessage({ type: "message", message, capturedAt, replaced });
    if (isAnswer) sendNewest();
  },
});

/** Keep a frame if it is the newest; `picture` is a VideoFrame or an ImageBitmap and is closed here. */
function offer(picture, at = now()) {
  if (isPaused) return picture.close();
  if (pending) {
    pending.picture.close();
    replaced += 1;
  }
  pending = { picture, at };
  sendNewest();
}

async function sendNewest() {
  if (inFlight && now() - inFlight.sentAt > PATIENCE_MS) inFlight = null;
  if (!pending || inFlight || isEncoding || !socket.isOpen) return;
  const { picture, at } = pending;
  const id = (lastId = (lastId + 1) >>> 0);
  pending = null;
  isEncoding = true;
  try {
    const blob = await encode(picture);
    const bytes = await blob.arrayBuffer();
    if (id > lastOfBefore && socket.send(packFrame({ id, timeS: at / 1000, bytes }))) {
      inFlight = { id, at, sentAt: now() };
      lastSent = { id, blob };
    }
  } finally {
    isEncoding = false;
  }
  if (pending && !inFlight) sendNewest();
}

/** A picture as JPEG, at most MOST_WIDTH wide. */
function encode(picture) {
  const wide = picture.displayWidth ?? picture.width;
  const high = picture.displayHeight ?? picture.height;
  const scale = Math.min(1, MOST_WIDTH / wide);
  const [width, height] = [Math.max(1, Math.round(wide * scale)), Math.max(1, Math.round(high * scale))];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  pen.drawImage(picture, 0, 0, width, height);
  picture.close();
  return canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
}

/** Read a stream of VideoFrames until it ends or another source begins. */
function takeStream(readable) {
  const reader = readable.getReader();
  let isOver = false;
  (async () => {
    for (;;) {
      const { value, done } = await reader.read();
      if (done || isOver) {
        value?.close();
        break;
      }
      offer(value);
    }
  })().catch(() => {}); // a source that is gone is told by the track itself
  return () => {
    isOver = true;
    reader.cancel().catch(() => {});
  };
}

/** Ask the page for a picture now and then: timers of workers run on while the tab is hidden. */
function takeByAsking() {
  const timer = setInterval(() => {
    if (!isPaused && !pending) self.postMessage({ type: "pull" });
  }, TICK_MS);
  return () => clearInterval(timer);
}

function begin({ readable, track }) {
  end();
  isTaking = true;
  socket.send({ type: "reset" });
  socket.connect();
  if (track) readable = new self.MediaStreamTrackProcessor({ track }).readable;
  stop = readable ? takeStream(readable) : takeByAsking();
}

function end() {
  stop();
  stop = () => {};
  isTaking = false;
  pending?.picture.close();
  pending = null;
  inFlight = null;
  lastRead = null;
  lastOfBefore = lastId;
  socket.rest();
}

const TASKS = {
  begin,
  end,
  picture: ({ bitmap, at }) => (isTaking ? offer(bitmap, at) : bitmap.close()),
  pause(message) {
    isPaused = message.isPaused;
    if (!isTaking) return;
    if (isPaused) socket.rest();
    else socket.connect();
  },
  hello(message) {
    const before = said;
    said = message.said;
    const { heat, body, distance, tone } = said;
    const wishes = { heat, body, distance, tone };
    if (Object.keys(wishes).some((wish) => before[wish] !== wishes[wish])) socket.send({ type: "show", ...wishes });
    if (before.language !== said.language) socket.send({ type: "language", language: said.language });
  },
  connect: () => socket.connect(),
  ask: ({ message }) => socket.send(message),
  last: ({ key }) => self.postMessage({ type: "last", key, blob: lastRead?.blob ?? null }),
};

self.onmessage = ({ data }) => TASKS[data.type](data);
// Where a track can be taken over by a worker (Safari), the page hands it over.
self.postMessage({ type: "ready", takesTracks: "MediaStreamTrackProcessor" in self });
