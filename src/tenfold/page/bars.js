// A bar a class, its number at its foot, the class below.

import { brief } from "./words.js";

/**
 * A row of bars.
 * @param {HTMLElement} place where it goes
 * @param {string[]} names of the classes
 * @param {{isSigned?: boolean, write?: (value: number) => string}} kind around zero, and how numbers are written
 */
export class Bars {
  constructor(place, names, { isSigned = false, write = brief } = {}) {
    this.write = write;
    this.list = document.createElement("ol");
    this.list.className = isSigned ? "bars signed" : "bars";
    this.items = names.map((name) => {
      const item = this.list.appendChild(document.createElement("li"));
      const area = item.appendChild(document.createElement("span"));
      area.className = "area";
      const bar = area.appendChild(document.createElement("span"));
      const label = item.appendChild(document.createElement("b"));
      const number = item.appendChild(document.createElement("span"));
      number.className = "number";
      label.textContent = label.title = name;
      return { item, area, bar, number };
    });
    place.replaceChildren(this.list);
  }

  /** Show values; the largest possible one fills the height. */
  show(values, largest, marked = -1) {
    this.items.forEach(({ item, bar, number }, i) => {
      const share = Math.min(Math.abs(values[i]) / largest, 1);
      bar.style.setProperty("--share", share);
      bar.classList.toggle("below", values[i] < 0);
      item.classList.toggle("marked", i === marked);
      number.textContent = this.write(values[i]);
    });
  }
}
