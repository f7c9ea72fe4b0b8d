// Elements made in one line: a tag, what it has, what it holds. `words` and `label` name words in both languages.

import { say } from "../words.js";

export function make(tag, { words, label, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  if (words) element.textContent = say((element.dataset.words = words));
  if (label) element.ariaLabel = say((element.dataset.label = label));
  element.append(...children);
  return element;
}

/** A field and its name. */
export const labelled = (words, field) => make("label", {}, make("span", { words }), field);

export const button = (words, whenPressed) => make("button", { type: "button", words, onclick: whenPressed });

/** Fill a choice with names, keeping what is chosen. */
export function offer(select, names) {
  const shown = [...select.options].map(({ value }) => value);
  if (shown.join("\n") === names.join("\n")) return;
  const chosen = select.value;
  select.replaceChildren(...names.map((name) => make("option", { value: name, textContent: name })));
  if (names.includes(chosen)) select.value = chosen;
}
