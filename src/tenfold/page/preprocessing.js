// How any picture becomes the network's input (model/preprocessing.py): the same bits as in Python.

import { mapped, raster } from "./raster.js";
import { isFramed, reachesBorder } from "./photo/framing.js";
import { photoSteps } from "./photo/photo.js";
import { scaled } from "./scaling.js";

/**
 * Every step from a picture to the network's input, the last.
 * @param {object} how the model's preprocessing: size, channels, polarity, ink_box
 * @param {object} picture of one or three channels
 * @returns {{name: string, image: object}[]}
 */
export function steps({ size, channels, polarity, ink_box: inkBox }, picture) {
  const input = fitted(picture, size, channels, polarity);
  const plain = [
    { name: "picture", image: picture },
    { name: "input", image: input },
  ];
  if (inkBox == null) return plain;
  const isSameSize = picture.height === size[0] && picture.width === size[1];
  const light = lightOnDark(input, polarity);
  if (isSameSize && (isFramed(light, inkBox) || reachesBorder(light))) return plain;
  const found = photoSteps(picture, size, inkBox);
  const last = found.pop();
  return [...found, { ...last, image: lightOnDark(last.image, polarity) }];
}

/** Pixels as float32 numbers, `(pixel / 255 - mean) / std`, in float32 throughout. */
export function normalised({ mean, std, channels }, image) {
  const float = Math.fround;
  const tables = mean.map((_, c) =>
    Float32Array.from({ length: 256 }, (_, pixel) => float(float(pixel / 255) - float(mean[c])) / float(std[c])),
  );
  return Float32Array.from(image.data, (pixel, i) => tables[i % channels][pixel]);
}

function fitted(picture, [height, width], channels, polarity) {
  let image = picture;
  if (channels === 1 && image.channels === 3) image = luma(image);
  if (channels === 3 && image.channels === 1) image = coloured(image);
  image = scaled(image, height, width);
  return polarity !== "mixed" && (polarity === "light-on-dark") === hasLightBorder(image) ? inverted(image) : image;
}

/** Red, green and blue as ITU-R BT.601 weighs them, in fixed point. */
function luma({ height, width, data }) {
  const grey = raster(height, width, 1, new Uint8Array(height * width));
  for (let i = 0; i < grey.data.length; i++) {
    grey.data[i] = (19595 * data[3 * i] + 38470 * data[3 * i + 1] + 7471 * data[3 * i + 2] + 0x8000) >> 16;
  }
  return grey;
}

function coloured({ height, width, data }) {
  const size = height * width * 3;
  return raster(height, width, 3, Uint8Array.from({ length: size }, (_, i) => data[Math.floor(i / 3)]));
}

const inverted = (image) => mapped(image, (value) => 255 - value, Uint8Array);

const lightOnDark = (image, polarity) => (polarity === "dark-on-light" ? inverted(image) : image);

/** Whether the border's mean is at least 128; its corners count twice. */
function hasLightBorder({ height, width, channels, data }) {
  const line = width * channels;
  let [sum, values] = [0, 0];
  const count = (place) => {
    for (let c = 0; c < channels; c++) sum += data[place + c];
    values += channels;
  };
  for (let x = 0; x < line; x += channels) [x, (height - 1) * line + x].forEach(count);
  for (let y = 0; y < height; y++) [y * line, (y + 1) * line - channels].forEach(count);
  return sum >= 128 * values;
}
