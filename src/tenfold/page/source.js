// Where models come from: the server that this page came from, or the page itself when it is one file.

import { decoded, readModel } from "./model.js";
import { bearer } from "./token.js";

/** What is at hand: names of models, and what else there is. */
export async function offered() {
  if (embedded()) return { models: [""], extensions: [] };
  return (await asked("v2")).json();
}

/** One model, read and proved. */
export async function loadModel(name) {
  const file = embedded() ? await inflated(decoded(embedded().textContent)) : await asked(`page/model/${name}`);
  return readModel(await file.arrayBuffer());
}

const embedded = () => document.getElementById("model");

const inflated = (bytes) => new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")));

async function asked(path) {
  const response = await fetch(path, { headers: bearer() });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}
