// The lab's side of the server: questions, orders, and the stream of all that happens.

import { bearer } from "../token.js";

/** What a lab's path answers; an order where there are values to send. */
export async function ask(path, values) {
  const order = values && { method: "POST", body: JSON.stringify(values) };
  const response = await fetch(`lab${path}`, { ...order, headers: bearer() });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

/** Every event from the start, as [what, about]; ends with the connection. */
export async function* events() {
  const response = await fetch("lab/events", { headers: bearer() });
  if (!response.ok) throw new Error((await response.json()).error);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const [, what, about] = part.match(/^event: (.*)\ndata: (.*)$/) ?? [];
      if (what) yield [what, JSON.parse(about)];
    }
  }
}
