// The answer in words: the label, several in doubt, or none of these; and every class's probability.

import { percent, say } from "./words.js";

const MOST = 10; // classes that are shown

const byId = (id) => document.getElementById(id);

/** The classes to show: all in label order, or the most probable ones. */
export function shownClasses(probabilities) {
  const all = [...probabilities.keys()];
  return all.length <= MOST ? all : all.sort((a, b) => probabilities[b] - probabilities[a]).slice(0, MOST);
}

/** Show that there is nothing to answer yet. */
export function showWaiting() {
  byId("glyph").textContent = "";
  byId("verdict").textContent = say("waiting");
  byId("evidence").textContent = "";
  byId("probabilities").querySelectorAll("label").forEach((row) => row.remove());
}

/**
 * Show what a model says.
 * @param {string[]} classes names
 * @param {object} said as `answer` gives it
 * @param {number} explained class whose saliency is shown
 * @param {(k: number) => void} whenChosen another class shall be explained
 */
export function showAnswer(classes, said, explained, whenChosen) {
  const names = (said.set ?? [said.label]).map((k) => classes[k]);
  const isForeign = said.refusal !== null;
  const glyph = isForeign ? "∅" : names.length > 3 ? "…" : names.join(" ");
  byId("glyph").textContent = glyph;
  byId("glyph").classList.toggle("long", glyph.length > 5);
  byId("glyph").classList.toggle("doubt", isForeign || names.length > 1);
  byId("verdict").textContent = verdict(names, isForeign);
  byId("evidence").textContent = evidence(classes, said, names);
  showRows(classes, said, explained, whenChosen);
}

/** What to say aloud. */
export function spoken() {
  return `${byId("verdict").textContent}. ${byId("evidence").textContent}`;
}

function verdict(names, isForeign) {
  if (isForeign) return say("none");
  return names.length === 1 ? say("isClass", { label: names[0] }) : say("inDoubt", { labels: listed(names) });
}

function listed(names) {
  return names.length < 2 ? names.join("") : names.slice(0, -1).join(say("comma")) + say("or") + names.at(-1);
}

function evidence(classes, { refusal, label, probabilities, coverage }, names) {
  if (refusal?.reason === "blank") return say("blank");
  if (refusal) {
    const reason = say(refusal.reason, { score: refusal.score.toFixed(1), limit: refusal.limit.toFixed(1) });
    return `${reason} ${say("wouldSay", { label: classes[label], share: percent(probabilities[label]) })}`;
  }
  return coverage === null ? say("uncalibrated") : say("set", { coverage, labels: `{${names.join(", ")}}` });
}

function showRows(classes, { probabilities, set, label }, explained, whenChosen) {
  const field = byId("probabilities");
  const shown = shownClasses(probabilities);
  while (field.querySelectorAll("label").length < shown.length) field.appendChild(newRow());
  [...field.querySelectorAll("label")].forEach((row, i) => {
    const [button, name, area, number] = row.children;
    const k = shown[i];
    button.checked = k === explained;
    button.onchange = () => whenChosen(k);
    name.textContent = name.title = classes[k];
    area.firstChild.style.setProperty("--share", probabilities[k]);
    number.textContent = percent(probabilities[k]);
    row.classList.toggle("member", set?.includes(k) ?? k === label);
  });
}

function newRow() {
  const row = document.createElement("label");
  const button = Object.assign(document.createElement("input"), { type: "radio", name: "explained" });
  const area = Object.assign(document.createElement("span"), { className: "area" });
  area.appendChild(document.createElement("span"));
  const number = Object.assign(document.createElement("span"), { className: "number" });
  row.append(button, document.createElement("b"), area, number);
  return row;
}
