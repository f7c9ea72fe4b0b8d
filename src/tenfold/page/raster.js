// A picture as numbers: {height, width, channels, data}, row by row, the channels of a pixel side by side.

export function raster(height, width, channels = 1, data = new Int32Array(height * width * channels)) {
  return { height, width, channels, data };
}

/**
 * The picture that a canvas holds, alpha laid on white; one channel where red, green and blue are equal all over.
 * @param {ImageData} pixels red, green, blue, alpha
 */
export function fromRgba({ width, height, data }) {
  const rgb = raster(height, width, 3, new Uint8Array(height * width * 3));
  let isGrey = true;
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    const alpha = data[from + 3];
    const white = 255 * (255 - alpha) + 127;
    for (let c = 0; c < 3; c++) {
      rgb.data[to + c] = alpha === 255 ? data[from + c] : Math.floor((data[from + c] * alpha + white) / 255);
    }
    isGrey &&= rgb.data[to] === rgb.data[to + 1] && rgb.data[to] === rgb.data[to + 2];
  }
  return isGrey ? firstChannel(rgb) : rgb;
}

function firstChannel({ height, width, channels, data }) {
  const grey = raster(height, width, 1, new Uint8Array(height * width));
  for (let i = 0; i < grey.data.length; i++) grey.data[i] = data[i * channels];
  return grey;
}

/** Every number through a function. */
export function mapped(image, change, Type = Int32Array) {
  return { ...image, data: each(image.data, change, Type) };
}

/** A typed array of what a function makes of each number; many times as fast as `Type.from`. */
export function each(values, change, Type = Int32Array) {
  const changed = new Type(values.length);
  for (let i = 0; i < values.length; i++) changed[i] = change(values[i]);
  return changed;
}

/** Rows become columns; one channel. */
export function transposed({ height, width, data }) {
  const turned = raster(width, height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) turned.data[x * height + y] = data[y * width + x];
  return turned;
}

/** A part of a picture: rows and columns from start to before stop. */
export function cropped({ width, channels, data }, [top, bottom], [left, right]) {
  const part = raster(bottom - top, right - left, channels, new data.constructor((bottom - top) * (right - left) * channels));
  const line = part.width * channels;
  for (let y = 0; y < part.height; y++) {
    const start = ((top + y) * width + left) * channels;
    part.data.set(data.subarray(start, start + line), y * line);
  }
  return part;
}

/** Pixels for a canvas. */
export function toImageData({ height, width, channels, data }) {
  const pixels = new ImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = data[i * channels + (channels === 3 ? c : 0)];
    pixels.data[4 * i + 3] = 255;
  }
  return pixels;
}

/** Show a picture on a canvas, which takes its size. */
export function show(canvas, pixels) {
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}
