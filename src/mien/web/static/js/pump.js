// Hands the page's source to the worker in the best way that this browser has: frames as a stream, the track itself, or
// pictures of the playing video whenever the worker asks.

/** Moves frames of one source at a time from the page to `worker` (frame-worker.js). */
export class Pump {
  #worker;
  #video = null;
  #takesTracks = false;
  #isAsked = false;

  constructor(worker) {
    this.#worker = worker;
  }

  /** Messages of the worker that are meant for the pump; true when this was one. */
  take(message) {
    if (message.type === "ready") this.#takesTracks = message.takesTracks;
    else if (message.type === "pull") this.#picture();
    else return false;
    return true;
  }

  /** Begin with the track of a camera or screen, or, where there is none, with what `video` plays. */
  begin({ track, video }) {
    this.#video = video;
    if (track && "MediaStreamTrackProcessor" in window) {
      const { readable } = new window.MediaStreamTrackProcessor({ track });
      this.#worker.postMessage({ type: "begin", readable }, [readable]);
    } else if (track && this.#takesTracks && this.#handOver(track.clone())) {
      // taken over
    } else {
      this.#worker.postMessage({ type: "begin" });
    }
  }

  end() {
    this.#video = null;
    this.#worker.postMessage({ type: "end" });
  }

  #handOver(track) {
    try {
      this.#worker.postMessage({ type: "begin", track }, [track]);
      return true;
    } catch {
      track.stop();
      return false;
    }
  }

  async #picture() {
    const video = this.#video;
    if (this.#isAsked || !video || video.readyState < video.HAVE_CURRENT_DATA) return;
    this.#isAsked = true;
    try {
      const at = performance.timeOrigin + performance.now();
      const bitmap = await createImageBitmap(video);
      this.#worker.postMessage({ type: "picture", bitmap, at }, [bitmap]);
    } catch {
      // the source has just ended: there is no picture
    } finally {
      this.#isAsked = false;
    }
  }
}
