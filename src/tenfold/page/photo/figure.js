// Connected pieces of ink, and which of them are the figure (photo/figure.py). A mask is an array of 0 and 1.

import { each, raster } from "../raster.js";
import { ranked } from "./resampling.js";

const EDGE = 3;
const LARGE = 24; // a figure is at least a twenty-fourth as long as the picture

const isAny = (mask) => mask.includes(1);
const above = (ink, level) => each(ink.data, (value) => (value > level ? 1 : 0), Uint8Array);

function count(mask) {
  let ink = 0;
  for (let i = 0; i < mask.length; i++) ink += mask[i];
  return ink;
}

function numberOf(labels) {
  let largest = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i] > largest) largest = labels[i];
  return largest;
}

/** Number the pieces of a mask from 1, in the order in which rows first meet them; corners connect. */
export function labelled(mask, height, width) {
  const labels = new Int32Array(mask.length);
  const waiting = [];
  let pieces = 0;
  for (let start = 0; start < mask.length; start++) {
    if (!mask[start] || labels[start]) continue;
    labels[start] = ++pieces;
    waiting.push(start);
    while (waiting.length) {
      const place = waiting.pop();
      const x = place % width;
      const y = (place - x) / width;
      for (let v = Math.max(y - 1, 0); v <= Math.min(y + 1, height - 1); v++) {
        for (let u = Math.max(x - 1, 0); u <= Math.min(x + 1, width - 1); u++) {
          const near = v * width + u;
          if (!mask[near] || labels[near]) continue;
          labels[near] = pieces;
          waiting.push(near);
        }
      }
    }
  }
  return labels;
}

/** Cut the figure out: its heaviest piece of ink and what lies near it, from 0 to 255 by a ramp. */
export function figureOf(ink, least) {
  const { height, width, data } = ink;
  const nothing = raster(height, width);
  const main = mainPiece(ink, least);
  if (!isAny(main)) return nothing;
  const core = ranked(data.filter((_, place) => main[place]), count(main) >> 1);
  let labels = labelled(above(ink, Math.max(Math.floor((core * 2) / 5), least)), height, width);
  const whole = inside(labels, height, width);
  if (main.some((value, place) => value && whole[place])) labels = whole;
  const piece = heaviest(ink, labels, main);
  const kept = widened(withNeighbours(labels, piece, height, width), height, width, 2);
  const ramp = (value) => Math.min(Math.max(Math.floor(((4 * value - core) * 255) / (2 * core)), 0), 255);
  const level = raster(height, width);
  for (let place = 0; place < data.length; place++) if (kept[place]) level.data[place] = ramp(data[place]);
  return level;
}

/** Whether at least two thirds of the plain ink inside, at least twice `least`, lie within four pixels of the figure. */
export function standsAlone(ink, figure, least) {
  const { height, width, data } = ink;
  const plain = inside(labelled(above(ink, 2 * least - 1), height, width), height, width);
  const near = widened(above(figure, 0), height, width, 4);
  let [own, all] = [0, 0];
  for (let place = 0; place < near.length; place++) {
    if (!plain[place]) continue;
    all += data[place];
    if (near[place]) own += data[place];
  }
  return 3 * own >= 2 * all;
}

/** The heaviest large piece inside the picture that stands out most, or else the heaviest. */
export function mainPiece(ink, least) {
  const { height, width, data } = ink;
  const place = data.length - Math.floor(data.length / 200) - 1;
  const strongest = Math.max(ranked(data, place) >> 1, least);
  for (let level = strongest; ; level = Math.max(Math.floor((level * 2) / 3), least)) {
    const labels = labelled(above(ink, level), height, width);
    const piece = heaviest(ink, inside(labels, height, width));
    if (longest(piece, height, width) * LARGE >= Math.max(height, width)) return piece;
    if (level === least) return cutFigure(ink, Math.max(strongest, 3 * least));
  }
}

/** The heaviest piece, unless it takes more than a fourth of the picture's border: then nothing. */
function cutFigure(ink, level) {
  const { height, width } = ink;
  const piece = heaviest(ink, labelled(above(ink, level), height, width));
  let border = 0;
  for (let x = 0; x < width; x++) border += piece[x] + piece[(height - 1) * width + x];
  for (let y = 0; y < height; y++) border += piece[y * width] + piece[(y + 1) * width - 1];
  return 4 * border <= 2 * (height + width) ? piece : new Uint8Array(piece.length);
}

/** Leave out pieces that reach the picture's border: a finger, the table, a part of something. */
function inside(labels, height, width) {
  const isCut = new Uint8Array(numberOf(labels) + 1);
  for (let y = 0; y < height; y++) {
    const isNear = y < EDGE || y >= height - EDGE;
    for (let x = 0; x < width; x++) {
      if (isNear || x < EDGE || x >= width - EDGE) isCut[labels[y * width + x]] = 1;
    }
  }
  return each(labels, (label) => (isCut[label] ? 0 : label));
}

/** The piece with the most ink, as a mask; of equal ones the first. */
function heaviest(ink, labels, among = null) {
  const weights = new Float64Array(numberOf(labels) + 1);
  for (let place = 0; place < labels.length; place++) {
    if (labels[place] && (!among || among[place])) weights[labels[place]] += ink.data[place];
  }
  let best = 0;
  for (let label = 1; label < weights.length; label++) if (weights[label] > weights[best]) best = label;
  return each(labels, (label) => (best && label === best ? 1 : 0), Uint8Array);
}

/** First and last + 1 of the rows and of the columns that have ink; zeros where there is none. */
export function boxOf(mask, height, width) {
  let [top, bottom, left, right] = [height, 0, width, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!mask[y * width + x]) continue;
      if (y < top) top = y;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      bottom = y + 1;
    }
  }
  return bottom ? [[top, bottom], [left, right]] : [[0, 0], [0, 0]];
}

export function longestOf(box) {
  return Math.max(...box.map(([start, stop]) => stop - start));
}

const longest = (mask, height, width) => longestOf(boxOf(mask, height, width));

/** Add pieces that are no specks and at most a sixth of the figure's length away, until none is. */
function withNeighbours(labels, main, height, width) {
  const size = count(main);
  const sizes = new Int32Array(numberOf(labels) + 1);
  for (let place = 0; place < labels.length; place++) sizes[labels[place]]++;
  for (let kept = main; ; ) {
    const isNear = new Uint8Array(sizes.length);
    const reach = widened(kept, height, width, Math.floor(longest(kept, height, width) / 6));
    for (let place = 0; place < labels.length; place++) {
      const label = labels[place];
      if (reach[place] && label && sizes[label] * 24 > size) isNear[label] = 1;
    }
    const more = each(labels, (label) => isNear[label], Uint8Array);
    for (let place = 0; place < more.length; place++) more[place] |= kept[place];
    if (count(more) === count(kept)) return kept;
    kept = more;
  }
}

/** Add all pixels at most `radius` rows and columns away. */
export function widened(mask, height, width, radius) {
  return spread(spread(mask, 1, height, width, radius), height, width, 1, radius);
}

function spread(mask, outer, length, inner, radius) {
  const wide = new Uint8Array(mask.length);
  for (let line = 0; line < outer; line++) {
    for (let i = 0; i < inner; i++) {
      const at = (place) => mask[(line * length + place) * inner + i];
      let ink = 0;
      for (let place = 0; place < Math.min(radius, length); place++) ink += at(place);
      for (let place = 0; place < length; place++) {
        if (place + radius < length) ink += at(place + radius);
        if (place - radius > 0) ink -= at(place - radius - 1);
        wide[(line * length + place) * inner + i] = ink > 0 ? 1 : 0;
      }
    }
  }
  return wide;
}
