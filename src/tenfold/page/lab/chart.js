// Learning curves: one line a run, over epochs, drawn as SVG.

import { make } from "./make.js";
import { say } from "../words.js";

const HEIGHT = 240;
const LEFT = 48;
const RIGHT = 14;
const TOP = 12;
const BOTTOM = 34;
const KINDS = 12; // colours by dashes, before they begin anew
const MOST_TICKS = 6;
const ROUND = [1, 10, 100, 1000, 10_000, 100_000].flatMap((power) => [1, 2, 5].map((n) => n * power)); // epochs
const MOST_POINTS = 1000; // of a line; more than a screen can show

/** How lines look: a class of the style sheet for the run's number. */
export const kindOf = (run) => `kind-${run.number % KINDS}`;

/** Losses fall by factors: equal factors are equal distances. */
export const byFactors = {
  place: Math.log,
  range: (values) => widened(Math.min(...values), Math.max(...values)),
  ticks: (low, high) => [-3, -2, -1, 0, 1, 2, 3].flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power)).filter((v) => v >= low && v <= high),
  written: (value) => String(Number(value.toPrecision(3))),
};

/** Shares, from a round number below the least to all. */
export const byShares = {
  place: (value) => value,
  range: (values) => [[0.98, 0.95, 0.9, 0.8, 0.5].find((low) => low < Math.min(...values)) ?? 0, 1],
  ticks: (low, high) => [0, 1, 2, 3, 4, 5].map((i) => low + ((high - low) * i) / 5),
  written: (value) => `${Number((100 * value).toFixed(1))} %`,
};

function thinned(points) {
  const step = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, i) => i % step === 0 || i === points.length - 1);
}

const widened = (low, high) => (high > 1.5 * low ? [low, high] : [low / 1.25, high * 1.25]);

/** A figure that draws runs; `pointsOf(run)` is a Map from epochs to values. */
export class Chart {
  #title;
  #pointsOf;
  #scale;
  #svg = drawn("svg", { role: "img" });
  #runs = [];

  constructor(title, scale, pointsOf) {
    this.#title = title;
    this.#scale = scale;
    this.#pointsOf = pointsOf;
    this.figure = make("figure", {}, make("figcaption", { words: title }), this.#svg);
    new ResizeObserver(() => this.show(this.#runs)).observe(this.figure);
  }

  show(runs) {
    this.#runs = runs;
    const lines = runs.map((run) => [run, [...this.#pointsOf(run)]]).filter(([, points]) => points.length);
    const width = this.figure.clientWidth;
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.#svg.setAttribute("height", HEIGHT);
    this.#svg.setAttribute("aria-label", this.#spoken(lines));
    this.#svg.replaceChildren();
    if (!width) return;
    const all = lines.flatMap(([, points]) => points);
    const planned = runs.filter(({ state }) => state === "running").map(({ epochs }) => epochs);
    const epochs = Math.max(1, ...planned, ...all.map(([epoch]) => Math.ceil(epoch)));
    const [low, high] = this.#scale.range(all.length ? all.map(([, value]) => value) : [0.5, 1]);
    const place = this.#scale.place;
    const x = (epoch) => LEFT + ((width - LEFT - RIGHT) * epoch) / epochs;
    const y = (value) => HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - TOP) * (place(value) - place(low))) / (place(high) - place(low));
    this.#drawAxes(width, x, y, epochs, low, high);
    for (const [run, points] of lines) this.#drawLine(run, points, x, y);
  }

  #drawAxes(width, x, y, epochs, low, high) {
    for (const value of this.#scale.ticks(low, high)) {
      this.#add("line", { class: "rule", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) });
      this.#add("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, this.#scale.written(value));
    }
    const step = ROUND.find((epochsApart) => epochs / epochsApart <= MOST_TICKS);
    for (let epoch = 0; epoch <= epochs; epoch += step) {
      this.#add("text", { x: x(epoch), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, epoch);
    }
    this.#add("text", { x: width - RIGHT, y: HEIGHT - 3, "text-anchor": "end" }, say("labEpochAxis"));
  }

  #drawLine(run, points, x, y) {
    const path = thinned(points).map(([epoch, value]) => `${x(epoch).toFixed(1)},${y(value).toFixed(1)}`);
    this.#add("polyline", { class: `curve ${kindOf(run)}`, points: path.join(" ") });
    const [epoch, value] = points.at(-1);
    this.#add("circle", { class: `end ${kindOf(run)}`, cx: x(epoch), cy: y(value), r: 3.5 });
  }

  #spoken(lines) {
    const said = lines.map(([run, points]) => {
      const [epoch, value] = points.at(-1);
      return say("labChartLine", { name: run.name, value: this.#scale.written(value), epoch: Number(epoch.toFixed(1)) });
    });
    return say("labChart", { title: say(this.#title), lines: said.join("; ") });
  }

  #add(tag, attributes, text) {
    const element = drawn(tag, attributes);
    if (text !== undefined) element.textContent = text;
    this.#svg.append(element);
  }
}

function drawn(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
