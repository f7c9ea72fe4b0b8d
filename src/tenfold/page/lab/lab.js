// The lab: train and watch, try the fresh model, mend the data. Only where the server has one.

import { token } from "../token.js";
import { say, WORDS } from "../words.js";
import { byFactors, byShares, Chart } from "./chart.js";
import { button, labelled, make, offer } from "./make.js";
import { Runs } from "./runs.js";
import { ask, events } from "./server.js";
import { Story } from "./story.js";
import { Suspects } from "./suspects.js";
import { LAB_WORDS } from "./words.js";

const FIRST_WAIT = 1000; // milliseconds before a lost connection is tried anew, doubled up to
const LONGEST_WAIT = 30_000;
const PAUSE = 100; // milliseconds between two pictures of a training

for (const [language, words] of Object.entries(LAB_WORDS)) Object.assign(WORDS[language], words);

/**
 * Put the lab into the page.
 * @param {(name: string) => Promise<void>} tryModel makes a model answer on the page
 */
export async function startLab(tryModel) {
  const place = document.querySelector("main");
  if (!token()) return place.append(make("section", { id: "lab" }, make("p", { words: "labNoToken" })));
  document.head.append(make("link", { rel: "stylesheet", href: "page/lab/lab.css" }));
  const lab = new Lab(await ask(""), tryModel);
  place.append(lab.element);
  return lab.follow();
}

class Lab {
  #offered;
  #story;
  #isDue = false;
  #status = make("p");
  #bar = make("progress", { label: "labProgress", max: 1 });
  #stop = button("labStop", () => this.#order("/stop"));
  #spoken = make("p", { className: "unseen", ariaLive: "polite" });
  #failure = make("p", { className: "failure", role: "alert", hidden: true });
  #start = make("button", { type: "submit", words: "labTrain" });
  #fields = {
    data: make("select"),
    recipe: make("select"),
    epochs: make("input", { type: "number", min: 1, step: 1 }),
    seed: make("input", { type: "number", min: 0, max: 2 ** 32 - 1, step: 1, value: 0, required: true }),
  };
  #charts = [
    new Chart("labLoss", byFactors, ({ losses }) => losses),
    new Chart("labAccuracy", byShares, ({ tests }) => tests),
  ];
  #runs;
  #searched = make("select");
  #find = button("labFind", () => this.#search());
  #suspects = new Suspects({ tell: (...words) => this.#tell(...words), fail: (reason) => this.#fail(reason) });
  #said = make("p", { className: "said" });
  #told = null; // the words last said, for another language
  #awaited = ""; // data whose suspects are to be shown once they are found

  constructor(offered, tryModel) {
    this.#offered = offered;
    this.#story = new Story(offered.data);
    this.#fields.epochs.max = offered.most_epochs;
    this.#runs = new Runs({
      tryModel: (name) => tryModel(name).then(() => this.#tell("labTried", { name })),
      resume: (name) => this.#order(`/trainings/${encodeURIComponent(name)}/resume`),
    });
    this.#searched.onchange = () => {
      this.#suspects.element.hidden = true;
      this.#show();
    };
    this.element = this.#built();
    new MutationObserver(() => this.#speak()).observe(document.documentElement, { attributeFilter: ["lang"] });
    this.#speak();
  }

  /** Say everything anew, in the language of now. */
  #speak() {
    this.#fields.epochs.placeholder = say("labEpochsHelp");
    this.#said.textContent = this.#told ? say(...this.#told) : "";
    this.#suspects.show();
    this.#show();
  }

  /** Listen, and when the connection is lost begin anew: the server tells everything from the start. */
  async follow() {
    for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
      const story = new Story(this.#offered.data);
      try {
        for await (const [what, about] of events()) {
          wait = FIRST_WAIT;
          story.add(what, about);
          this.#story = story;
          this.#announce(what, about);
          this.#showSoon();
        }
      } catch {
        // the server is gone for now
      }
      this.#status.textContent = say("labLost");
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  #built() {
    const { data, recipe, epochs, seed } = this.#fields;
    const form = make(
      "form",
      { className: "start", label: "labStart", onsubmit: (event) => this.#train(event) },
      labelled("labData", data),
      labelled("labRecipe", recipe),
      labelled("labEpochs", epochs),
      labelled("labSeed", seed),
      this.#start,
    );
    const live = make("div", { className: "live" }, this.#stop, this.#bar, this.#status);
    const mend = make("div", { className: "start" }, labelled("labData", this.#searched), this.#find);
    const head = (tag, words, id) => make(tag, { words, id });
    const section = make(
      "section",
      { id: "lab" },
      head("h2", "labTitle", "lab-title"),
      make("p", { className: "lead", words: "labLead" }),
      form,
      live,
      this.#failure,
      this.#spoken,
      make("div", { className: "curves" }, ...this.#charts.map(({ figure }) => figure)),
      head("h3", "labRuns", "lab-runs"),
      this.#runs.element,
      head("h3", "labMendTitle", "lab-mend"),
      make("p", { className: "aside", words: "labMendLead" }),
      mend,
      this.#said,
      this.#suspects.element,
    );
    section.setAttribute("aria-labelledby", "lab-title");
    return section;
  }

  #showSoon() {
    if (this.#isDue) return;
    this.#isDue = true;
    setTimeout(() => this.#show(), PAUSE);
  }

  #show() {
    this.#isDue = false;
    const { data, recipe } = this.#fields;
    const runs = [...this.#story.runs.values()];
    offer(data, this.#story.data);
    offer(this.#searched, this.#story.data);
    offer(recipe, this.#offered.recipes.map(({ name }) => name));
    for (const chart of this.#charts) chart.show(runs);
    this.#runs.show(runs);
    this.#showLive(this.#story.running, this.#story.searching);
    const search = this.#story.searches.get(this.#searched.value);
    this.#find.textContent = say(search?.state === "done" ? "labShow" : "labFind");
    this.#find.disabled = this.#isBusy && search?.state !== "done";
  }

  get #isBusy() {
    return Boolean(this.#story.running ?? this.#story.searching);
  }

  #showLive(run, searching) {
    this.#stop.hidden = this.#bar.hidden = !this.#isBusy;
    this.#start.disabled = this.#isBusy;
    this.#bar.removeAttribute("value");
    if (searching) this.#status.textContent = say("labSearching", { data: searching });
    else if (!run) this.#status.textContent = say("labIdle");
    else if (!run.losses.size) this.#status.textContent = say("labBegins", run);
    else this.#showProgress(run);
  }

  #showProgress(run) {
    const [epoch, loss] = [...run.losses].at(-1);
    const accuracy = [...run.tests.values()].at(-1);
    const parts = [say("labRunning", { ...run, epoch: Math.ceil(epoch) }), say("labLossNow", { loss: loss.toFixed(3) })];
    if (accuracy !== undefined) parts.push(say("labAccuracyNow", { accuracy: byShares.written(accuracy) }));
    this.#status.textContent = parts.join(" · ");
    this.#bar.value = epoch / run.epochs;
  }

  /** Say aloud what a listener would not want to miss. */
  #announce(what, about) {
    if (what === "ended") {
      this.#spoken.textContent = say("labEnded", { name: about.name, state: say(`lab ${about.state}`) });
    } else if (what === "searched" && about.data === this.#awaited) {
      this.#awaited = "";
      if (about.state === "done") this.#suspects.open(about.data);
      else this.#fail(about.error ?? "");
    }
  }

  async #train(event) {
    event.preventDefault();
    const { data, recipe, epochs, seed } = this.#fields;
    const number = ({ value }) => (value === "" ? null : Number(value));
    await this.#order("/trainings", { data: data.value, recipe: recipe.value, epochs: number(epochs), seed: number(seed) });
  }

  async #search() {
    const data = this.#searched.value;
    if (this.#story.searches.get(data)?.state === "done") return this.#suspects.open(data);
    this.#awaited = data;
    return this.#order(`/suspects/${encodeURIComponent(data)}/search`);
  }

  async #order(path, values = {}) {
    this.#fail("");
    try {
      await ask(path, values);
    } catch (error) {
      this.#fail(error.message);
    }
  }

  #tell(...words) {
    this.#told = words;
    this.#said.textContent = this.#spoken.textContent = say(...words);
  }

  #fail(reason) {
    this.#failure.textContent = reason;
    this.#failure.hidden = !reason;
  }
}
