// Source scores against target scores: a dot for each pair of values, as large as it has rows; a dot filters.

const SIDE = 220;
const CELLS = 24;
const EDGE = 14;

class Scatter {
  constructor(viewer) {
    this.viewer = viewer;
    this.figure = viewer.find(".scatter");
  }

  get place() {
    return Math.max(this.viewer.place - 1, 0);
  }

  draw() {
    const { place } = this;
    const metric = this.viewer.metrics[place];
    const rows = metric ? this.viewer.index.filter((row) => row.v[place]) : [];
    this.figure.hidden = !rows.length;
    if (!rows.length) return;
    const span = metric.high - metric.low || 1;
    const cell = (value) => Math.round(((value - metric.low) / span) * CELLS);
    const dots = new Map();
    for (const row of rows) {
      const [source, target] = row.v[place].map(cell);
      const key = `${source},${target}`;
      dots.set(key, (dots.get(key) || 0) + 1);
    }
    const most = Math.max(...dots.values());
    const at = (number) => 2 * EDGE + (number / CELLS) * (SIDE - 3 * EDGE);
    const ends = [[0, metric.low], [CELLS, metric.high]];
    const label = (x, y, anchor, text) => svgElement("text", { x, y, "text-anchor": anchor }, String(text));
    const svg = svgElement("svg", { width: SIDE, height: SIDE, viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img" },
      svgElement("title", {}, `${metric.name}: source score to the right, target score upwards; ${whole(rows.length)} rows${this.viewer.here}. Dots below the diagonal got worse.`),
      svgElement("path", { class: "diagonal", d: `M${at(0)} ${SIDE - at(0)}L${at(CELLS)} ${SIDE - at(CELLS)}` }),
      ...ends.map(([number, value]) => label(at(number), SIDE - 3, "middle", value)),
      ...ends.map(([number, value]) => label(EDGE - 3, SIDE - at(number) + 4, "middle", value)),
      ...[...dots].map(([key, number]) => {
        const [source, target] = key.split(",").map(Number);
        const dot = svgElement("circle", {
          class: target < source ? "worse" : target > source ? "better" : "same",
          cx: at(source), cy: SIDE - at(target), r: 2.5 + 9 * Math.sqrt(number / most),
        }, svgElement("title", {}, `${whole(number)} rows`));
        dot.addEventListener("click", () => this.choose(place, cell, source, target));
        return dot;
      }));
    this.figure.replaceChildren(svg,
      element("figcaption", { class: "soft" }, `${metric.name}, source → and target ↑${this.viewer.leftOut ? `, ${whole(rows.length)} rows${this.viewer.here}` : ""}`,
        this.viewer.box ? element("button", { type: "button", on: { click: () => { this.viewer.box = null; this.viewer.apply(); } } }, "all dots") : null));
  }

  choose(place, cell, source, target) {
    this.viewer.box = (row) => {
      const pair = row.v[place];
      return pair && cell(pair[0]) === source && cell(pair[1]) === target;
    };
    this.viewer.apply();
  }
}

function svgElement(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
