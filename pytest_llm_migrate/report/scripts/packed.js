// Packed rows: one JSON text a line, deflated, in 85 letters that mean nothing to HTML.

const LETTERS =
  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%,()*+-;/=.?@^_`{|}~";
const VALUES = new Uint8Array(128);
[...LETTERS].forEach((letter, value) => { VALUES[letter.charCodeAt(0)] = value; });
const PIECE = 5 << 17;

/** Yield the bytes of a packed text, some at a time. */
function* unpacked(text) {
  for (let start = 0; start < text.length; start += PIECE) {
    const end = Math.min(start + PIECE, text.length);
    const whole = Math.floor((end - start) / 5);
    const rest = end - start - whole * 5;
    const bytes = new Uint8Array(whole * 4 + (rest ? 4 : 0));
    let place = start;
    const group = (letters) => {
      let number = 0;
      for (let index = 0; index < 5; index += 1) {
        number = number * 85 + (index < letters ? VALUES[text.charCodeAt(place + index)] : 84);
      }
      place += letters;
      return number;
    };
    for (let index = 0; index < whole + (rest ? 1 : 0); index += 1) {
      const number = group(index < whole ? 5 : rest);
      bytes[index * 4] = number >>> 24;
      bytes[index * 4 + 1] = number >>> 16;
      bytes[index * 4 + 2] = number >>> 8;
      bytes[index * 4 + 3] = number;
    }
    yield rest ? bytes.subarray(0, whole * 4 + rest - 1) : bytes;
  }
}

/** Yield the lines of packed rows, as many at a time as come. */
async function* linesOf(text) {
  const pieces = unpacked(text);
  const packed = new ReadableStream({
    pull(controller) {
      const { value, done } = pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  const reader = packed.pipeThrough(new DecompressionStream("gzip")).pipeThrough(new TextDecoderStream()).getReader();
  let open = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (open + value).split("\n");
    open = lines.pop();
    if (lines.length) yield lines;
  }
  if (open) yield [open];
}
