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
        const count = every.filter(line => chosen.has(line.id)).length;
        const sentence = `Mean over seeds by epoch, of ${series.length} of ${count} selected groups.`;
        const spec = series.length ? { ...charts[id], series, sentence } : charts[id];
        window.kerasdemoCharts?.update(id, spec);
      }
    });

  // What differs: comparison/difference.py has the same rule.
  const place = document.getElementById("difference-result");
  if (!place) return;
  const status = document.getElementById("difference-status");
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
    status.textContent = !rows.length ? "The settings are the same."
      : rows.length === 1 ? "One setting differs." : `${rows.length} settings differ.`;
    if (!rows.length) return "";
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

  function curvesOf(first, second) {
    const grid = make("div", { className: "grid" });
    const specs = [];
    for (const metric of data.metrics) {
      const both = [first, second].map(run => data.histories[run][metric.name]);
      if (both.some(curve => !curve?.length)) continue;
      const n = findDivergence(metric, ...both);
      const epoch = n === null ? null : 1 + n * data.stride;
      const sentence = n === null ? "They stay close."
        : `Apart from epoch ${epoch} on: ${both.map(curve => shown(curve[n], metric)).join(" and ")}.`;
      const series = both.map((curve, color) => ({
        id: `compared-${color}`,
        name: data.runs[[first, second][color]],
        color,
        dash: color === 1,
        x: curve.map((_, i) => 1 + i * data.stride),
        y: curve.map(value => value === null ? null : metric.factor * value),
      }));
      const values = series.flatMap(line => line.y).filter(value => value !== null);
      const log = !metric.share && Math.min(...values) > 0 &&
        Math.max(...values) >= data.log_span * Math.min(...values);
      const marks = n === null ? [] : [{ x: epoch, label: "apart" }];
      const id = `compared-${metric.name}`;
      const figure = make("figure", { className: "chart" },
        make("figcaption", {}, make("h3", { textContent: metric.title }), make("p", { textContent: sentence })),
        make("div", { className: "plot plot-lines" }));
      figure.dataset.chart = id;
      grid.append(figure);
      specs.push([id, { kind: "lines", title: metric.title, sentence, series, marks,
        x: { label: "epoch" }, y: { label: metric.title.toLowerCase(), unit: metric.unit, log } }]);
    }
    return [grid, specs];
  }

  function compare() {
    const [first, second] = selects.map(select => select.value);
    place.replaceChildren();
    status.textContent = "";
    if (first === "" || second === "") return;
    if (first === second) {
      status.textContent = "It is the same run.";
      return;
    }
    const [grid, specs] = curvesOf(first, second);
    place.append(settings(first, second), grid);
    // A chart is drawn into the page.
    for (const [id, spec] of specs) window.kerasdemoCharts?.update(id, spec);
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
