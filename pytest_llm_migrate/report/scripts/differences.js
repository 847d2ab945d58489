// What differs between two answers, word by word, or line by line where both are JSON.

const MOST_CELLS = 4_000_000;

/** Return both texts as JSON with sorted keys where both are objects or lists, else as they are. */
function comparable(before, after) {
  try {
    const both = [before, after].map((text) => JSON.parse(text));
    if (both.every((value) => value && typeof value === "object")) {
      return { texts: both.map((value) => JSON.stringify(sorted(value), null, 1)), pattern: /[^\n]*\n?/g };
    }
  } catch { /* not JSON: words are compared */ }
  return { texts: [before, after], pattern: /[\p{L}\p{N}_]+\s*|[^\s\p{L}\p{N}_]\s*|\s+/gu };
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

/** Return both sides as lists of [text, differs], or null where they are too long to compare. */
function differences(before, after) {
  const { texts, pattern } = comparable(before, after);
  const [left, right] = texts.map((text) => text.match(pattern) || []);
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start += 1;
  let end = 0;
  while (end < left.length - start && end < right.length - start && left.at(-1 - end) === right.at(-1 - end)) end += 1;
  const a = left.slice(start, left.length - end);
  const b = right.slice(start, right.length - end);
  if (a.length * b.length > MOST_CELLS) return null;
  const same = common(a, b);
  const around = (words, marks) => [
    ...left.slice(0, start).map((word) => [word, false]),
    ...words.map((word, index) => [word, !marks[index]]),
    ...left.slice(left.length - end).map((word) => [word, false]),
  ];
  return [joined(around(a, same.a)), joined(around(b, same.b))];
}

/** Return which words of two lists belong to their longest common part. */
function common(a, b) {
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] =
        a[i] === b[j]
          ? lengths[(i + 1) * width + j + 1] + 1
          : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const marks = { a: new Uint8Array(a.length), b: new Uint8Array(b.length) };
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) { marks.a[i] = 1; marks.b[j] = 1; i += 1; j += 1; }
    else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i += 1;
    else j += 1;
  }
  return marks;
}

function joined(words) {
  const runs = [];
  for (const [word, differs] of words) {
    if (runs.length && runs.at(-1)[1] === differs) runs.at(-1)[0] += word;
    else runs.push([word, differs]);
  }
  return runs;
}
