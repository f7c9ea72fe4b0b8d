// Which pixels speak for a class: gradient × input, over the digit. Orange raises its logit, blue lowers it
// (Okabe and Ito's colours, which people with any kind of colour vision tell apart).

import { gradient } from "./network.js";
import { normalised } from "./preprocessing.js";

const ABOVE = [213, 94, 0];
const BELOW = [0, 114, 178];

/** What each input adds to a class's logit, over a picture that shows nothing. */
export function gradientTimesInput(model, image, values, target) {
  const direction = model.head === "sigmoid" ? [target === 1 ? 1 : -1] : Array.from(values.at(-1), (_, k) => +(k === target));
  const slope = gradient(model.layers, values, direction);
  const ground = model.preprocessing.polarity === "dark-on-light" ? 255 : 0;
  const nothing = normalised(model.preprocessing, { data: new Uint8Array(image.data.length).fill(ground) });
  return slope.map((s, i) => s * (values[0][i] - nothing[i]));
}

/** The digit as a pale shadow, the shares above it in colour: pixels for a canvas. */
export function drawSaliency({ height, width, channels, data }, shares, polarity) {
  const pixels = new ImageData(width, height);
  const sums = Array.from({ length: height * width }, (_, i) =>
    shares.subarray(i * channels, (i + 1) * channels).reduce((a, b) => a + b, 0),
  );
  const largest = sums.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
  sums.forEach((sum, i) => {
    const ink = polarity === "dark-on-light" ? 255 - data[i * channels] : data[i * channels];
    const cover = Math.abs(sum) / largest;
    const shadow = (ink / 255) * 0.3 * (1 - cover);
    const alpha = cover + shadow;
    const colour = sum > 0 ? ABOVE : BELOW;
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = alpha ? (colour[c] * cover + 128 * shadow) / alpha : 0;
    pixels.data[4 * i + 3] = 255 * alpha;
  });
  return pixels;
}
