// All that has happened in the lab, from its events: runs with their curves, searches, data at hand.

export class Story {
  runs = new Map();
  searches = new Map();
  data = [];

  constructor(data) {
    this.data = [...data];
  }

  /** One more event. */
  add(what, about) {
    this[`_${what}`]?.(about);
  }

  /** The run in training, if there is one. */
  get running() {
    return [...this.runs.values()].find(({ state }) => state === "running");
  }

  /** The data being searched, if there is any. */
  get searching() {
    return [...this.searches].find(([, { state }]) => state === "running")?.[0];
  }

  _training(about) {
    const known = this.runs.get(about.name) ?? { number: this.runs.size, losses: new Map(), tests: new Map() };
    this.runs.set(about.name, { ...known, ...about, state: "running", error: null });
  }

  _loss({ name, epoch, loss }) {
    this.runs.get(name).losses.set(epoch, loss);
  }

  _test({ name, epoch, accuracy }) {
    this.runs.get(name).tests.set(epoch, accuracy);
  }

  _ended({ name, ...about }) {
    Object.assign(this.runs.get(name), about);
  }

  _search({ data }) {
    this.searches.set(data, { state: "running" });
  }

  _searched({ data, state, error }) {
    this.searches.set(data, { state, error });
  }

  _data({ name }) {
    if (!this.data.includes(name)) this.data.push(name);
  }
}
