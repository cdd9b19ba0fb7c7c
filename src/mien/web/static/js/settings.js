// What the person chose, kept in this browser alone. `settings.get(name)`, `settings.set(name, value)`, event "change".

const KEY = "mien.settings";

class Settings extends EventTarget {
  #values = {};

  constructor(storage) {
    super();
    this.storage = storage;
    try {
      this.#values = JSON.parse(storage.getItem(KEY) ?? "{}") ?? {};
    } catch {
      this.#values = {}; // unreadable: begin anew
    }
  }

  get(name, otherwise = undefined) {
    return this.#values[name] ?? otherwise;
  }

  set(name, value) {
    this.#values[name] = value;
    try {
      this.storage.setItem(KEY, JSON.stringify(this.#values));
    } catch {
      // a full or forbidden storage: the choice lasts until the page is left
    }
    this.dispatchEvent(new CustomEvent("change", { detail: { name, value } }));
  }
}

export const settings = new Settings(window.localStorage);
