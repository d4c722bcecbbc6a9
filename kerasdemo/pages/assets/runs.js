// The page of many runs: curves of the selected groups, and what differs between two runs.
"use strict";
(() => {
  const parse = id => JSON.parse(document.getElementById(id).textContent);
  const data = parse("page-data");
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // Curves: a page with many groups draws some of them, and those that are selected.
  const MOST = 8;
  const curves = Object.entries(data.curves);
  const charts = curves.length ? parse("charts") : {};
  if (curves.length)
    document.addEventListener("kerasdemo:select", ({ detail: { ids } }) => {
      const chosen = new Set(ids ?? []);
      for (const [id, every] of curves) {
        const some = every.filter(line => chosen.has(line.id)).slice(0, MOST);
        const series = some.map((line, color) => ({ ...line, color }));
        const spec = series.length ? { ...charts[id], series } : charts[id];
        window.kerasdemoCharts?.update(id, spec);
      }
    });

  // What differs: comparison/difference.py has the same rule.
  const place = document.getElementById("difference-result");
  if (!place) return;
  const selects = ["first-run", "second-run"].map(id => document.getElementById(id));
  for (const select of selects)
    select.append(new Option("–", ""), ...data.runs.map((name, n) => new Option(name, n)));

  const isApart = (a, b, isShare) => {
    if (a === null || b === null) return (a === null) !== (b === null);
    if (isShare) return Math.abs(a - b) > data.points;
    return Math.max(Math.abs(a), Math.abs(b)) > data.ratio * Math.min(Math.abs(a), Math.abs(b));
  };
  const findDivergence = (metric, one, other) => {
    const length = Math.min(one.length, other.length);
    let n = length;
    while (n && isApart(one[n - 1], other[n - 1], metric.share)) n -= 1;
    return n < length ? n : null;
  };
  const shown = (value, { factor, unit }) =>
    value === null ? "no number" : `${Number((factor * value).toPrecision(4))}${unit}`;

  function settings(first, second) {
    const rows = data.keys
      .map((key, n) => [key, data.settings[first][n], data.settings[second][n]])
      .filter(([, a, b]) => a !== b);
    if (!rows.length) return make("p", { textContent: "The settings are the same." });
    const cell = text => make("td", {}, make("bdi", { textContent: text ?? "–" }));
    const body = rows.map(([key, a, b]) =>
      make("tr", {}, make("td", {}, make("code", { textContent: key })), cell(a), cell(b)));
    const head = ["Setting", data.runs[first], data.runs[second]].map(text =>
      make("th", { scope: "col" }, make("bdi", { textContent: text })));
    const table = make("table", {},
      make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body));
    const region = make("div", { className: "wide", tabIndex: 0 }, table);
    region.setAttribute("role", "region");
    region.setAttribute("aria-label", "Settings that differ");
    return region;
  }

  function divergences(first, second) {
    const lines = [];
    for (const metric of data.metrics) {
      const one = data.histories[first][metric.name], other = data.histories[second][metric.name];
      if (!one || !other) continue;
      const n = findDivergence(metric, one, other);
      if (n !== null)
        lines.push([n, `${metric.title}: apart from epoch ${1 + n * data.stride} on, ` +
          `${shown(one[n], metric)} and ${shown(other[n], metric)}.`]);
    }
    lines.sort((a, b) => a[0] - b[0]);
    const texts = lines.length ? lines.map(line => line[1]) : ["Their curves stay close."];
    return make("ul", {}, ...texts.map(textContent => make("li", { textContent })));
  }

  function compare() {
    const [first, second] = selects.map(select => select.value);
    place.replaceChildren();
    if (first === "" || second === "") return;
    place.append(first === second
      ? make("p", { textContent: "It is the same run." })
      : make("div", {}, divergences(first, second), settings(first, second)));
  }
  selects.forEach(select => select.addEventListener("change", compare));

  const table = document.getElementById("run-table");
  const head = make("th", { scope: "col", className: "interactive" },
    make("span", { className: "hidden", textContent: "compare" }));
  table.tHead.rows[0].append(head);
  let next = 0;
  for (const row of table.tBodies[0].rows) {
    const button = make("button", { type: "button", textContent: "compare" });
    button.setAttribute("aria-label", `compare ${row.dataset.name}`);
    button.addEventListener("click", () => {
      selects[next].value = row.dataset.run;
      next = 1 - next;
      compare();
      if (selects.every(select => select.value !== ""))
        document.getElementById("difference").scrollIntoView({ block: "start" });
    });
    row.append(make("td", { className: "interactive" }, button));
  }
})();
