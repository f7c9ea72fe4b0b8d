// The steps from a picture to the network's input, side by side.

import { show, toImageData } from "./raster.js";
import { say } from "./words.js";

export function showSteps(list, steps) {
  while (list.children.length > steps.length) list.lastChild.remove();
  steps.forEach(({ name, image }, i) => {
    const item = list.children[i] ?? list.appendChild(newStep());
    const [canvas, words, size] = item.firstChild.children;
    show(canvas, toImageData(image));
    canvas.classList.toggle("small", Math.max(image.height, image.width) <= 64);
    words.textContent = say(name);
    size.textContent = say("pixels", image);
  });
}

function newStep() {
  const item = document.createElement("li");
  const figure = item.appendChild(document.createElement("figure"));
  figure.append(document.createElement("canvas"), document.createElement("figcaption"), document.createElement("small"));
  return item;
}
