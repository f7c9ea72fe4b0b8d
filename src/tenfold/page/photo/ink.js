// How much ink is where: the paper's colour around each pixel, and how far the pixel is from it (photo/ink.py).

import { each, raster } from "../raster.js";
import { mainPiece } from "./figure.js";
import { blurred, ranked, resized } from "./resampling.js";

const CELL = 8; // pixels of a cell, the unit in which the paper is known
const GLOW = 200;
const WINDOW = 17; // cells whose median is the paper
const LEAST = 12;
const CHANNELS = 3; // grey counts as three equal channels

/** Darkest and lightest colour that each pixel might have had nothing been written on it. */
function paperOf(picture) {
  const { height, width } = picture;
  let cells = resized(picture, Math.ceil(height / CELL), Math.ceil(width / CELL));
  const middles = byChannel(cells, (values) => ranked(values, values.length >> 1));
  const median = (values) => values.sort()[WINDOW >> 1];
  const spread = (sheet) => blurred(blurred(resized(sheet, height, width), CELL / 2), CELL / 2);
  cells = alongColumns(alongRows(cells, WINDOW, median), WINDOW, median);
  const limits = borderColours(picture);
  if (limits.every(({ least, most }, c) => least <= middles[c] && middles[c] <= most)) cells = clipped(cells, limits);
  const [darkest, lightest] = [Math.min, Math.max].map((pick) => {
    const choose = (values) => pick(...values);
    return spread(alongRows(alongColumns(cells, 3, choose), 3, choose));
  });
  return { darkest, lightest };
}

/** The least and the greatest colour of the outermost pixels but for an eighth each, and some more. */
function borderColours({ height, width, channels, data }) {
  const places = [];
  for (let x = 0; x < width; x++) places.push(x, (height - 1) * width + x);
  for (let y = 0; y < height; y++) places.push(y * width, (y + 1) * width - 1);
  const eighth = places.length >> 3;
  const border = raster(places.length, 1, channels);
  places.forEach((place, i) => border.data.set(data.subarray(place * channels, (place + 1) * channels), i * channels));
  return byChannel(border, (values) => ({
    least: Math.floor((ranked(values, eighth) * 7) / 8),
    most: Math.floor((ranked(values, values.length - eighth - 1) * 9) / 8) + 8,
  }));
}

function byChannel({ channels, data }, measure) {
  return Array.from({ length: channels }, (_, c) => measure(data.filter((_, i) => i % channels === c)));
}

function clipped(image, limits) {
  const clip = (value, { least, most }) => Math.min(Math.max(value, least), most);
  return { ...image, data: image.data.map((value, i) => clip(value, limits[i % image.channels])) };
}

const alongRows = (cells, side, choose) => around(cells, cells.height, cells.width, cells.channels, side, choose);
const alongColumns = (cells, side, choose) => around(cells, 1, cells.height, cells.width * cells.channels, side, choose);

/** Choose one of the cells around each, along one direction; beyond the edge they are mirrored. */
function around(cells, outer, length, inner, side, choose) {
  const chosen = new Int32Array(cells.data.length);
  const near = new Int32Array(side);
  const mirrored = (place) => {
    const turn = ((place % (2 * length)) + 2 * length) % (2 * length);
    return Math.min(turn, 2 * length - 1 - turn);
  };
  for (let line = 0; line < outer; line++) {
    for (let place = 0; place < length; place++) {
      for (let i = 0; i < inner; i++) {
        for (let k = 0; k < side; k++) {
          near[k] = cells.data[(line * length + mirrored(place + k - (side >> 1))) * inner + i];
        }
        chosen[(line * length + place) * inner + i] = choose(near);
      }
    }
  }
  return { ...cells, data: chosen };
}

/**
 * How far each pixel is from the paper, in the direction of the ink's colour: 0 for paper, up to 441 for black on
 * white; and what is less than ink.
 */
export function inkOf(picture) {
  const { height, width, channels } = picture;
  const colours = blurred(blurred(picture, 1), 1).data;
  const { darkest, lightest } = paperOf(picture);
  const difference = new Int32Array(colours.length);
  for (let i = 0; i < colours.length; i++) {
    difference[i] = colours[i] - Math.min(Math.max(colours[i], darkest.data[i]), lightest.data[i]);
  }
  const colour = inkColour(difference, height, width, channels);
  const ink = alongColour(difference, colour, brightnessOf(lightest));
  const least = leastInk(each(ink, Math.abs));
  return { ink: raster(height, width, 1, each(ink, (value) => Math.max(value, 0))), least };
}

function brightnessOf({ channels, data }) {
  const brightness = new Int32Array(data.length / channels).fill(GLOW);
  const copies = CHANNELS / channels;
  for (let i = 0; i < data.length; i++) brightness[Math.floor(i / channels)] += copies * data[i];
  return brightness;
}

/** The difference in the direction of a colour, the more the darker the paper is. */
function alongColour(difference, colour, brightness) {
  const channels = colour.length;
  const copies = CHANNELS / channels;
  const length = Math.max(Math.floor(Math.sqrt(copies * colour.reduce((sum, value) => sum + value * value, 0))), 1);
  let brightest = 0;
  for (let i = 0; i < brightness.length; i++) brightest = Math.max(brightest, brightness[i]);
  const ink = new Int32Array(brightness.length);
  for (let place = 0; place < ink.length; place++) {
    let along = 0;
    for (let c = 0; c < channels; c++) along += difference[place * channels + c] * colour[c];
    ink[place] = Math.floor((Math.floor((copies * along) / length) * brightest) / brightness[place]);
  }
  return ink;
}

/** In which direction of colour, seen from the paper, the ink lies: the mean over what stands out most. */
function inkColour(difference, height, width, channels) {
  const distance = raster(height, width);
  for (let i = 0; i < difference.length; i++) {
    const place = Math.floor(i / channels);
    distance.data[place] = Math.max(distance.data[place], Math.abs(difference[i]));
  }
  const piece = mainPiece(distance, leastInk(distance.data));
  const sums = new Array(channels).fill(0);
  let pixels = 0;
  for (let place = 0; place < piece.length; place++) {
    if (!piece[place]) continue;
    pixels++;
    for (let c = 0; c < channels; c++) sums[c] += difference[place * channels + c];
  }
  return sums.map((sum) => Math.floor(sum / Math.max(pixels, 1)));
}

/** What stands out of the paper's grain: ten times what a third of all pixels stays below, or 12. */
function leastInk(distance) {
  return Math.max(10 * ranked(distance, Math.floor(distance.length / 3)), LEAST);
}
