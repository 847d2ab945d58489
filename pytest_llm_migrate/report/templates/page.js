"use strict";
for (const section of document.querySelectorAll(".rows")) {
  const filter = section.querySelector(".filter");
  if (!filter) continue;
  const rows = [...section.querySelectorAll(".row")];
  const radios = [...filter.querySelectorAll("[type=radio]")];
  const metric = filter.querySelector("select");
  const below = filter.querySelector("[type=checkbox]");
  const search = filter.querySelector("[type=search]");
  const said = filter.querySelector("output");
  const nothing = section.querySelector(".nothing");
  const whole = (number) => number.toLocaleString("en");
  let texts = null;
  let waiting = 0;

  const count = () => {
    const place = metric ? Number(metric.value) : 0;
    const found = { "": rows.length };
    for (const row of rows) {
      const code = row.dataset.o[place];
      found[code] = (found[code] || 0) + 1;
    }
    for (const radio of radios) {
      radio.nextElementSibling.querySelector("i").textContent = whole(found[radio.value] || 0);
    }
  };

  const apply = () => {
    const place = metric ? Number(metric.value) : 0;
    const code = radios.find((radio) => radio.checked).value;
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length && !texts) texts = rows.map((row) => row.textContent.toLowerCase());
    let shown = 0;
    rows.forEach((row, index) => {
      const fits =
        (!code || row.dataset.o[place] === code) &&
        (!below.checked || "below" in row.dataset) &&
        words.every((word) => texts[index].includes(word));
      if (row.hidden === fits) row.hidden = !fits;
      shown += fits;
    });
    said.textContent = `${whole(shown)} of ${whole(rows.length)} rows shown`;
    nothing.hidden = shown > 0;
  };

  filter.addEventListener("change", (event) => {
    if (event.target === metric) count();
    apply();
  });
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  });
  count();
  apply();
  section.querySelector(".tally").hidden = true;
  filter.hidden = false;
}
