// The softmax lesson: logits that can be dragged, and all that follows from them, beside ten sigmoids.

import { Bars } from "./bars.js";
import { argmax, sigmoid, softmax } from "./heads.js";
import { brief, say } from "./words.js";

const LEAST_REACH = 10; // logits run from minus to plus this, or further if the network's do
const SMALL = 1e-12; // keeps logarithms finite

const byId = (id) => document.getElementById(id);
const logit = (z) => z.toFixed(Math.abs(z) < 10 ? 2 : 1).replace("-", "−");
const sum = (values) => values.reduce((a, b) => a + b, 0);

/** All that follows from logits, a temperature and the place of the true class. */
export function consequences(logits, temperature, truth) {
  const cooled = logits.map((z) => z / temperature);
  const isTrue = (k) => Number(k === truth);
  const ways = { softmax: softmax(cooled), sigmoids: cooled.map(sigmoid) };
  const log = (p) => -Math.log(Math.max(p, SMALL));
  return {
    exponentials: cooled.map(Math.exp),
    softmax: {
      shares: ways.softmax,
      costs: ways.softmax.map((p, k) => isTrue(k) * log(p)),
      gradient: ways.softmax.map((p, k) => p - isTrue(k)),
    },
    sigmoids: {
      shares: ways.sigmoids,
      costs: cooled.map((z, k) => log(sigmoid(isTrue(k) ? z : -z))),
      gradient: ways.sigmoids.map((p, k) => p - isTrue(k)),
    },
  };
}

export class Lesson {
  #names = [];
  #drawn = { names: [], logits: [] };
  #logits = [];
  #truth = 0;
  #temperature = 1;
  #reach = LEAST_REACH;
  #isFollowing = true;
  #charts = {};
  #sliders = [];
  #modelTemperature = null;

  constructor() {
    byId("temperature").addEventListener("input", ({ target }) => this.#cool(10 ** target.value));
    byId("from-drawing").addEventListener("click", () => this.#follow());
    byId("all-equal").addEventListener("click", () => this.#take(this.#logits.map(() => 0)));
    byId("softmax-step").addEventListener("click", () => this.#learn("softmax"));
    byId("sigmoid-step").addEventListener("click", () => this.#learn("sigmoids"));
    for (const button of document.querySelectorAll("input[name=way]")) {
      button.addEventListener("change", () => (byId("lesson").dataset.way = button.value));
    }
  }

  /** Begin with another model, and the temperature that its calibration found. */
  start(temperature) {
    this.#modelTemperature = temperature;
    this.#isFollowing = true;
  }

  /** The network has said something else: a name and a logit a class. */
  follow(names, logits) {
    this.#drawn = { names, logits };
    if (this.#isFollowing) this.#follow();
  }

  #follow() {
    const { names, logits } = this.#drawn;
    if (names.join() !== this.#names.join()) this.#build(names);
    this.#isFollowing = true;
    this.#logits = [...logits];
    this.#choose(argmax(logits));
  }

  #build(names) {
    this.#names = names;
    this.#charts = {
      logits: new Bars(byId("logits"), names, { isSigned: true, write: logit }),
      exponentials: new Bars(byId("exponentials"), names),
      ownSums: new Bars(byId("own-sums"), names),
    };
    for (const way of ["softmax", "sigmoid"]) {
      this.#charts[`${way}-shares`] = new Bars(byId(`${way}-shares`), names);
      this.#charts[`${way}-costs`] = new Bars(byId(`${way}-costs`), names);
      this.#charts[`${way}-gradient`] = new Bars(byId(`${way}-gradient`), names, { isSigned: true });
    }
    this.#sliders = this.#charts.logits.items.map(({ area }, k) => this.#newSlider(area, k));
    this.#stack();
    this.#choices();
  }

  #take(logits) {
    this.#isFollowing = false;
    this.#logits = logits.map((z) => Math.min(Math.max(z, -this.#reach), this.#reach));
    this.show();
  }

  #cool(temperature) {
    this.#temperature = temperature;
    this.show();
  }

  #learn(way) {
    const { gradient } = consequences(this.#logits, this.#temperature, this.#truth)[way];
    this.#take(this.#logits.map((z, k) => z - gradient[k] / this.#temperature));
  }

  #choose(truth) {
    this.#truth = truth;
    byId("truth").querySelectorAll("input")[truth].checked = true;
    this.show();
  }

  #newSlider(area, k) {
    const slider = document.createElement("input");
    Object.assign(slider, { type: "range", step: 0.1, ariaOrientation: "vertical" });
    slider.addEventListener("input", () => this.#take(this.#logits.map((z, i) => (i === k ? slider.valueAsNumber : z))));
    area.appendChild(slider);
    return slider;
  }

  #stack() {
    const parts = this.#names.map((name) => Object.assign(document.createElement("li"), { textContent: name, ariaHidden: "true" }));
    byId("stack").replaceChildren(...parts);
  }

  #choices() {
    const labels = this.#names.map((name, k) => {
      const label = document.createElement("label");
      const button = Object.assign(document.createElement("input"), { type: "radio", name: "truth", value: k });
      button.addEventListener("change", () => this.#choose(k));
      label.append(button, Object.assign(document.createElement("span"), { textContent: name }));
      return label;
    });
    byId("truth").replaceChildren(byId("truth").firstElementChild, ...labels);
  }

  /** Draw everything anew. */
  show() {
    const found = consequences(this.#logits, this.#temperature, this.#truth);
    const total = sum(found.exponentials);
    const furthest = Math.max(...this.#logits.map(Math.abs));
    if (furthest > this.#reach) this.#reach = Math.ceil(furthest);
    this.#charts.logits.show(this.#logits, this.#reach);
    this.#showSliders();
    this.#charts.exponentials.show(found.exponentials, Math.max(...found.exponentials));
    this.#charts.ownSums.show(found.exponentials.map((e) => e + 1), Infinity);
    this.#charts.ownSums.items.forEach(({ bar }, k) => bar.style.setProperty("--share", found.sigmoids.shares[k]));
    [...byId("stack").children].forEach((part, k) => this.#showPart(part, found.softmax.shares[k]));
    byId("sum").textContent = `S = ${brief(total)}`;
    this.#showWay("softmax", found.softmax);
    this.#showWay("sigmoid", found.sigmoids);
    byId("temperature-value").textContent = this.#temperature.toFixed(2);
    byId("temperature").ariaValueText = `T = ${this.#temperature.toFixed(2)}`;
    byId("model-temperature").textContent = this.#modelTemperature
      ? say("modelTemperature", { value: this.#modelTemperature.toFixed(2) })
      : "";
  }

  #showSliders() {
    this.#sliders.forEach((slider, k) => {
      slider.min = -this.#reach;
      slider.max = this.#reach;
      slider.value = this.#logits[k];
      slider.ariaLabel = say("logitOf", { label: this.#names[k] });
      slider.ariaValueText = logit(this.#logits[k]);
    });
  }

  #showPart(part, share) {
    part.style.flexGrow = share;
    part.classList.toggle("narrow", share < 0.06);
    part.title = `${part.textContent}: ${brief(share)}`;
  }

  #showWay(way, { shares, costs, gradient }) {
    this.#charts[`${way}-shares`].show(shares, 1);
    this.#charts[`${way}-costs`].show(costs, Math.max(...costs, Math.LN10), this.#truth);
    this.#charts[`${way}-gradient`].show(gradient, 1, this.#truth);
    byId(`${way}-total`).textContent = say("total", { value: brief(sum(shares)) });
    byId(`${way}-loss`).textContent = say("lossIs", { value: brief(sum(costs)) });
  }
}
