// The network at work: every number of every layer as a square, the deeper its colour the larger.

import { show } from "./raster.js";
import { say } from "./words.js";

const TALLEST = 32; // squares of a column
const MOST = 4096; // squares of a layer; of a larger one the first are shown
const COLOUR = [224, 122, 20];

/**
 * Show all layers.
 * @param {HTMLElement} list an item a layer
 * @param {object} model whose network it is
 * @param {Float32Array[]} values as `forward` gives them
 * @param {boolean} isDone whether the layers light up one after the other
 */
export function showLayers(list, model, values, isDone) {
  const [inputs, ...others] = values;
  const { size: [, width], channels } = model.preprocessing;
  const shown = [{ grid: pixelGrid(inputs, width, channels), words: say("layerInput", { total: inputs.length }) }];
  for (const layer of others.slice(0, -1)) {
    const lit = layer.filter((value) => value > 0).length;
    shown.push({ grid: columnGrid(layer), words: say("layerHidden", { lit, total: layer.length }) });
  }
  const logits = others.at(-1);
  shown.push({ grid: columnGrid(aboveLeast(logits)), words: say("layerOutput", { total: logits.length }) });
  list.replaceChildren(...shown.map(newItem));
  if (isDone) light(list);
}

const aboveLeast = (values) => {
  const least = values.reduce((a, b) => Math.min(a, b));
  return values.map((value) => value - least);
};

/** The inputs as they lie in the picture; of a coloured one the first channel. */
function pixelGrid(inputs, columns, channels) {
  return { columns, values: aboveLeast(inputs.filter((_, i) => i % channels === 0)) };
}

/** A layer runs down its columns. */
function columnGrid(layer) {
  const squares = layer.subarray(0, MOST);
  const columns = Math.ceil(squares.length / TALLEST);
  const rows = Math.ceil(squares.length / columns);
  const at = (i) => squares[(i % columns) * rows + Math.floor(i / columns)] ?? 0;
  return { columns, values: Float32Array.from({ length: columns * rows }, (_, i) => at(i)) };
}

function newItem({ grid: { columns, values }, words }) {
  const item = document.createElement("li");
  const canvas = item.appendChild(document.createElement("canvas"));
  const pixels = new ImageData(columns, Math.ceil(values.length / columns));
  const largest = values.reduce((a, b) => Math.max(a, b), 0) || 1;
  values.forEach((value, i) => pixels.data.set([...COLOUR, 255 * Math.sqrt(value / largest)], 4 * i));
  show(canvas, pixels);
  canvas.ariaHidden = "true";
  canvas.style.setProperty("--columns", columns);
  canvas.style.setProperty("--rows", pixels.height);
  item.appendChild(document.createElement("span")).textContent = words;
  return item;
}

/** One layer after the other lights up, unless the reader wants no motion. */
function light(list) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const motion = { duration: 320, fill: "backwards", easing: "ease-out" };
  [...list.children].forEach(({ firstChild }, i) => {
    firstChild.animate([{ opacity: 0.1 }, { opacity: 1 }], { ...motion, delay: 110 * i });
  });
}
