// The table of runs: what each was trained with, what it reached, and what can be done with it.

import { kindOf } from "./chart.js";
import { button, make } from "./make.js";
import { percent, say } from "../words.js";

const HEADS = ["labRun", "labData", "labRecipe", "labEpochs", "labSeed", "labAccuracy", "labSeconds", "labState", "labActions"];

export class Runs {
  #rows = new Map();
  #body = make("tbody");
  #empty = make("p", { words: "labNoRuns" });
  #actions;

  /** @param {{tryModel: (name: string) => void, resume: (name: string) => void}} actions */
  constructor(actions) {
    this.#actions = actions;
    const heads = HEADS.map((words) => make("th", { scope: "col", words }));
    this.table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), this.#body);
    this.element = make("div", { className: "scrolled", tabIndex: 0, role: "region", label: "labRuns" }, this.table, this.#empty);
  }

  /** Show runs, the newest first; rows stay, so that whoever stands on a button stays there. */
  show(runs) {
    this.#empty.hidden = runs.length > 0;
    this.table.hidden = runs.length === 0;
    for (const [name, { row }] of this.#rows) {
      if (!runs.some((run) => run.name === name)) row.remove();
    }
    for (const run of runs) this.#rowOf(run)(run);
  }

  #rowOf(run) {
    const known = this.#rows.get(run.name);
    if (known?.row.isConnected) return known.fill;
    const made = this.#newRow(run);
    this.#rows.set(run.name, made);
    this.#body.prepend(made.row);
    return made.fill;
  }

  #newRow({ name }) {
    const swatch = make("span", { className: "swatch", ariaHidden: "true" });
    const cells = HEADS.slice(1, -1).map(() => make("td"));
    const attempt = button("labTry", () => this.#actions.tryModel(name));
    const resume = button("labResume", () => this.#actions.resume(name));
    const error = make("small");
    const row = make("tr", {}, make("th", { scope: "row" }, swatch, name), ...cells, make("td", {}, attempt, resume, error));
    return { row, fill: (run) => fill(run, { swatch, cells, attempt, resume, error }) };
  }
}

function fill(run, { swatch, cells, attempt, resume, error }) {
  swatch.className = `swatch ${kindOf(run)}`;
  const reached = [...run.tests.values()].at(-1);
  const shown = [
    run.data,
    run.recipe,
    run.epochs,
    run.seed,
    reached === undefined ? "–" : percent(run.accuracy ?? reached),
    run.seconds ?? "–",
    say(`lab ${run.state}`),
  ];
  cells.forEach((cell, i) => (cell.textContent = shown[i]));
  attempt.hidden = run.state !== "done" || Boolean(run.error);
  resume.hidden = run.state === "running" || !run.can_resume;
  for (const [action, words] of [[attempt, "labTry"], [resume, "labResume"]]) {
    action.ariaLabel = say("labOf", { what: say(words), name: run.name });
  }
  error.textContent = run.error ?? "";
}
