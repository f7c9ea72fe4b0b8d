// Stretch or shrink a picture: bilinear, its filter as wide as a picture shrinks. The fixed-point arithmetic of
// Pillow, bit for bit: weights of 22 binary digits, rounded to bytes after each direction.

import { raster } from "./raster.js";

const ONE = 1 << 22;

/**
 * @param {object} picture of bytes
 * @param {number} height
 * @param {number} width
 */
export function scaled(picture, height, width) {
  const wide = picture.width === width ? picture : alongRows(picture, width);
  return wide.height === height ? wide : alongColumns(wide, height);
}

function alongRows({ height, width, channels, data }, wanted) {
  const result = raster(height, wanted, channels, new Uint8Array(height * wanted * channels));
  shrink(result.data, data, height, width, wanted, channels);
  return result;
}

function alongColumns({ height, width, channels, data }, wanted) {
  const result = raster(wanted, width, channels, new Uint8Array(wanted * width * channels));
  shrink(result.data, data, 1, height, wanted, width * channels);
  return result;
}

/** Weigh `old` stretches of `inner` numbers into `wanted`, in each of `outer` lines. */
function shrink(result, data, outer, old, wanted, inner) {
  const weights = Array.from({ length: wanted }, (_, place) => weightsFor(place, old, wanted));
  for (let line = 0; line < outer; line++) {
    for (let place = 0; place < wanted; place++) {
      const { first, shares } = weights[place];
      for (let i = 0; i < inner; i++) {
        let sum = ONE / 2;
        for (let k = 0; k < shares.length; k++) sum += data[(line * old + first + k) * inner + i] * shares[k];
        result[(line * wanted + place) * inner + i] = Math.min(sum >> 22, 255);
      }
    }
  }
}

function weightsFor(place, old, wanted) {
  const scale = old / wanted;
  const reach = Math.max(scale, 1);
  const centre = (place + 0.5) * scale;
  const first = Math.max(Math.trunc(centre - reach + 0.5), 0);
  const last = Math.min(Math.trunc(centre + reach + 0.5), old);
  const shares = [];
  for (let x = first; x < last; x++) shares.push(Math.max(1 - Math.abs((x - centre + 0.5) * (1 / reach)), 0));
  const total = shares.reduce((sum, share) => sum + share, 0);
  return { first, shares: shares.map((share) => Math.trunc(0.5 + (share / total) * ONE)) };
}
