// Which pictures are none of the classes: those that neither look like the answer nor speak to the network
// (model/refusal.py, model/subspaces.py).

import { argmax, oneAClass } from "./heads.js";

/** Two parts in standard deviations above their mean, their length, and whether that is too much. */
export function foreignness(refusal, image, logits) {
  const all = oneAClass(logits);
  const parts = [strangeness(refusal.subspaces, image, argmax(all)), energy(all)];
  const excess = parts.map((part, i) => Math.max((part - refusal.means[i]) / refusal.deviations[i], 0));
  const score = Math.hypot(...excess);
  return { score, isForeign: score > refusal.threshold, reason: excess[0] >= excess[1] ? "unlike" : "silent" };
}

/** Minus the logarithm of the sum of the logits' exponentials. */
export function energy(logits) {
  const largest = Math.max(...logits);
  return -largest - Math.log(logits.reduce((sum, z) => sum + Math.exp(z - largest), 0));
}

/** How little an image looks like a class: what its directions leave over, times the share of that in the whole. */
function strangeness({ block, features, rank, means, directions }, image, label) {
  const values = averaged(image, block);
  const difference = Float64Array.from(values, (value, i) => (value - means[label * features + i]) / 255);
  const whole = difference.reduce((sum, value) => sum + value * value, 0);
  let left = whole;
  for (let r = 0; r < rank; r++) {
    const start = (label * rank + r) * features;
    let [along, squares] = [0, 0];
    for (let i = 0; i < features; i++) {
      along += difference[i] * directions[start + i];
      squares += directions[start + i] ** 2;
    }
    left -= along ** 2 / Math.max(squares, 1);
  }
  left = Math.max(left, 0);
  return whole > 0 ? (left / whole) * left : 0;
}

/** Means over square blocks; those at the right and lower border take what there is. */
function averaged({ height, width, channels, data }, block) {
  if (block === 1) return data;
  const means = [];
  for (let top = 0; top < height; top += block) {
    for (let left = 0; left < width; left += block) {
      for (let c = 0; c < channels; c++) {
        let [sum, pixels] = [0, 0];
        for (let y = top; y < Math.min(top + block, height); y++) {
          for (let x = left; x < Math.min(left + block, width); x++, pixels++) sum += data[(y * width + x) * channels + c];
        }
        means.push(Math.fround(sum / pixels));
      }
    }
  }
  return means;
}
