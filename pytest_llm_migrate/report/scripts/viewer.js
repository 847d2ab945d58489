// The rows of one migration: a list of which only the visible part exists, and the row that is looked at.

const LINE = 34;
const SPARE = 8;
const FOLD = 900;
const PRINTED = 20;
const NAMES = { b: "broke", e: "no answer", n: "not scored", w: "both wrong", f: "fixed", r: "both right", h: "held" };

class Viewer {
  constructor(section) {
    this.section = section;
    this.id = section.dataset.migration;
    this.leftOut = Number(section.dataset.leftOut);
    this.here = this.leftOut ? " in this file" : "";
    this.prompts = JSON.parse(section.dataset.prompts);
    this.metrics = JSON.parse(section.dataset.metrics);
    this.lines = [];
    this.index = [];
    this.shown = [];
    this.current = -1;
    this.box = null;
    this.isDifferent = true;
    this.find = (selector) => section.querySelector(selector);
    this.list = this.find(".list");
    this.window = this.find(".window");
    this.detail = this.find(".detail");
    this.filter = this.find(".filter");
    this.metric = this.find("[name=metric]");
    this.search = this.find("[type=search]");
    this.said = this.find("output");
    this.radios = [...section.querySelectorAll("[type=radio]")];
  }

  async load() {
    const packed = this.find("script");
    for await (const lines of linesOf(packed.textContent)) {
      for (const line of lines) {
        const { id, c, b, k, g, x, v, m } = JSON.parse(line);
        this.index.push({ id, c, b, k, g, x, v, m });
        this.lines.push(line);
      }
      if (this.index.length === lines.length) this.open();
      this.said.textContent = `${whole(this.index.length)} rows read`;
    }
    packed.remove();
    this.choices();
    this.listen();
    this.apply();
    this.follow();
    this.section.dataset.ready = "";
  }

  /** Show the list as soon as its first rows are there. */
  open() {
    this.find(".viewer").hidden = false;
    this.find(".tally").hidden = !this.leftOut;
    this.shown = this.index.map((_, place) => place);
    this.draw();
  }

  row(place) {
    return JSON.parse(this.lines[place]);
  }

  listen() {
    const review = this.find("[name=review]");
    review.hidden = false;
    review.addEventListener("click", () => {
      this.review ||= new Review(this, this.section.dataset.run);
      this.show();
      this.list.focus();
    });
    this.filter.addEventListener("change", () => { this.box = null; this.apply(); });
    this.search.addEventListener("input", () => {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.apply(), 120);
    });
    this.list.addEventListener("scroll", () => this.draw(), { passive: true });
    this.list.addEventListener("click", (event) => {
      const line = event.target.closest("[data-at]");
      if (line) this.select(Number(line.dataset.at), { isAsked: true });
    });
    this.list.addEventListener("keydown", (event) => this.key(event));
    for (const link of document.querySelectorAll(`#${this.id}-figures [data-code]`)) {
      link.addEventListener("click", () => this.choose(link.dataset.metric, link.dataset.code));
    }
    new ResizeObserver(() => this.draw()).observe(this.list);
    addEventListener("beforeprint", () => this.lay());
    addEventListener("afterprint", () => this.find(".printed").replaceChildren());
  }

  /** Lay out the first rows that the filter leaves, as paper shows them; a blind review stays blind. */
  lay() {
    const rows = this.review ? [] : this.shown.slice(0, PRINTED).map((place) => this.row(place));
    const said = element("p", { class: "soft" },
      `${whole(rows.length)} of ${whole(this.shown.length)} rows that were chosen on the page, of ${whole(this.index.length)}${this.here}${this.leftOut ? `, ${whole(this.index.length + this.leftOut)}` : ""} in all.`);
    this.find(".printed").replaceChildren(said, ...rows.map((row) => element("article", {}, ...this.card(row))));
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.list.clientHeight / LINE) - 1);
    const moves = {
      ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity,
    };
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.step(moves[event.key]);
  }

  step(by) {
    if (!this.shown.length) return;
    const at = Math.min(Math.max(this.current + by, 0), this.shown.length - 1);
    this.select(at, { isAsked: true });
  }

  /** Fill the choices whose values only the rows know. */
  choices() {
    const add = (name, values) => {
      const field = this.find(`[name=${name}]`);
      const counts = new Map();
      for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
      field.append(...[...counts].sort((a, b) => b[1] - a[1]).slice(0, 200).map(([value, number]) =>
        element("option", { value }, `${value} (${whole(number)})`)));
      field.closest("label").hidden = counts.size === 0;
    };
    add("slice", this.index.flatMap((row) => Object.entries(row.x).map(([column, value]) => `${column} = ${value}`)));
    add("change", this.index.flatMap((row) => [...new Set(row.g.map(([change]) => change))]));
    this.find("[name=critical]").closest("label").hidden = !this.index.some((row) => row.k);
    this.find("[name=below]").closest("label").hidden = !this.index.some((row) => row.b);
    this.scatter = new Scatter(this);
  }

  /** Leave only the rows of one outcome in one metric, whatever was chosen before. */
  choose(metric, code) {
    if (this.review) return;
    for (const name of ["slice", "change"]) this.find(`[name=${name}]`).value = "";
    for (const name of ["below", "critical"]) this.find(`[name=${name}]`).checked = false;
    this.search.value = "";
    this.box = null;
    this.metric.value = metric;
    for (const radio of this.radios) radio.checked = radio.value === code;
    this.apply();
  }

  get place() {
    return Number(this.metric.value);
  }

  apply() {
    const code = this.radios.find((radio) => radio.checked).value;
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const [slice, change] = ["slice", "change"].map((name) => this.find(`[name=${name}]`).value);
    const [below, critical] = ["below", "critical"].map((name) => this.find(`[name=${name}]`).checked);
    if (words.length && !this.texts) this.texts = this.lines.map((line) => line.toLowerCase());
    const fitting = [];
    const counts = { "": 0 };
    this.index.forEach((row, at) => {
      const fits =
        (!below || row.b) && (!critical || row.k) && (!change || row.g.some(([found]) => found === change)) &&
        (!slice || Object.entries(row.x).some(([column, value]) => `${column} = ${value}` === slice)) &&
        (!this.box || this.box(row)) && words.every((word) => this.texts[at].includes(word));
      if (!fits) return;
      const found = row.c[this.place];
      counts[found] = (counts[found] || 0) + 1;
      counts[""] += 1;
      if (!code || found === code) fitting.push(at);
    });
    for (const radio of this.radios) radio.nextElementSibling.querySelector("i").textContent = whole(counts[radio.value] || 0);
    this.shown = fitting;
    this.said.textContent = `${whole(fitting.length)} of ${whole(this.index.length)} rows${this.here} shown`;
    this.find(".nothing").hidden = fitting.length > 0;
    this.scatter.draw();
    this.list.scrollTop = 0;
    this.current = -1;
    this.select(0, { isAsked: false });
  }

  /** Draw the lines that can be seen, and a few more on either side. */
  draw() {
    const first = Math.max(0, Math.floor(this.list.scrollTop / LINE) - SPARE);
    const last = Math.min(this.shown.length, Math.ceil((this.list.scrollTop + this.list.clientHeight) / LINE) + SPARE);
    this.find(".space").style.height = `${this.shown.length * LINE}px`;
    this.window.style.transform = `translateY(${first * LINE}px)`;
    this.window.replaceChildren(...this.shown.slice(first, last).map((place, index) => this.line(place, first + index)));
    this.list.setAttribute("aria-activedescendant", this.current >= first && this.current < last ? `${this.id}-at-${this.current}` : "");
  }

  line(place, at) {
    const row = this.index[place];
    const code = row.c[this.place];
    return element(
      "div",
      {
        class: `line ${code}`, role: "option", id: `${this.id}-at-${at}`, "data-at": at,
        "aria-selected": at === this.current ? "true" : "false",
        "aria-posinset": at + 1, "aria-setsize": this.shown.length,
      },
      element("span", { class: "dot", "aria-hidden": "true" }),
      element("b", {}, row.id),
      element("span", { class: "was" }, NAMES[code]),
      row.b ? element("span", { class: "mark", title: "below its bar" }, "▼") : null,
      row.k ? element("span", { class: "mark", title: "critical" }, "‼") : null,
      element("span", { class: "moves" }, row.m),
    );
  }

  select(at, { isAsked }) {
    if (!this.shown.length) {
      this.detail.replaceChildren();
      this.draw();
      return;
    }
    this.current = at;
    const top = at * LINE;
    if (top < this.list.scrollTop) this.list.scrollTop = top;
    if (top + LINE > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = top + LINE - this.list.clientHeight;
    this.draw();
    this.show();
    if (isAsked) {
      history.replaceState(null, "", `#${this.id}/${encodeURIComponent(this.index[this.shown[at]].id)}`);
      if (matchMedia("(max-width: 820px)").matches) this.detail.scrollIntoView({ block: "start" });
    }
  }

  /** Show the row that the address names, if it is one of these. */
  follow() {
    const [id, name] = location.hash.slice(1).split("/");
    if (id !== this.id || name === undefined) return;
    const wanted = decodeURIComponent(name);
    const place = this.index.findIndex((row) => row.id === wanted);
    if (place < 0 && this.leftOut) this.said.textContent = `Row ${wanted} is not in this file: look in rows.jsonl.`;
    const at = this.shown.indexOf(place);
    if (at < 0) return;
    this.select(at, { isAsked: false });
    this.section.scrollIntoView({ block: "start" });
  }

  show() {
    const row = this.row(this.shown[this.current]);
    this.detail.replaceChildren(...(this.review ? this.review.card(row) : this.card(row)));
    this.detail.scrollTop = 0;
  }

  card(row) {
    const hasBoth = row.S.t !== null && row.T.t !== null;
    const found = this.isDifferent && hasBoth && !row.s ? differences(row.S.t, row.T.t) : undefined;
    const toggle = element("label", { class: "field" },
      element("input", { type: "checkbox", checked: this.isDifferent, name: "differences", on: {
        change: (event) => { this.isDifferent = event.target.checked; this.show(); },
      } }), " mark what differs");
    return [
      element("header", { class: "head" },
        element("h4", {}, row.id),
        element("span", { class: `tag ${row.c[0]}` }, NAMES[row.c[0]]),
        row.b ? element("span", { class: "tag below" }, "below its bar") : null,
        row.k ? element("span", { class: "tag below" }, "critical: may not break") : null,
        row.s ? element("span", { class: "tag" }, "same answer") : null,
        ...row.g.map(([change, detail]) => element("span", { class: "tag" }, detail ? `${change}: ${detail}` : change)),
        hasBoth && !row.s ? toggle : null),
      found === null ? element("p", { class: "soft" }, "The answers are too long to be compared word by word.") : null,
      element("div", { class: "cols" },
        element("div", { class: "given" }, element("h5", {}, "Input"), ...given(row),
          ...(row.r === null ? [] : [element("h5", {}, "Ground truth"), passage(row.r)])),
        answer("Source answer", row.S, found && found[0], "del", sent(this.prompts[0], row, row.S)),
        answer("Target answer", row.T, found && found[1], "ins", sent(this.prompts[1], row, row.T))),
      ...row.t.map(test),
    ].filter(Boolean);
  }
}

function given(row) {
  return row.i.map(([label, text]) => {
    const isLong = text.length > 50 || text.includes("\n");
    return element("div", { class: isLong ? "in long" : "in" }, element("b", {}, label), " ", passage(text));
  });
}

/** Return a text whose far end unfolds. */
function passage(text, runs) {
  if (!text) return element("div", { class: "t" }, "(empty)");
  if (runs) return element("div", { class: "t" }, marked(runs));
  if (text.length <= FOLD * 1.2) return element("div", { class: "t" }, text);
  const rest = text.slice(FOLD);
  return element("div", { class: "t" }, text.slice(0, FOLD),
    element("details", {}, element("summary", {}, `${whole(rest.length)} more characters`), rest));
}

function marked(runs, tag) {
  return runs.map(([text, differs]) => (differs ? element(tag || "mark", {}, text) : text));
}

function answer(title, side, runs, tag, prompt) {
  const said = side.e
    ? element("div", { class: "t fault" }, `No answer. ${side.e}`)
    : runs ? element("div", { class: "t" }, marked(runs, tag)) : passage(side.t);
  return element("div", { class: "side" }, element("h5", {}, title), said,
    ...side.s.map(([label, reason]) => element("div", { class: "s" }, element("b", {}, label), reason ? [" ", reason] : [])),
    side.w ? element("p", { class: "soft" }, side.w) : null, prompt);
}

function test([name, outcome, message, checks]) {
  return element("p", { class: "check" }, element("b", {}, `${name}: ${outcome}`),
    ...checks.map(([passed, check]) => element("span", passed ? {} : { class: "fault" }, ` ${passed ? "✓" : "✕"} ${check}`)),
    message && outcome !== "passed" && !checks.length ? ` ${message}` : null);
}
