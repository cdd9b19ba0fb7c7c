// What the person chose, kept in this browser alone. `settings.get(name)`, `settings.set(name, value)`, event "change".
// Other tabs of the page write to the same place: nothing of theirs is undone, and what they change is a "change" here.

const KEY = "mien.settings";

class Settings extends EventTarget {
  #values = {};
  #unkept = {}; // what a full or forbidden storage did not take: it lasts until the page is left

  constructor(storage) {
    super();
    this.storage = storage;
    this.#values = this.#read();
    window.addEventListener("storage", ({ key }) => (key === KEY || key === null) && this.#follow()); // null: all was erased
  }

  get(name, otherwise = undefined) {
    return this.#values[name] ?? otherwise;
  }

  set(name, value) {
    this.#unkept[name] = value;
    this.#values = { ...this.#read(), ...this.#unkept };
    try {
      this.storage.setItem(KEY, JSON.stringify(this.#values));
      this.#unkept = {};
    } catch {
      // it stays among the unkept
    }
    this.#changed(name);
  }

  #read() {
    try {
      return JSON.parse(this.storage.getItem(KEY) ?? "{}") ?? {};
    } catch {
      return {}; // unreadable: begin anew
    }
  }

  #follow() {
    const before = this.#values;
    this.#values = { ...this.#read(), ...this.#unkept };
    for (const name of Object.keys({ ...before, ...this.#values })) {
      if (JSON.stringify(before[name]) !== JSON.stringify(this.#values[name])) this.#changed(name, { isElsewhere: true });
    }
  }

  #changed(name, { isElsewhere = false } = {}) {
    this.dispatchEvent(new CustomEvent("change", { detail: { name, value: this.#values[name], isElsewhere } }));
  }
}

export const settings = new Settings(window.localStorage);
