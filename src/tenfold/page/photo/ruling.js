// Printed lines: found as long straight rows of thin ink, and taken away without what crosses them
// (photo/ruling.py).

import { each, transposed } from "../raster.js";

const BLOCK = 8; // columns that vote together
const REACH = 3; // rows above and below its middle that a line takes at most
const THIN = 3; // votes of a block of thin ink for a line, and of one of thick ink, which may hide it
const THICK = 2;
const ONE_VOTE = 2 ** 24; // more than all ink along a line
const STEEPEST = 4; // a line rises at most a fourth of its length

/** Take ruled lines away, level or upright, and slanted by up to 14 degrees. */
export function withoutRuling(ink, least) {
  return transposed(withoutLevelLines(transposed(withoutLevelLines(ink, least)), least));
}

function withoutLevelLines(ink, least) {
  const { height, width } = ink;
  const thick = tall(ink);
  const data = ink.data.slice();
  const thin = new Int32Array(data.length);
  for (let place = 0; place < data.length; place++) thin[place] = data[place] - thick[place];
  for (const rows of linesOf(thin, thick, height, width, least)) eraseLine(data, thick, rows, height, width, least);
  return { ...ink, data };
}

function eraseLine(data, thick, line, height, width, least) {
  const rows = [];
  for (let off = -REACH; off <= REACH; off++) {
    const places = line.map((row, x) => Math.min(Math.max(row + off, 0), height - 1) * width + x);
    const ink = places.map((place) => data[place]);
    const upper = ink.map((value, x) => value - thick[places[x]]).sort()[Math.floor((width * 3) / 4)];
    rows.push({ places, ink, upper });
  }
  rows.forEach(({ places, ink }, k) => {
    const printed = Math.max(...rows.slice(Math.max(k - 1, 0), k + 2).map(({ upper }) => upper), 0);
    places.forEach((place, x) => (data[place] = ink[x] >= 2 * printed + least ? ink[x] : thick[place]));
  });
}

/** Keep what is taller than a line: of the seven windows of seven rows with a pixel in, the greatest least. */
function tall({ height, width, data }) {
  const smallest = new Int32Array((height + 2 * REACH) * width).fill(2 ** 31 - 1);
  const largest = new Int32Array(height * width).fill(-(2 ** 31));
  const clamped = (row) => Math.min(Math.max(row, 0), height - 1) * width;
  for (let row = 0; row < height + 2 * REACH; row++) {
    for (let k = -2 * REACH; k <= 0; k++) {
      const from = clamped(row + k);
      for (let x = 0; x < width; x++) {
        if (data[from + x] < smallest[row * width + x]) smallest[row * width + x] = data[from + x];
      }
    }
  }
  for (let row = 0; row < height; row++) {
    for (let k = 0; k <= 2 * REACH; k++) {
      const from = (row + k) * width;
      for (let x = 0; x < width; x++) {
        if (smallest[from + x] > largest[row * width + x]) largest[row * width + x] = smallest[from + x];
      }
    }
  }
  return largest;
}

/** Find straight rows of thin ink through most of the picture; of each, its row in every column. */
function linesOf(thin, thick, height, width, least) {
  const blocks = Math.floor(width / BLOCK);
  if (blocks < BLOCK) return [];
  const counts = blockCounts(thin, thick, height, width, blocks, least);
  const reach = Math.floor(width / STEEPEST);
  const votes = votesFor(counts, height, width, blocks, reach);
  const found = [];
  for (;;) {
    let best = 0;
    for (let place = 1; place < votes.length; place++) if (votes[place] > votes[best]) best = place;
    const most = Math.floor(votes[best] / ONE_VOTE);
    if (most * 5 < THIN * blocks * 3) break;
    const row = best % height;
    const rise = (best - row) / height - reach;
    found.push({
      rows: Int32Array.from({ length: width }, (_, x) => row + offset(rise, x, width)),
      isWhole: most * 4 >= THIN * blocks * 3,
    });
    const [above, below] = [Math.max(row - REACH - 1, 0), row + REACH + 2];
    for (let k = 0; k < votes.length; k += height) votes.fill(0, k + above, k + Math.min(below, height));
  }
  return (found.length >= 3 ? found : found.filter(({ isWhole }) => isWhole)).map(({ rows }) => rows);
}

/** The votes of each row and block, and among equals how much thin ink there is. */
function blockCounts(thin, thick, height, width, blocks, least) {
  const isAbove = (value) => (value > least ? 1 : 0);
  const [isThin, isThick] = [thin, thick].map((ink) => lit(each(ink, isAbove, Uint8Array), height, width, blocks));
  const counts = new Float64Array(height * blocks);
  for (let place = 0; place < counts.length; place++) {
    counts[place] = (isThin[place] ? THIN : THICK * isThick[place]) * ONE_VOTE;
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < blocks * BLOCK; x++) counts[y * blocks + (x >> 3)] += thin[y * width + x];
  }
  return counts;
}

/** In which rows of which blocks half of the columns have ink, one row up or down allowed. */
function lit(mask, height, width, blocks) {
  const found = new Int32Array(height * blocks);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < blocks * BLOCK; x++) {
      const place = y * width + x;
      const isInk = mask[place] || (y > 0 && mask[place - width]) || (y < height - 1 && mask[place + width]);
      if (isInk) found[y * blocks + (x >> 3)]++;
    }
  }
  return found.map((columns) => (columns * 2 >= BLOCK ? 1 : 0));
}

/** What the blocks count along every line: of rise -reach to reach, through every row. */
function votesFor(counts, height, width, blocks, reach) {
  const votes = new Float64Array((2 * reach + 1) * height);
  for (let rise = -reach; rise <= reach; rise++) {
    for (let block = 0; block < blocks; block++) {
      const off = offset(rise, BLOCK * block + BLOCK / 2, width);
      const to = (rise + reach) * height;
      for (let row = Math.max(0, -off); row < Math.min(height, height - off); row++) {
        votes[to + row] += counts[(row + off) * blocks + block];
      }
    }
  }
  return votes;
}

/** Rows by which a line that rises so much has left its middle row in a column. */
function offset(rise, column, width) {
  return Math.floor((rise * (2 * column - width) + width) / (2 * width));
}
