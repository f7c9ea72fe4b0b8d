// The forward pass, and the slope of a logit by every input: float32, one image at a time.

/**
 * Every layer's values: the inputs, what each hidden layer gives after ReLU, and last the logits.
 * @param {{weight: Float32Array, bias: Float32Array}[]} layers weights row by row, a row a neuron
 * @param {Float32Array} inputs normalised pixels
 * @returns {Float32Array[]}
 */
export function forward(layers, inputs) {
  const values = [inputs];
  layers.forEach(({ weight, bias }, layer) => {
    const before = values.at(-1);
    const after = new Float32Array(bias.length);
    for (let neuron = 0, at = 0; neuron < bias.length; neuron++) {
      let sum = 0;
      for (let i = 0; i < before.length; i++) sum += weight[at++] * before[i];
      sum += bias[neuron];
      after[neuron] = layer < layers.length - 1 && sum < 0 ? 0 : sum;
    }
    values.push(after);
  });
  return values;
}

/**
 * The slope of a weighed sum of logits by every input.
 * @param {object[]} layers as `forward` takes them
 * @param {Float32Array[]} values what `forward` gave
 * @param {number[]} direction weight of each logit
 * @returns {Float64Array}
 */
export function gradient(layers, values, direction) {
  let slope = Float64Array.from(direction);
  for (let layer = layers.length - 1; layer >= 0; layer--) {
    const { weight } = layers[layer];
    const before = new Float64Array(values[layer].length);
    slope.forEach((share, neuron) => {
      if (share === 0) return;
      const at = neuron * before.length;
      for (let i = 0; i < before.length; i++) before[i] += share * weight[at + i];
    });
    if (layer > 0) before.forEach((_, i) => (before[i] *= values[layer][i] > 0));
    slope = before;
  }
  return slope;
}
