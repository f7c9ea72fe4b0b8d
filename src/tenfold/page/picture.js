// Pictures from outside: opened, photographed, dropped or pasted; decoded by the browser, upright.

const MOST_PIXELS = 89_478_485; // as in Python
const LARGEST_CANVAS = 16_777_216; // what every browser gives; a larger picture is scaled down

/**
 * Listen for pictures.
 * @param {HTMLInputElement[]} inputs that take files
 * @param {(file: Blob) => void} whenGiven
 */
export function listenForPictures(inputs, whenGiven) {
  for (const input of inputs) {
    input.addEventListener("change", () => {
      if (input.files.length) whenGiven(input.files[0]);
      input.value = "";
    });
  }
  const take = (event, files) => {
    const file = [...files].find(({ type }) => type.startsWith("image/")) ?? files[0];
    if (!file) return;
    event.preventDefault();
    whenGiven(file);
  };
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event, event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => take(event, event.clipboardData.files));
}

/**
 * Decode a picture file.
 * @returns {Promise<{bitmap: ImageBitmap, pixels: ImageData}>}
 * @throws {RangeError} when it has too many pixels
 * @throws {DOMException} when it is no picture
 */
export async function decodePicture(file) {
  const bitmap = await createImageBitmap(file);
  const area = bitmap.width * bitmap.height;
  if (area > MOST_PIXELS) throw new RangeError("too many pixels");
  const scale = Math.min(1, Math.sqrt(LARGEST_CANVAS / area));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(Math.floor(side * scale), 1));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(bitmap, 0, 0, width, height);
  return { bitmap, pixels: pen.getImageData(0, 0, width, height) };
}
