// Blind review: the answers stand as A and B, in an order that only the run's id and the row decide.

const COLUMNS = ["sample_id", "side", "answer_sha256", "rater", "rating", "thumbs", "better", "comment", "label_wrong"];
const RATINGS = [["1", "unusable"], ["2", "poor"], ["3", "fair"], ["4", "good"], ["5", "perfect"]];
const THUMBS = ["up", "down"];
const THUMB = "M1 7h3v8H1zM5 7 8.2 1c1.2 0 2 .9 1.7 2.200L9.400 6H14q1.200.2 1 1.500l-1.200 6Q13.500 15 12.200 15H5z";

class Review {
  constructor(viewer, run) {
    this.viewer = viewer;
    this.run = run;
    this.key = `llm-migrate review ${run} ${viewer.section.dataset.name} ${viewer.id}`;
    this.kept = this.read();
    this.bar = element("div", { class: "reviewing" },
      element("label", { class: "field" }, "Your name ", element("input", {
        value: this.kept.rater, on: { input: (event) => { this.kept.rater = event.target.value; this.keep(); } },
      })),
      this.said = element("output", {}),
      element("button", { type: "button", on: { click: () => this.next() } }, "next without a rating"),
      element("button", { type: "button", on: { click: () => this.exported("csv") } }, "export CSV"),
      element("button", { type: "button", on: { click: () => this.exported("json") } }, "export JSON"),
      element("button", { type: "button", on: { click: () => this.leave() } }, "leave the review"));
    viewer.find(".viewer").prepend(this.bar);
    viewer.section.classList.add("blind");
    // Rows stand worst first, which would tell what came of them.
    viewer.shown = [...viewer.shown].sort((a, b) => this.lot(viewer.index[a].id) - this.lot(viewer.index[b].id));
    viewer.select(0, { isAsked: false });
    this.tell();
  }

  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key)) || { rater: "", rows: {} };
    } catch {
      return { rater: "", rows: {} };
    }
  }

  keep() {
    try {
      localStorage.setItem(this.key, JSON.stringify(this.kept));
    } catch {
      this.isUnkept = true;
    }
    this.tell();
  }

  tell() {
    const done = Object.values(this.kept.rows).filter(isRated).length;
    this.said.textContent =
      `${whole(done)} of ${whole(this.viewer.index.length)} rows${this.viewer.here} rated` +
      (this.isUnkept ? "; this browser keeps nothing: export before you close the page" : "");
  }

  leave() {
    this.bar.remove();
    this.viewer.section.classList.remove("blind");
    this.viewer.review = null;
    this.viewer.apply();
  }

  /** Return a row's lot: a number that the run's id and the row's give, alike every time. */
  lot(id) {
    let hash = 2166136261;
    for (const letter of `${this.run}/${id}`) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619) >>> 0;
    return Math.imul(hash ^ (hash >>> 15), 2246822507) >>> 0;
  }

  /** Return which side stands as A: as good as drawn by lot, and the same whenever the row is looked at. */
  sides(row) {
    return (this.lot(row.id) >>> 16) % 2 ? { A: "target", B: "source" } : { A: "source", B: "target" };
  }

  next() {
    const { viewer } = this;
    const isOpen = (place) => !isRated(this.kept.rows[viewer.index[place].id] || {});
    const order = [...viewer.shown.keys()];
    const at = [...order.slice(viewer.current + 1), ...order.slice(0, viewer.current + 1)].find((place) => isOpen(viewer.shown[place]));
    if (at !== undefined) viewer.select(at, { isAsked: true });
  }

  card(row) {
    const sides = this.sides(row);
    const said = (this.kept.rows[row.id] ||= {});
    const set = (name, value) => {
      said[name] = value;
      said.hashes = { source: row.S.h, target: row.T.h };
      this.keep();
    };
    const choice = (name, legend, values, chosen) => element("fieldset", { class: "choice" },
      element("legend", { class: "unseen" }, legend),
      ...values.map(([value, ...label]) => element("label", {},
        element("input", { type: "radio", name: `${this.viewer.id}-${name}`, value, checked: chosen === value, on: { change: () => set(name, value) } }),
        element("span", {}, ...label))));
    const side = (letter) => {
      const shown = row[sides[letter] === "source" ? "S" : "T"];
      return element("div", { class: "side" }, element("h5", {}, `Answer ${letter}`),
        shown.e ? element("div", { class: "t fault" }, "No answer.") : passage(shown.t),
        choice(thumbs(letter), `Thumbs for answer ${letter}`, THUMBS.map((value) => [value, thumb(value), `thumbs ${value}`]), said[thumbs(letter)]),
        choice(letter, `Rating of answer ${letter}`, RATINGS.map(([value, label]) => [value, `${value} ${label}`]), said[letter]));
    };
    return [
      element("header", { class: "head" }, element("h4", {}, row.id)),
      element("div", { class: "cols" },
        element("div", { class: "given" }, element("h5", {}, "Input"), ...given(row),
          ...(row.r === null ? [] : [element("h5", {}, "Ground truth"), passage(row.r)])),
        side("A"), side("B")),
      element("p", { class: "which" }, "Which is better? ", choice("better", "Better answer", [["A", "A"], ["tie", "as good as each other"], ["B", "B"]], said.better)),
      element("label", { class: "field" }, element("input", {
        type: "checkbox", checked: Boolean(said.wrong), on: { change: (event) => set("wrong", event.target.checked) },
      }), " the ground truth is wrong"),
      element("label", { class: "remark" }, "Comment ", element("textarea", { rows: 2, on: { input: (event) => set("comment", event.target.value) } }, said.comment || "")),
    ];
  }

  /** Return what was said, with the sides named again: a line a side that anything was said of. */
  records() {
    return Object.entries(this.kept.rows).flatMap(([id, found]) => {
      const sides = this.sides({ id });
      const better = found.better === "tie" ? "tie" : found.better ? sides[found.better] : "";
      return ["A", "B"].filter((letter) => found[letter] || found[thumbs(letter)] || found.better || found.wrong || found.comment).map((letter) => ({
        sample_id: id,
        side: sides[letter],
        answer_sha256: found.hashes[sides[letter]],
        rater: this.kept.rater,
        rating: found[letter] ? Number(found[letter]) : "",
        thumbs: found[thumbs(letter)] || "",
        better,
        comment: found.comment || "",
        label_wrong: Boolean(found.wrong),
      }));
    });
  }

  exported(type) {
    const records = this.records();
    const name = `review-${this.viewer.section.dataset.name.replace(/[^\w.-]+/g, "-")}-${this.run}.${type}`;
    const text = type === "json"
      ? `${JSON.stringify(records, null, 1)}\n`
      : [COLUMNS, ...records.map((record) => COLUMNS.map((column) => record[column]))].map((cells) => cells.map(cell).join(",")).join("\r\n") + "\r\n";
    offer(name, type === "json" ? "application/json" : "text/csv", text);
  }
}

/** Return the name of an answer's thumbs among what was said of its row. */
function thumbs(letter) {
  return `${letter}-thumbs`;
}

/** Return whether both answers to a row have a rating or a thumb. */
function isRated(said) {
  return ["A", "B"].every((letter) => said[letter] || said[thumbs(letter)]);
}

/** Return a drawn thumb: no font needs to have one. */
function thumb(way) {
  return svgElement("svg", { class: `thumb ${way}`, viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, svgElement("path", { d: THUMB }));
}

/** Return a cell of CSV that no spreadsheet takes for a formula. */
function cell(value) {
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
