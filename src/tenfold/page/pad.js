// The pad: drawing with mouse, finger, pen or keyboard; always black ink on white, whatever the theme shows.

import { say } from "./words.js";

const SIDE = 512;
const THICKNESS = 36;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const SLOW = 8;
const FAST = 32;

export class Pad {
  #pen;
  #cursor;
  #whenDrawn;
  #whenDone;
  #tell;
  #strokes = [];
  #picture = null;
  #place = [SIDE / 2, SIDE / 2];
  #isDown = false;

  /**
   * @param {HTMLCanvasElement} canvas to draw on
   * @param {HTMLCanvasElement} cursor above it: where the keyboard's pen stands
   * @param {{whenDrawn: () => void, whenDone: () => void, tell: (words: string) => void}} listeners: while a
   * stroke is drawn; when it has ended, or the drawing has changed otherwise
   */
  constructor(canvas, cursor, { whenDrawn, whenDone, tell }) {
    this.canvas = canvas;
    this.#pen = canvas.getContext("2d", { willReadFrequently: true });
    this.#cursor = cursor.getContext("2d");
    this.#whenDrawn = whenDrawn;
    this.#whenDone = whenDone;
    this.#tell = tell;
    this.#listen();
    this.#draw();
  }

  get isEmpty() {
    return this.#strokes.length === 0;
  }

  /** The drawing's pixels. */
  pixels() {
    return this.#pen.getImageData(0, 0, SIDE, SIDE);
  }

  /** Show a picture instead of a drawing; the next stroke starts anew. */
  showPicture(source, width, height) {
    const scale = Math.min(SIDE / width, SIDE / height);
    this.#strokes = [];
    this.#picture = [source, (SIDE - width * scale) / 2, (SIDE - height * scale) / 2, width * scale, height * scale];
    this.#draw();
  }

  clear() {
    this.#strokes = [];
    this.#picture = null;
    this.#lift();
    this.#changed(true);
  }

  undo() {
    if (this.#picture) return this.clear();
    this.#lift();
    this.#strokes.pop();
    return this.#changed(true);
  }

  #listen() {
    let pointer = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      if (pointer !== null || event.button !== 0) return;
      pointer = event.pointerId;
      this.canvas.setPointerCapture(pointer);
      this.#lift();
      this.#begin(this.#at(event));
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== pointer) return;
      const events = event.getCoalescedEvents?.() ?? [];
      for (const part of events.length ? events : [event]) this.#strokes.at(-1)?.push(this.#at(part));
      this.#changed(false);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(end, (event) => {
        if (event.pointerId !== pointer) return;
        pointer = null;
        this.#whenDone();
      });
    }
    this.canvas.addEventListener("keydown", (event) => this.#press(event));
    this.canvas.addEventListener("focus", () => this.#drawCursor());
    this.canvas.addEventListener("blur", () => this.#cursor.clearRect(0, 0, SIDE, SIDE));
  }

  #at({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return [((clientX - box.left) * SIDE) / box.width, ((clientY - box.top) * SIDE) / box.height];
  }

  #begin(place) {
    this.#picture = null;
    this.#strokes.push([place]);
    this.#changed(false);
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in KEYS) this.#move(KEYS[event.key], event.shiftKey ? FAST : SLOW);
    else if (event.key === " ") this.#isDown ? this.#lift() : this.#setDown();
    else if (event.key === "Backspace") this.undo();
    else if (event.key === "Escape") this.clear();
    else return;
    event.preventDefault();
    this.#drawCursor();
  }

  #move([x, y], speed) {
    this.#place = [this.#place[0] + x * speed, this.#place[1] + y * speed].map((v) => Math.min(Math.max(v, 0), SIDE));
    if (!this.#isDown) return;
    this.#strokes.at(-1).push(this.#place);
    this.#changed(true);
  }

  #setDown() {
    this.#isDown = true;
    this.#begin(this.#place);
    this.#changed(true);
    this.#tell(say("penDown"));
  }

  #lift() {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#tell(say("penUp"));
  }

  #changed(isDone) {
    this.#draw();
    this.#whenDrawn();
    if (isDone) this.#whenDone();
  }

  #draw() {
    const pen = this.#pen;
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, SIDE, SIDE);
    if (this.#picture) {
      const [source, left, top, width, height] = this.#picture;
      pen.imageSmoothingEnabled = width < SIDE / 2 || source.width > 64;
      pen.imageSmoothingQuality = "high";
      pen.drawImage(source, left, top, width, height);
    }
    this.canvas.classList.toggle("picture", this.#picture !== null);
    pen.strokeStyle = "#000";
    pen.lineWidth = THICKNESS;
    pen.lineCap = pen.lineJoin = "round";
    for (const stroke of this.#strokes) drawStroke(pen, stroke);
  }

  #drawCursor() {
    const [x, y] = this.#place;
    this.#cursor.clearRect(0, 0, SIDE, SIDE);
    if (!this.canvas.matches(":focus-visible")) return;
    this.#cursor.lineWidth = 4;
    this.#cursor.strokeStyle = this.#cursor.fillStyle = "#2f6fd0";
    this.#cursor.beginPath();
    this.#cursor.arc(x, y, THICKNESS / 2, 0, 2 * Math.PI);
    this.#isDown ? this.#cursor.fill() : this.#cursor.stroke();
  }
}

/** A smooth line through the middles of its points. */
function drawStroke(pen, points) {
  pen.beginPath();
  pen.moveTo(...points[0]);
  points.slice(1).forEach(([x, y], i) => {
    const [before, above] = points[i];
    pen.quadraticCurveTo(before, above, (before + x) / 2, (above + y) / 2);
  });
  pen.lineTo(...points.at(-1));
  pen.stroke();
}
