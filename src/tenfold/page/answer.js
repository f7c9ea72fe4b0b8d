// What a model says of an image: probabilities, label, prediction set, and whether it is none of the classes.

import { argmax, probabilitiesOf } from "./heads.js";
import { forward } from "./network.js";
import { normalised } from "./preprocessing.js";
import { foreignness } from "./refusal.js";

const LEAST_KEPT = 1 / 32; // share of its probability that a class keeps when smoothing is undone
const COVERAGES = [99, 95, 90]; // per cent: the first that the held-out images allow

/**
 * @param {object} model as `readModel` gives it
 * @param {object} image of the model's size, as `steps` ends
 * @returns {{values, logits, probabilities, label, set, coverage, refusal}} `set` and `refusal` null where there is none
 */
export function answer(model, image) {
  const values = forward(model.layers, normalised(model.preprocessing, image));
  const logits = values.at(-1);
  const probabilities = Float32Array.from(probabilitiesOf(model.head, calibrated(model, logits)));
  const label = argmax(probabilities);
  return { values, logits, probabilities, label, ...setOf(model, probabilities, label), ...refusalOf(model, image, logits) };
}

/** Logits of calibrated probabilities: smoothing undone, then cooled. */
export function calibrated({ head, calibration }, logits) {
  if (!calibration) return Array.from(logits);
  return unsmoothed(logits, calibration.label_smoothing, head).map((z) => z / calibration.temperature);
}

function unsmoothed(logits, smoothing, head) {
  if (smoothing === 0) return Array.from(logits);
  const learnt = probabilitiesOf(head, logits);
  const share = smoothing / learnt.length;
  const change = learnt.map((q) => Math.log(Math.max(1 - share / Math.max(q, share), LEAST_KEPT)));
  if (head === "sigmoid") return [logits[0] + change[1] - change[0]];
  return Array.from(logits, (z, k) => z + change[k]);
}

/** The classes whose score 1 - p is at most the threshold, the label always among them. */
function setOf({ calibration }, probabilities, label) {
  const scores = calibration?.scores ?? [];
  const coverage = COVERAGES.find((percent) => scores.length >= percent / (100 - percent));
  if (coverage === undefined) return { set: null, coverage: null };
  const threshold = scores[Math.ceil(((scores.length + 1) * coverage) / 100) - 1];
  const members = [...probabilities.keys()].filter((k) => 1 - probabilities[k] <= threshold || k === label);
  return { set: members, coverage };
}

function refusalOf({ calibration }, image, logits) {
  const isBlank = image.data.every((value) => value === image.data[0]);
  const found = calibration?.refusal && foreignness(calibration.refusal, image, logits);
  const refusal = isBlank ? { reason: "blank" } : found?.isForeign ? { ...found, limit: calibration.refusal.threshold } : null;
  return { refusal, score: found ? found.score : null };
}
