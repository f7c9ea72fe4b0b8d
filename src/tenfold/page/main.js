// The page put together: a picture comes in, and everything that is shown follows from it.

import { answer } from "./answer.js";
import { oneAClass } from "./heads.js";
import { showLayers } from "./layers.js";
import { Lesson } from "./lesson.js";
import { Pad } from "./pad.js";
import { decodePicture, listenForPictures } from "./picture.js";
import { steps } from "./preprocessing.js";
import { fromRgba, show, toImageData } from "./raster.js";
import { drawSaliency, gradientTimesInput } from "./saliency.js";
import { loadModel, offered } from "./source.js";
import { showSteps } from "./strip.js";
import { startSwitches } from "./switches.js";
import { showAnswer, shownClasses, showWaiting, spoken } from "./verdict.js";
import { say } from "./words.js";

const byId = (id) => document.getElementById(id);

let model = null;
let asked = null; // {steps, image, said, explained} of the last picture
let lesson = null;
let pad = null;
let isDue = false;

/** Answer for a picture; `isDone` when the stroke has ended. */
function ask(pixels, isDone) {
  if (!model) return;
  const found = steps(model.preprocessing, fromRgba(pixels));
  const image = found.at(-1).image;
  const said = answer(model, image);
  asked = { steps: found, image, said, explained: said.label };
  followWith(said);
  showAll(isDone);
}

function followWith({ logits, probabilities }) {
  const shown = shownClasses(probabilities);
  const all = oneAClass(logits);
  lesson.follow(
    shown.map((k) => model.classes[k]),
    shown.map((k) => all[k]),
  );
  byId("only-likeliest").hidden = shown.length === model.classes.length;
}

function showAll(isDone) {
  if (!model) return;
  lesson.show();
  document.body.classList.toggle("empty", !asked);
  if (!asked) return showWaiting();
  showAnswer(model.classes, asked.said, asked.explained, explain);
  showSteps(byId("steps"), asked.steps);
  showLayers(byId("layers"), model, asked.said.values, isDone);
  explain(asked.explained);
  byId("spoken").textContent = isDone ? spoken() : "";
}

function explain(target) {
  asked.explained = target;
  const shares = gradientTimesInput(model, asked.image, asked.said.values, target);
  show(byId("saliency"), drawSaliency(asked.image, shares, model.preprocessing.polarity));
  const words = { label: model.classes[target], above: say("above"), below: say("below") };
  byId("saliency-title").textContent = say("saliency", words);
  byId("saliency-help").textContent = say("saliencyHelp", words);
}

/** Once a frame at most, however fast the pen moves. */
function drawn() {
  byId("pad-hint").hidden = true;
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => isDue && askPad(false));
}

/** What the last frame has answered need not be asked again. */
function done() {
  if (isDue) askPad(true);
  else showAll(true);
}

function askPad(isDone) {
  isDue = false;
  if (!pad.isEmpty) return ask(pad.pixels(), isDone);
  asked = null;
  byId("pad-hint").hidden = false;
  showAll(true);
}

async function takeFile(file) {
  byId("failure").hidden = true;
  try {
    const { bitmap, pixels } = await decodePicture(file);
    takePicture(bitmap, pixels);
  } catch (error) {
    fail(say(error instanceof RangeError ? "tooLarge" : "unreadable"));
  }
}

function takePicture(source, pixels) {
  byId("pad-hint").hidden = true;
  pad.showPicture(source, source.width, source.height);
  ask(pixels, true);
}

function fail(words) {
  byId("failure").textContent = words;
  byId("failure").hidden = false;
}

function takeExample(image) {
  const canvas = document.createElement("canvas");
  const pixels = toImageData(image);
  show(canvas, pixels);
  takePicture(canvas, pixels);
}

function showExamples() {
  const items = model.examples.map((image, i) => {
    const button = Object.assign(document.createElement("button"), { type: "button" });
    button.dataset.number = i + 1;
    show(button.appendChild(document.createElement("canvas")), toImageData(image));
    button.addEventListener("click", () => takeExample(image));
    const item = document.createElement("li");
    item.append(button);
    return item;
  });
  byId("examples").replaceChildren(...items);
  nameExamples();
}

function nameExamples() {
  for (const button of byId("examples").querySelectorAll("button")) {
    button.ariaLabel = say("example", { number: button.dataset.number });
  }
}

/** From now on this model answers. */
async function use(name) {
  try {
    model = await loadModel(name);
  } catch (error) {
    return fail(say("failed", { reason: error.message }));
  }
  byId("about").textContent = [name, model.widths.join("-")].filter(Boolean).join(" · ");
  lesson.start(model.calibration?.temperature);
  showExamples();
  return pad.isEmpty ? takeExample(model.examples[0]) : askPad(true);
}

/** Let another model answer, for the drawing that is there. */
async function tryModel(name) {
  const choice = byId("models");
  if (![...choice.options].some(({ value }) => value === name)) choice.add(new Option(name, name));
  choice.value = name;
  choice.hidden = false;
  byId("failure").hidden = true;
  await use(name);
  byId("pad").scrollIntoView({ block: "center" });
  byId("pad").focus({ preventScroll: true });
}

function offerModels(names) {
  const choice = byId("models");
  choice.replaceChildren(...names.map((name) => new Option(name, name)));
  choice.hidden = names.length < 2;
  choice.addEventListener("change", () => use(choice.value));
}

async function start() {
  lesson = new Lesson();
  pad = new Pad(byId("pad"), byId("cursor"), {
    whenDrawn: drawn,
    whenDone: done,
    tell: (words) => (byId("pen").textContent = words),
  });
  byId("undo").addEventListener("click", () => pad.undo());
  byId("clear").addEventListener("click", () => pad.clear());
  listenForPictures([byId("open"), byId("camera")], takeFile);
  startSwitches(() => {
    nameExamples();
    showAll(false);
  });
  try {
    const { models, extensions } = await offered();
    offerModels(models);
    models.length ? await use(models[0]) : fail(say("noModel"));
    if (extensions.includes("lab")) await (await import("./lab/lab.js")).startLab(tryModel);
  } catch (error) {
    fail(say("failed", { reason: error.message }));
  }
}

start();
