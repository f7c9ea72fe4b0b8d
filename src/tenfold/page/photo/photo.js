// A photograph of something written becomes an image framed like the training images (photo/__init__.py).
// Whole numbers throughout: the same bits as in Python.

import { cropped, mapped, raster } from "../raster.js";
import { boxOf, figureOf, longestOf, standsAlone } from "./figure.js";
import { framed, mask } from "./framing.js";
import { inkOf } from "./ink.js";
import { resized } from "./resampling.js";
import { withoutRuling } from "./ruling.js";

const SIDE = 256; // pixels of the longer side at which a picture is looked at
const SMALL = Math.floor(SIDE / 3); // a shorter figure is looked at more closely

/**
 * Every step from a picture to light ink on black, framed.
 * @param {object} picture of one or three channels
 * @param {[number, number]} size height and width of the image that is wanted
 * @param {number} inkBox the longer side of the ink in it
 * @returns {{name: string, image: object}[]}
 */
export function photoSteps(picture, size, inkBox) {
  let { steps, level, isAlone } = lookedAt(picture);
  const near = around(level, picture);
  if (near) {
    const second = lookedAt(cropped(picture, ...near));
    const [closer, ...others] = second.steps;
    steps = [...steps, { ...closer, name: "closer" }, ...others];
    ({ level, isAlone } = second);
  }
  const figure = isAlone ? level : raster(level.height, level.width);
  return [...steps, { name: "input", image: framed(figure, size, inkBox) }];
}

function lookedAt(picture) {
  const longest = Math.max(picture.height, picture.width);
  const [height, width] = [picture.height, picture.width].map((side) =>
    Math.max(Math.floor((2 * SIDE * side + longest) / (2 * longest)), 1),
  );
  const small = resized(picture, height, width);
  const { ink, least } = inkOf(small);
  const written = withoutRuling(ink, least);
  const level = figureOf(written, least);
  const images = { picture: small, ink, "without lines": written, figure: level };
  const steps = Object.entries(images).map(([name, image]) => ({ name, image: bytes(image) }));
  return { steps, level, isAlone: standsAlone(written, level, least) };
}

const bytes = (image) => mapped(image, (value) => Math.min(value, 255), Uint8Array);

/** Where in the full picture a small figure lies, with room on every side. */
function around(level, { height, width }) {
  const box = boxOf(mask(level), level.height, level.width);
  const longest = longestOf(box);
  if (longest === 0 || longest >= SMALL || Math.max(height, width) <= SIDE) return null;
  const margin = Math.max(longest, (SMALL - longest) >> 1);
  return [
    [box[0], level.height, height],
    [box[1], level.width, width],
  ].map(([[start, stop], part, full]) =>
    [Math.max(start - margin, 0), Math.min(stop + margin, part)].map((edge) => Math.floor((edge * full) / part)),
  );
}
