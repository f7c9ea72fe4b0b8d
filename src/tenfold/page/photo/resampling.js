// Exact averages in whole numbers: pictures of another size, and neighbourhoods (photo/resampling.py).
// Every division rounds to the nearest, halves up; all sums stay below 2**53.

import { raster } from "../raster.js";

/** Scale a picture so that each new pixel is the mean of the area that it covers. */
export function resized({ height: oldHeight, width: oldWidth, channels, data }, height, width) {
  const rows = areaSums(data, 1, oldHeight, height, oldWidth * channels);
  const sums = areaSums(rows, height, oldWidth, width, channels);
  return raster(height, width, channels, divided(sums, oldHeight * oldWidth));
}

/** Every sum divided by the same number, rounded to the nearest. */
function divided(sums, by) {
  const means = new Int32Array(sums.length);
  const half = Math.floor(by / 2);
  for (let i = 0; i < sums.length; i++) means[i] = Math.floor((sums[i] + half) / by);
  return means;
}

/** Sum what each of `wanted` new stretches covers of `old` ones, in units of 1 / wanted of an old one. */
function areaSums(data, outer, old, wanted, inner) {
  const sums = new Float64Array(outer * wanted * inner);
  const total = new Float64Array(inner);
  const edge = new Float64Array(inner);
  for (let line = 0; line < outer; line++) {
    total.fill(0);
    edge.fill(0);
    for (let place = 0, reached = 0; place < wanted; place++) {
      const whole = Math.floor(((place + 1) * old) / wanted);
      const part = (place + 1) * old - whole * wanted;
      for (; reached < whole; reached++) {
        const from = (line * old + reached) * inner;
        for (let i = 0; i < inner; i++) total[i] += data[from + i];
      }
      const next = (line * old + Math.min(whole, old - 1)) * inner;
      const to = (line * wanted + place) * inner;
      for (let i = 0; i < inner; i++) {
        const sum = total[i] * wanted + part * data[next + i];
        sums[to + i] = sum - edge[i];
        edge[i] = sum;
      }
    }
  }
  return sums;
}

/** Average each pixel with its neighbours, 2 radius + 1 a side; beyond the picture its border goes on. */
export function blurred(image, radius) {
  const { height, width, channels } = image;
  const side = 2 * radius + 1;
  const columns = windowSums(image.data, 1, height, width * channels, radius);
  const sums = windowSums(columns, height, width, channels, radius);
  return { ...image, data: divided(sums, side * side) };
}

function windowSums(data, outer, length, inner, radius) {
  const sums = new Int32Array(data.length);
  const sum = new Int32Array(inner);
  for (let line = 0; line < outer; line++) {
    const at = (place) => (line * length + Math.min(Math.max(place, 0), length - 1)) * inner;
    sum.fill(0);
    for (let place = -radius - 1; place < radius; place++) {
      for (let i = 0, from = at(place); i < inner; i++) sum[i] += data[from + i];
    }
    for (let place = 0; place < length; place++) {
      const entering = at(place + radius);
      const leaving = at(place - radius - 1);
      const to = (line * length + place) * inner;
      for (let i = 0; i < inner; i++) sums[to + i] = sum[i] += data[entering + i] - data[leaving + i];
    }
  }
  return sums;
}

/** What stands at a place, counted from 0, when whole numbers from 0 are sorted. */
export function ranked(values, place) {
  let largest = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > largest) largest = values[i];
  const counts = new Int32Array(largest + 1);
  for (let i = 0; i < values.length; i++) counts[values[i]]++;
  let value = 0;
  for (let seen = counts[0]; seen <= place; seen += counts[value]) value++;
  return value;
}
