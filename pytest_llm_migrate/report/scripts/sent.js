// The prompt as it was sent for a row: its pieces once for all rows, the row's fields in their places.

/** Return the parts of a prompt with a row's fields put in, as [label, text]; a sentence where they are unknown. */
function partsOf(prompt, row, side) {
  if (prompt.why) return prompt.why;
  if (side.p) return "unknown: a pipeline of several steps asked";
  if (side.t === null) return "unknown: there is no answer to what was sent";
  const fields = new Map(row.i);
  const odd = new Set(row.o || []);
  const parts = [];
  for (const [label, pieces] of prompt.parts) {
    const texts = pieces.map((piece) => (typeof piece === "string" ? piece : odd.has(piece[0]) ? undefined : fields.get(piece[0])));
    if (texts.includes(undefined)) return "unknown here: it has a field that is no text, number or list of texts";
    const text = texts.join("");
    if (text || label !== "System") parts.push([label, text]);
  }
  return parts;
}

/** Return a fold with the prompt as it was sent. */
function sent(prompt, row, side) {
  const parts = partsOf(prompt, row, side);
  const fold = (...inside) => element("details", { class: "sent" }, element("summary", {}, "Prompt as sent"), ...inside);
  if (typeof parts === "string") return fold(element("p", { class: "soft" }, parts));
  return fold(
    ...parts.flatMap(([label, text]) => [element("h6", {}, label), passage(text)]),
    prompt.files ? element("p", { class: "soft" }, "Attached files are not shown.") : null);
}
