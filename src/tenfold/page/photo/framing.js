// Ink becomes a framed image: as thick, as large and as centred as what the network was trained on
// (photo/framing.py).

import { cropped, each, raster } from "../raster.js";
import { boxOf, longestOf } from "./figure.js";
import { resized } from "./resampling.js";

const FAINT = 32;
const FULL = 192;
const THINNEST = 10; // a stroke is at least a tenth as thick as its figure is long

/** Whether an image is light ink on black, its longer side and its centre of mass where they should be. */
export function isFramed({ height, width, data }, inkBox) {
  const ink = raster(height, width, 1, each(data, (value) => (value >= FAINT ? value : 0)));
  if (!ink.data.some((value) => value >= FULL)) return false;
  const longest = longestOf(boxOf(ink.data, height, width));
  const [y, x] = middles(ink);
  const far = Math.max(Math.abs(y - (height >> 1)), Math.abs(x - (width >> 1)));
  return Math.abs(longest - inkBox) <= 1 && far <= 1;
}

/** Whether anything but black touches the border of an image. */
export function reachesBorder({ height, width, data }) {
  const isEdge = (i) => i < width || i >= (height - 1) * width || i % width === 0 || i % width === width - 1;
  return data.some((value, i) => value >= FAINT && isEdge(i));
}

/** Widen thin ink, scale it into a box, keeping its shape, and lay its centre of mass on the middle. */
export function framed(level, [height, width], inkBox) {
  const image = raster(height, width, 1, new Uint8Array(height * width));
  const thick = thickened(level);
  const box = boxOf(mask(thick), thick.height, thick.width);
  const longest = longestOf(box);
  if (longest === 0) return image;
  const [h, w] = box.map(([start, stop]) =>
    Math.max(Math.floor((2 * (stop - start) * inkBox + longest) / (2 * longest)), 1),
  );
  const small = resized(cropped(thick, ...box), h, w);
  const [y, x] = middles(small);
  const top = Math.min(Math.max((height >> 1) - y, 0), height - h);
  const left = Math.min(Math.max((width >> 1) - x, 0), width - w);
  for (let row = 0; row < h; row++) {
    image.data.set(small.data.subarray(row * w, (row + 1) * w), (top + row) * width + left);
  }
  return image;
}

export function mask(level) {
  return each(level.data, (value) => (value >= 128 ? 1 : 0), Uint8Array);
}

/** Widen the strokes of a thin pen to a tenth of the figure's longer side; the image grows by as much. */
function thickened(level) {
  const { height, width, data } = level;
  const ink = mask(level);
  const longest = longestOf(boxOf(ink, height, width));
  const thickness = strokeWidth(ink, height, width);
  const radius = Math.floor(Math.max(longest - THINNEST * thickness + THINNEST, 0) / (2 * THINNEST));
  const wide = raster(height + 2 * radius, width + 2 * radius);
  for (let y = 0; y < height; y++) {
    wide.data.set(data.subarray(y * width, (y + 1) * width), (y + radius) * wide.width + radius);
  }
  const columns = largestAround(wide.data, 1, wide.height, wide.width, radius);
  return { ...wide, data: largestAround(columns, wide.height, wide.width, 1, radius) };
}

function largestAround(data, outer, length, inner, radius) {
  const largest = data.slice();
  for (let line = 0; line < outer; line++) {
    for (let place = 0; place < length; place++) {
      const to = (line * length + place) * inner;
      for (let near = Math.max(place - radius, 0); near <= Math.min(place + radius, length - 1); near++) {
        const from = (line * length + near) * inner;
        for (let i = 0; i < inner; i++) if (data[from + i] > largest[to + i]) largest[to + i] = data[from + i];
      }
    }
  }
  return largest;
}

/** The strokes' thickness: twice the area by the length of the outline, 8 area / (pi edges). */
function strokeWidth(ink, height, width) {
  const at = (y, x) => (y < 0 || x < 0 || y === height || x === width ? 0 : ink[y * width + x]);
  let area = 0;
  let edges = 0;
  for (let y = 0; y <= height; y++) {
    for (let x = 0; x <= width; x++) {
      area += at(y, x);
      edges += (at(y, x) !== at(y - 1, x)) + (at(y, x) !== at(y, x - 1));
    }
  }
  return Math.floor((2546 * area) / Math.max(1000 * edges, 1));
}

/** Row and column of the centre of mass, rounded. */
function middles({ height, width, data }) {
  let [total, down, across] = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      total += data[y * width + x];
      down += y * data[y * width + x];
      across += x * data[y * width + x];
    }
  }
  return [down, across].map((moment) => Math.floor((2 * moment + total) / (2 * total)));
}
