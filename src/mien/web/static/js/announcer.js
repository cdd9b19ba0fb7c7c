// What is said to those who listen to the page: one text after another, so that none takes the place of another before a
// screen reader has taken it up. Of one topic, such as a person, only the newest waits, and it is not said too often.

const STANDS_MS = 700;
const AGAIN_MS = 4000; // as often as spoken cues at first

/** `say(text, topic)` and `clear()`, in an element whose changes are announced. */
export class Announcer {
  #root;
  #waiting = [];
  #saidAt = new Map(); // by topic
  #freeAt = 0;
  #timer = 0;

  constructor(root) {
    this.#root = root;
  }

  say(text, topic = null) {
    if (topic !== null) this.#waiting = this.#waiting.filter((one) => one.topic !== topic);
    this.#waiting.push({ text, topic });
    this.#sayNext();
  }

  /** What was said or waits is no longer so. */
  clear() {
    this.#waiting = [];
    this.#saidAt.clear();
    this.#root.textContent = "";
  }

  #sayNext() {
    clearTimeout(this.#timer);
    if (!this.#waiting.length) return;
    const now = performance.now();
    const next = this.#waiting.reduce((best, one) => (this.#readyAt(one) < this.#readyAt(best) ? one : best));
    const wait = this.#readyAt(next) - now;
    if (wait <= 0) {
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#root.textContent = next.text;
      this.#freeAt = now + STANDS_MS;
      if (next.topic !== null) this.#saidAt.set(next.topic, now);
    }
    this.#timer = setTimeout(() => this.#sayNext(), Math.max(wait, 0));
  }

  #readyAt({ topic }) {
    return Math.max(this.#freeAt, (this.#saidAt.get(topic) ?? -Infinity) + AGAIN_MS);
  }
}
