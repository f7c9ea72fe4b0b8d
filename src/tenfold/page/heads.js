// From logits to probabilities: softmax, or the sigmoid of a single logit for two classes.

export function softmax(logits) {
  const largest = Math.max(...logits);
  const exponentials = Array.from(logits, (z) => Math.exp(z - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

export const sigmoid = (z) => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));

export function probabilitiesOf(head, logits) {
  return head === "sigmoid" ? [sigmoid(-logits[0]), sigmoid(logits[0])] : softmax(logits);
}

/** One logit a class: a single logit z of a sigmoid head stands for -z/2 and z/2. */
export function oneAClass(logits) {
  return logits.length === 1 ? [-logits[0] / 2, logits[0] / 2] : Array.from(logits);
}

export function argmax(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
