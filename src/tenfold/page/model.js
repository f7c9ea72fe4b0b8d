// A model file, as tenfold writes it: safetensors, with everything but the weights as JSON in its header.

import { forward } from "./network.js";
import { normalised } from "./preprocessing.js";

const GOLDEN_TOLERANCE = 1e-4;

/**
 * Read a model, and prove it: its golden examples must give the logits that they gave in Python.
 * @param {ArrayBuffer} file
 * @throws when this browser computes otherwise
 */
export function readModel(file) {
  const length = Number(new DataView(file).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 8, length)));
  const about = JSON.parse(header.__metadata__.tenfold);
  const tensor = (name) => {
    const [from, to] = header[name].data_offsets.map((offset) => 8 + length + offset);
    return new Float32Array(file.slice(from, to));
  };
  const layers = about.network.slice(1).map((_, i) => ({ weight: tensor(`l${i + 1}.weight`), bias: tensor(`l${i + 1}.bias`) }));
  const { head, classes, preprocessing, provenance } = about;
  const examples = examplesOf(about.golden.inputs, preprocessing);
  const model = { layers, widths: about.network, head, classes, preprocessing, provenance, examples };
  checkGolden(model, new Float32Array(decoded(about.golden.logits.base64).buffer));
  return { ...model, calibration: calibrationOf(about.calibration) };
}

function examplesOf({ shape, base64 }, { size: [height, width], channels }) {
  const pixels = decoded(base64);
  const length = height * width * channels;
  return Array.from({ length: shape[0] }, (_, i) => ({ height, width, channels, data: pixels.slice(i * length, (i + 1) * length) }));
}

function checkGolden({ layers, preprocessing, examples }, golden) {
  const logits = examples.flatMap((image) => [...forward(layers, normalised(preprocessing, image)).at(-1)]);
  const tolerance = GOLDEN_TOLERANCE * golden.reduce((largest, z) => Math.max(largest, Math.abs(z)), 1);
  if (!logits.every((z, i) => Math.abs(z - golden[i]) <= tolerance)) {
    throw new Error("golden examples give other logits than in Python: this browser computes otherwise");
  }
}

function calibrationOf(stored) {
  if (!("temperature" in stored)) return null;
  const probabilities = new Float32Array(decoded(stored.conformal.probability).buffer);
  const scores = Float64Array.from(probabilities, (p) => 1 - p).sort();
  return { ...stored, scores, refusal: refusalOf(stored.refusal) };
}

function refusalOf(stored) {
  if (!stored) return null;
  const { block, shape: [, rank, features], means, directions } = stored.subspaces;
  const subspaces = { block, rank, features, means: decoded(means), directions: new Int8Array(decoded(directions).buffer) };
  return { ...stored, subspaces };
}

/** Bytes of a text in base64. */
export function decoded(base64) {
  return Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
}
