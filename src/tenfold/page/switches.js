// The reader's language and theme, remembered where the browser allows it.

import { speak } from "./words.js";

const KEY = "tenfold";

/**
 * Make the switches work.
 * @param {() => void} whenSpoken called after the language has changed
 */
export function startSwitches(whenSpoken) {
  const chosen = { language: ownLanguage(), theme: "auto", ...remembered() };
  const apply = {
    language: (value) => {
      speak(value);
      whenSpoken();
    },
    theme: (value) => (document.documentElement.dataset.theme = value),
  };
  for (const [name, act] of Object.entries(apply)) {
    const buttons = [...document.querySelectorAll(`input[name=${name}]`)];
    (buttons.find((button) => button.value === chosen[name]) ?? buttons[0]).checked = true;
    for (const button of buttons) {
      button.addEventListener("change", () => {
        act(button.value);
        remember({ ...remembered(), [name]: button.value });
      });
    }
    act(buttons.find((button) => button.checked).value);
  }
}

const ownLanguage = () => (navigator.language.toLowerCase().startsWith("zh") ? "zh-Hans" : "en");

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {}; // storage is closed to this page, or holds something else
  }
}

function remember(choices) {
  try {
    localStorage.setItem(KEY, JSON.stringify(choices));
  } catch {
    // then it is not remembered
  }
}
