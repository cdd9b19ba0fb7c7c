// The socket to the server, protocol 1 (docs/live-api.md): says hello, packs frames, connects again with a calm backoff.
// It knows neither cameras nor the page, and runs in the worker.

const VERSION = 1;
const HEADER_BYTES = 20;
const BACKOFF_MS = [500, 1000, 2000, 4000];
const TOO_MANY_MS = 5000;
const NO_TOKEN = 4401;
const TOO_SLOW = 4408; // also: nothing came for a long time
const TOO_MANY = 4429;
const HOPELESS = [4400, 4413]; // asking again would be refused again

/** One frame as a binary message: `<I d B x H H 2x`, then the bytes. `width` and `height` are 0 for an encoded picture. */
export function packFrame({ id, timeS, bytes, width = 0, height = 0 }) {
  const message = new Uint8Array(HEADER_BYTES + bytes.byteLength);
  const head = new DataView(message.buffer);
  head.setUint32(0, id, true);
  head.setFloat64(4, timeS, true);
  head.setUint8(12, width ? 1 : 0);
  head.setUint16(14, width, true);
  head.setUint16(16, height, true);
  message.set(new Uint8Array(bytes), HEADER_BYTES);
  return message.buffer;
}

/**
 * A client that stays connected while it is wanted.
 *
 * `hello()` gives what is said first (language, token); `onState(state, { detail, code })` tells "connecting", "again",
 * "open", "closed", "refused" or "token"; `onMessage(message)` gets every other message of the server.
 */
export class LiveSocket {
  #socket = null;
  #timer = 0;
  #failures = 0;
  #detail = "";
  #isWanted = false;

  constructor({ url, hello, onState, onMessage }) {
    Object.assign(this, { url, hello, onState, onMessage, isOpen: false });
  }

  /** Connect, unless it is connected or about to be. */
  connect() {
    this.#isWanted = true;
    if (this.#socket) return;
    clearTimeout(this.#timer);
    this.#detail = "";
    this.onState(this.#failures ? "again" : "connecting", {});
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", version: VERSION, ...this.hello() }));
    socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    socket.onclose = (event) => this.#closed(event.code);
    this.#socket = socket;
  }

  /** Leave it as it is, but do not connect again when it closes. */
  rest() {
    this.#isWanted = false;
    clearTimeout(this.#timer);
    if (!this.#socket) this.onState("closed", {});
  }

  /** Send an object as text, or a buffer as it is; false when there is no connection. */
  send(message) {
    if (!this.isOpen) return false;
    this.#socket.send(message instanceof ArrayBuffer ? message : JSON.stringify(message));
    return true;
  }

  #take(message) {
    if (message.type === "welcome") {
      this.isOpen = true;
      this.#failures = 0;
      this.onState("open", message);
    } else if (message.type === "error") {
      this.#detail = message.detail;
    } else {
      this.onMessage(message);
    }
  }

  #closed(code) {
    this.#socket = null;
    this.isOpen = false;
    const told = { code, detail: this.#detail };
    if (code === NO_TOKEN) this.#stop("token", told);
    else if (HOPELESS.includes(code)) this.#stop("refused", told);
    else if (!this.#isWanted) this.onState("closed", told);
    else this.#again(code, told);
  }

  #stop(state, told) {
    this.#isWanted = false;
    this.onState(state, told);
  }

  #again(code, told) {
    const wait = code === TOO_MANY ? TOO_MANY_MS : BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length - 1)];
    this.#failures += 1;
    this.onState("again", code === TOO_SLOW ? {} : told);
    this.#timer = setTimeout(() => this.connect(), wait);
  }
}
