// Suspects as cards: the picture, what it is labelled, what it looks like, and what shall become of it.

import { decoded } from "../model.js";
import { show, toImageData } from "../raster.js";
import { percent, say } from "../words.js";
import { button, make, offer } from "./make.js";
import { ask } from "./server.js";

const key = ({ split, index }) => `${split}[${index}]`;

export class Suspects {
  #data = "";
  #cards = new Map();
  #classes = [];
  #total = 0;
  #decided = 0;
  #list = make("ol", { className: "suspects", label: "labSuspects" });
  #count = make("span");
  #bar = make("progress", { label: "labProgress" });
  #undo = button("labUndo", () => this.#act(() => this.#takeBack()));
  #copy = button("labCopy", () => this.#act(() => this.#write()));
  #more = button("labMore", () => this.#act(() => this.#next()));
  #last = Promise.resolve();
  #tell;
  #fail;

  /** @param {{tell: (words: string, values: object) => void, fail: (reason: string) => void}} listeners */
  constructor({ tell, fail }) {
    this.#tell = tell;
    this.#fail = fail;
    const tools = make("div", { className: "tools" }, this.#bar, this.#count, this.#undo, this.#copy);
    this.element = make("div", { hidden: true }, tools, this.#list, make("p", { className: "tools" }, this.#more));
  }

  /** Show the suspects of a data set. */
  open(data) {
    return this.#act(() => {
      this.#data = data;
      this.#cards.clear();
      this.#list.replaceChildren();
      return this.#next();
    });
  }

  /** Say everything again, in the language of now. */
  show() {
    for (const card of this.#cards.values()) card.speak();
    this.#count.textContent = say("labDecided", { decided: this.#decided, total: this.#total });
  }

  async #next() {
    const page = await this.#ask(`/${this.#cards.size}`);
    this.#classes = page.classes;
    const made = page.suspects.map((suspect) => this.#card(suspect));
    this.#list.append(...made.map(({ element }) => element));
    this.#learn(page);
    this.element.hidden = page.total === 0;
    if (page.total === 0) this.#tell("labNone", { data: this.#data });
  }

  #card(suspect) {
    const card = new Card(suspect, this.#classes, (decision, label) => this.#act(() => this.#decide(suspect, decision, label)));
    this.#cards.set(key(suspect), card);
    return card;
  }

  async #decide(suspect, decision, label) {
    const { split, index, place } = suspect;
    this.#learn(await this.#ask("/decisions", { split, index, decision, label: decision === "relabel" ? label : null }));
    const words = { keep: "labKept", relabel: "labRelabelled", drop: "labDropped" }[decision];
    this.#tell(words, { place, label: label ?? suspect.given });
  }

  async #takeBack() {
    const answer = await this.#ask("/undo", {});
    this.#learn(answer);
    const card = this.#cards.get(key(answer.undone));
    card?.element.scrollIntoView({ block: "nearest" });
    this.#tell("labUndone", { place: card?.suspect.place ?? key(answer.undone) });
  }

  async #write() {
    this.#tell("labCopied", await this.#ask("/copy", {}));
  }

  /** Take in how far it is. */
  #learn({ total, decided, can_undo: canUndo }) {
    const choices = new Map(decided.map((choice) => [key(choice), choice]));
    for (const [place, card] of this.#cards) card.choose(choices.get(place));
    this.#total = this.#bar.max = total;
    this.#decided = this.#bar.value = decided.length;
    this.#undo.disabled = !canUndo;
    this.#copy.disabled = !decided.some(({ decision }) => decision !== "keep");
    this.#more.hidden = this.#cards.size >= total;
    this.show();
  }

  #ask(path, values) {
    return ask(`/suspects/${encodeURIComponent(this.#data)}${path}`, values);
  }

  /** One thing after the other, however fast the buttons are pressed. */
  #act(work) {
    this.#last = this.#last.then(async () => {
      this.#fail("");
      try {
        await work();
      } catch (error) {
        this.#fail(error.message);
      }
    });
    return this.#last;
  }
}

class Card {
  constructor(suspect, classes, whenDecided) {
    this.suspect = suspect;
    const picture = make("canvas", { role: "img" });
    show(picture, toImageData({ ...suspect, data: decoded(suspect.pixels) }));
    const { given, suggested } = suspect;
    this.classes = make("select");
    offer(this.classes, classes);
    this.classes.value = suggested;
    this.buttons = {
      keep: make("button", { type: "button", onclick: () => whenDecided("keep") }),
      relabel: button("labRelabel", () => whenDecided("relabel", this.classes.value)),
      drop: button("labDrop", () => whenDecided("drop")),
    };
    this.place = make("small", { textContent: suspect.place });
    this.reason = make("small");
    const said = make("dl", {}, ...line("labLabelled", given, suspect.given_probability), ...line("labLooksLike", suggested, suspect.suggested_probability));
    const { keep, relabel, drop } = this.buttons;
    this.choices = make("div", { className: "choices", role: "group" }, keep, make("span", {}, relabel, this.classes), drop);
    this.element = make("li", {}, picture, make("div", {}, said, this.place, this.reason), this.choices);
    this.picture = picture;
    this.choose();
    this.speak();
  }

  /** Show what is decided; nothing where nothing is. */
  choose(choice) {
    for (const [word, element] of Object.entries(this.buttons)) element.ariaPressed = String(choice?.decision === word);
    if (choice?.label) this.classes.value = choice.label;
    this.element.dataset.decision = choice?.decision ?? "";
  }

  speak() {
    const { place, given } = this.suspect;
    this.picture.ariaLabel = this.choices.ariaLabel = say("labSuspect", this.suspect);
    this.buttons.keep.textContent = say("labKeep", { label: given });
    this.classes.ariaLabel = say("labRelabelTo", { place });
    this.reason.textContent = this.suspect.reason.includes("duplicate") ? say("labCopyOf") : "";
  }
}

const line = (words, name, probability) => [
  make("dt", { words }),
  make("dd", {}, make("b", { textContent: name }), ` ${percent(probability)}`),
];
