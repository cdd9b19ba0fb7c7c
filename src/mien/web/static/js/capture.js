// Where pictures come from: a camera, the screen or a window, or the demo clip, playing in one video element.
// It says in words what went wrong, and knows nothing of faces.

import { addressOf } from "./token.js";

const DEMO = "/api/demo";
const WANTED = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
const SCREEN = { video: { frameRate: { ideal: 30 } }, audio: false };

// What a browser calls its refusals, and our message for each.
const PROBLEMS = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "in_use",
  AbortError: "in_use",
};

/** A source that cannot be had; `key` is the message that says so. */
export class CaptureError extends Error {
  constructor(key) {
    super(key);
    this.key = key;
  }
}

/** `app.capture`: `.source` null|"camera"|"screen"|"demo", `.video`, `.track`, `.isMirrored`. */
export class Capture {
  #app;
  #stream = null;
  #demo = DEMO;
  #begun = 0; // counts starts, so that one that was overtaken gives up

  constructor(app) {
    this.#app = app;
    this.source = null;
    this.video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, loop: true });
    this.video.disablePictureInPicture = true;
    navigator.mediaDevices?.addEventListener("devicechange", () => app.emit("devices"));
  }

  get track() {
    return this.#stream?.getVideoTracks()[0] ?? null;
  }

  /** Whether the picture is shown as in a mirror: what the person chose for cameras, never for screen or clip. */
  get isMirrored() {
    return this.source === "camera" && this.#app.settings.get("mirrored", true);
  }

  /** The cameras as [{ id, name }]; names are empty until one was allowed. */
  async cameras() {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    return devices.filter(({ kind }) => kind === "videoinput").map(({ deviceId, label }) => ({ id: deviceId, name: label }));
  }

  /** Start a camera: the one given, else the one chosen before, else any. Throws CaptureError. */
  async startCamera(deviceId = this.#app.settings.get("camera")) {
    if (!navigator.mediaDevices?.getUserMedia) throw new CaptureError("watch.problem.no_https");
    const any = () => navigator.mediaDevices.getUserMedia({ video: WANTED, audio: false });
    await this.#begin("camera", async () => {
      if (!deviceId) return any();
      const video = { ...WANTED, deviceId: { exact: deviceId } };
      return navigator.mediaDevices.getUserMedia({ video, audio: false }).catch((error) => {
        if (error.name !== "OverconstrainedError" && error.name !== "NotFoundError") throw error;
        return any(); // the chosen one is not plugged in
      });
    });
    this.#app.emit("devices"); // names are known from now on
  }

  /** Share the screen or a window; the browser itself asks which. Throws CaptureError. */
  async startScreen() {
    if (!navigator.mediaDevices?.getDisplayMedia) throw new CaptureError("watch.problem.no_screen");
    await this.#begin("screen", () => navigator.mediaDevices.getDisplayMedia(SCREEN));
  }

  /** Play the demo clip. Throws CaptureError. */
  async startDemo() {
    await this.#begin("demo", async () => {
      this.#demo = await addressOf(DEMO).catch(() => DEMO); // what is wrong with it, playing tells
      return null;
    });
  }

  stop() {
    this.#begun += 1;
    this.#release();
    if (this.source === null) return;
    this.source = null;
    this.#app.emit("source", { source: null });
  }

  async #begin(source, open) {
    const mine = ++this.#begun;
    const stream = await open().catch((error) => {
      throw new CaptureError(problemOf(source, error));
    });
    if (mine !== this.#begun) return stream?.getTracks().forEach((track) => track.stop());
    this.#release();
    await this.#play(stream).catch((error) => {
      this.stop();
      throw error;
    });
    if (mine !== this.#begun) return;
    this.source = source;
    this.track?.addEventListener("ended", () => this.#ended(mine, source));
    this.#app.emit("source", { source });
  }

  async #play(stream) {
    this.#stream = stream;
    if (stream) this.video.srcObject = stream;
    else this.video.src = this.#demo;
    await this.video.play().catch(async (error) => {
      if (error.name === "AbortError") return; // another source has begun
      this.#release();
      throw new CaptureError(stream ? "watch.problem.in_use" : "watch.problem.no_demo");
    });
  }

  #ended(mine, source) {
    if (mine !== this.#begun) return;
    this.stop();
    this.#app.emit("lost", { key: source === "camera" ? "watch.problem.unplugged" : "watch.problem.share_ended" });
  }

  #release() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.video.pause();
    this.video.srcObject = null;
    this.video.removeAttribute("src");
    this.video.load();
  }
}

function problemOf(source, error) {
  const problem = PROBLEMS[error.name] ?? "in_use";
  if (source === "screen") return "watch.problem.screen_refused";
  return `watch.problem.${problem}`;
}
