// Draws the charts of a page as SVG, from the specs in <script id="charts">; charts.py makes them.
//
// The class Chart has what all charts share: tools, the reader's cursor for mouse, touch and keys,
// selection, the table of numbers. For each kind a function draws, and returns a view: the items
// that the cursor can stand on, and what pressing and brushing do.
//
// Names come from strangers: they go in as text only, and into no address and no style.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  // Of names in a picture and in a line of words.
  const LONGEST_NAME = 60;
  // More lines than this have their values in the legend.
  const MOST_IN_READOUT = 4;
  const DASHES = ["", "7 4", "2 4", "10 3 2 3", "12 3 2 3 2 3"];
  // Viridis: as light as it is large, readable with every kind of color vision.
  const VIRIDIS = ["440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30",
    "fde725"];
  const LEVELS = 64;
  // More points than this are drawn smaller.
  const MOST_LARGE = 100;

  const charts = new Map();
  let selected = null; // ids, or null for all

  // ---- elements and words ----

  function html(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function shape(tag, properties = {}, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(properties)) {
      if (value !== undefined && value !== "") element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  const line = (className, x1, y1, x2, y2) => shape("line", { class: className, x1, y1, x2, y2 });

  // Without what turns the direction of writing, also of the words that follow it.
  function short(text, most = LONGEST_NAME) {
    const whole = String(text).replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
    return whole.length > most ? `${whole.slice(0, most - 1)}…` : whole;
  }

  // A name in a line of words keeps its own direction of writing.
  const name = text => html("bdi", { title: short(text, 600) }, short(text));

  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `12px ${getComputedStyle(document.documentElement).fontFamily}`;

  function widthOf(text) {
    return pen.measureText(text).width;
  }

  // The text, its end an ellipsis where it is wider than so many pixels.
  function fit(text, width) {
    let shown = short(text, 300);
    while (shown.length > 1 && widthOf(shown) > width) {
      shown = `${shown.slice(0, Math.max(0, Math.ceil(shown.length * 0.9) - 2))}…`;
    }
    return shown;
  }

  // A text in a picture; the whole of it, where it was cut, on hovering.
  function label(text, x, y, width, properties = {}) {
    const shown = fit(text, width);
    const element = shape("text", { x, y, ...properties }, shown);
    if (shown.endsWith("…")) element.append(shape("title", {}, short(text, 600)));
    return element;
  }

  // ---- numbers ----

  const isNumber = Number.isFinite;

  // 1e-5 and a true minus sign, as in print.
  const typeset = text => text.replace("e+", "e").replaceAll("-", "−");

  function words(value, unit = "") {
    if (typeof value === "string") return short(value);
    if (!isNumber(value)) return "no value";
    const size = Math.abs(value);
    const isPlain = value === 0 || (size >= 1e-4 && size < 1e6);
    const digits = Number(value.toPrecision(4));
    return typeset(isPlain ? String(digits) : digits.toExponential()) + unit;
  }

  function ends(values) {
    let low = Infinity;
    let high = -Infinity;
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return [low, high];
  }

  // 1, 2 or 5 times a power of ten, so that about so many fit.
  function niceStep(span, count) {
    const power = 10 ** Math.floor(Math.log10(span / count));
    return power * ([1, 2, 5].find(factor => factor * power * count >= span) ?? 10);
  }

  function linearTicks(low, high, count, isWhole) {
    const step = Math.max(niceStep(high - low, Math.max(count, 1)), isWhole ? 1 : 0);
    const digits = Math.floor(Math.log10(step) + 1e-9);
    const isPlain = digits > -5 && Math.max(Math.abs(low), Math.abs(high)) < 1e6;
    const ticks = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
      const value = Number((i * step).toPrecision(12));
      const precision = value && Math.max(0, Math.floor(Math.log10(Math.abs(value))) - digits);
      const text = isPlain ? value.toFixed(Math.max(0, -digits))
        : value === 0 ? "0" : value.toExponential(Math.min(precision, 6));
      ticks.push({ value, text: typeset(text) });
    }
    return ticks;
  }

  // low and high are powers of ten. Within a short stretch 1, 2, 5 or plain ticks are more of use.
  function logTicks(low, high, count) {
    const every = Math.max(1, Math.ceil((high - low) / Math.max(count, 1)));
    const factors = (high - low) * 3 <= count ? [1, 2, 5] : [1];
    const ticks = [];
    for (let power = Math.floor(low / every) * every; power <= high; power += every) {
      for (const factor of factors) {
        const value = Number(`${factor}e${power}`);
        const place = Math.log10(value);
        if (place < low - 1e-9 || place > high + 1e-9) continue;
        const isPlain = power > -4 && power < 5;
        ticks.push({ value, text: typeset(isPlain ? String(value) : `${factor}e${power}`) });
      }
    }
    return ticks.length > 1 ? ticks
      : linearTicks(10 ** low, 10 ** high, count, false).filter(tick => tick.value > 0);
  }

  // From values to pixels and back. isTight: without a margin around the values.
  function makeScale(values, [start, end], { isLog = false, isTight = false, isWhole = false,
    room = 48 } = {}) {
    // Beyond, differences are no numbers any more.
    const isShown = value => isNumber(value) && Math.abs(value) < 1e300 && (!isLog || value > 0);
    const place = value => isLog ? Math.log10(value) : value;
    let [low, high] = ends(values.filter(isShown).map(place));
    const isEmpty = low > high;
    if (isEmpty) [low, high] = [0, 1];
    const size = Math.max(Math.abs(low), Math.abs(high));
    const isFlat = high - low <= 1e-12 * size;
    const margin = isTight ? (isFlat ? Math.max(0.5, 1e-9 * size) : 0)
      : isFlat ? 0.05 * size || 0.5 : 0.06 * (high - low);
    low = low >= 0 && !isLog && !isTight ? Math.max(0, low - margin) : low - margin;
    high += margin;
    const count = Math.abs(end - start) / room;
    return {
      isShown,
      at: value => start + (place(value) - low) / (high - low) * (end - start),
      valueAt: pixel => {
        const there = low + (pixel - start) / (end - start) * (high - low);
        return isLog ? 10 ** there : there;
      },
      ticks: isEmpty ? []
        : isLog ? logTicks(low, high, count) : linearTicks(low, high, count, isWhole),
    };
  }

  // ---- colors ----

  function colorOf(color, index = 0) {
    if (["training", "validation", "test"].includes(color)) return `var(--${color})`;
    const place = Number.isInteger(color) && color >= 0 ? color : index;
    return `var(--c${place % 8})`;
  }

  // Lines of one color differ in their dashes.
  function lineStyles(series) {
    const taken = new Map();
    return series.map((one, index) => {
      const color = colorOf(one.color, index);
      const first = `${color} ${Boolean(one.dash)}`;
      const before = taken.get(first) ?? 0;
      taken.set(first, before + 1);
      return { color, dash: DASHES[((one.dash ? 1 : 0) + before) % DASHES.length] };
    });
  }

  function heatColor(share) {
    const place = Math.min(Math.max(share, 0), 1) * (VIRIDIS.length - 1);
    const below = Math.min(Math.floor(place), VIRIDIS.length - 2);
    const parts = [0, 2, 4].map(at => {
      const [from, to] = [below, below + 1].map(i => parseInt(VIRIDIS[i].slice(at, at + 2), 16));
      return Math.round(from + (place - below) * (to - from));
    });
    return `rgb(${parts})`;
  }

  // ---- axes that lines and scatter share ----

  const titleOf = axis => axis.unit?.trim() ? `${axis.label} (${axis.unit.trim()})` : axis.label;

  // The room of the data: below the title and the names of marks, beside the widest number.
  function boxOf(values, width, height, top, isLog) {
    const { ticks } = makeScale(values, [height - 38, top], { isLog, room: 34 });
    const left = Math.max(28, ...ticks.map(tick => widthOf(tick.text) + 10));
    return { left, right: width - 14, top, bottom: height - 38 };
  }

  function drawAxes(svg, box, x, y, spec) {
    for (const { value, text } of y.ticks) {
      const at = y.at(value);
      svg.append(line("grid-line", box.left, at, box.right, at));
      svg.append(shape("text", { x: box.left - 6, y: at + 4, "text-anchor": "end" }, text));
    }
    svg.append(line("axis-line", box.left, box.bottom, box.right, box.bottom));
    let taken = -Infinity;
    for (const { value, text } of x.ticks) {
      const at = x.at(value);
      const half = widthOf(text) / 2;
      svg.append(line("axis-line", at, box.bottom, at, box.bottom + 4));
      if (at - half < taken + 6) continue;
      taken = at + half;
      svg.append(shape("text", { x: at, y: box.bottom + 17, "text-anchor": "middle" }, text));
    }
    const middle = (box.left + box.right) / 2;
    svg.append(label(titleOf(spec.x), middle, box.bottom + 33, box.right - box.left,
      { "text-anchor": "middle" }));
    svg.append(label(titleOf(spec.y), 0, 12, box.right * 0.6));
  }

  // A straight line that the values are compared with, such as y = x; its name beside it.
  function drawReference(group, { reference }, x, y, box) {
    if (!reference) return;
    const valueAt = pixel => reference.intercept + reference.slope * x.valueAt(pixel);
    const [left, right] = [box.left, box.right].map(pixel => y.at(valueAt(pixel)));
    group.append(line("reference", box.left, left, box.right, right));
    const isFlat = reference.slope === 0;
    const at = box.left + (isFlat ? 1 : 0.56) * (box.right - box.left);
    group.append(label(reference.label, at - (isFlat ? 4 : 0), y.at(valueAt(at)) + (isFlat ? -6 : 18),
      (box.right - box.left) * 0.44, { class: "halo", "text-anchor": isFlat ? "end" : "start" }));
  }

  function drawEmpty(svg, box) {
    svg.append(shape("text", { class: "strong", x: (box.left + box.right) / 2,
      y: (box.top + box.bottom) / 2, "text-anchor": "middle" }, "no values"));
  }

  const rectangle = (from, to) => ({ x: Math.min(from.x, to.x), y: Math.min(from.y, to.y),
    width: Math.abs(from.x - to.x), height: Math.abs(from.y - to.y) });

  function clip(chart, svg, box) {
    const id = `clip-${chart.number}`;
    const rect = { x: box.left - 4, y: box.top - 6, width: Math.max(0, box.right - box.left + 8),
      height: Math.max(0, box.bottom - box.top + 12) };
    svg.append(shape("clipPath", { id }, shape("rect", rect)));
    const group = shape("g", { "clip-path": `url(#${id})` });
    svg.append(group);
    return group;
  }

  // Whole stretches between gaps, as lists of [x, y, ...] in pixels.
  function pieces(points) {
    const found = [];
    let piece = [];
    for (const point of points) {
      if (point.every(Number.isFinite)) piece.push(point);
      else if (piece.length) found.push(piece), piece = [];
    }
    return piece.length ? [...found, piece] : found;
  }

  const path = points =>
    points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

  // ---- lines ----

  // Such as what was measured once, at the end.
  const isPoint = series => series.y.filter(isNumber).length === 1;

  const xsOf = series => series.x ?? series.y.map((_, i) => i + 1);

  function allXs(spec) {
    return [...new Set(spec.series.flatMap(xsOf))].filter(isNumber).sort((a, b) => a - b);
  }

  // Names of marks stand in rows above the data, each where no other stands.
  function placeMarks(marks, width, at, title) {
    const ends = [widthOf(title) + 14, 0, 0];
    const named = new Map();
    for (const { x, label } of marks) named.set(x, [...(named.get(x) ?? []), label]);
    return [...named].sort(([a], [b]) => a - b).map(([x, labels]) => {
      const text = fit(labels.join(", "), width - 8);
      const left = Math.min(Math.max(at(x) - widthOf(text) / 2, 0), width - widthOf(text));
      const row = ends.findIndex(end => left >= end);
      if (row >= 0) ends[row] = left + widthOf(text) + 12;
      return { x, text: labels.join(", "), shown: text, left, row };
    });
  }

  function drawMarks(svg, placed, x, box) {
    for (const mark of placed) {
      const at = x.at(mark.x);
      svg.append(line("mark-line", at, box.top - 4, at, box.bottom));
      if (mark.row < 0) continue;
      const text = shape("text", { class: "strong mark", x: mark.left, y: 12 + 16 * mark.row });
      text.append(mark.shown, shape("title", {}, short(mark.text, 600)));
      svg.append(text);
    }
  }

  function drawLines(chart, svg, width, height) {
    const { spec } = chart;
    const all = allXs(spec);
    const zoom = chart.zoom === "end" ? [all[Math.floor(all.length * 0.75)], all.at(-1)] : chart.zoom;
    const isIn = x => !zoom || (x >= zoom[0] && x <= zoom[1]);
    const xs = all.filter(isIn);
    const seen = spec.limits ?? spec.series.flatMap(one => {
      const x = xsOf(one);
      return [one.y, one.low, one.high].flatMap(values => (values ?? []).filter((_, i) => isIn(x[i])));
    });
    const marks = (spec.marks ?? []).filter(mark => isIn(mark.x));
    const across = zoom ?? spec.limits ?? [...xs, ...marks.map(mark => mark.x)];
    const style = { isTight: true, isWhole: xs.every(Number.isInteger), room: 52 };
    const rough = makeScale(across, [40, width - 14], style);
    const title = fit(titleOf(spec.y), width * 0.6);
    const rows = Math.max(0, ...placeMarks(marks, width, rough.at, title).map(mark => mark.row));
    const box = boxOf(seen, width, height, 24 + 16 * rows, chart.isLog);
    const x = makeScale(across, [box.left + 6, box.right], style);
    const y = makeScale(seen, [box.bottom, box.top],
      { isLog: chart.isLog, isTight: Boolean(spec.limits), room: 34 });
    drawAxes(svg, box, x, y, spec);
    const placed = placeMarks(marks, width, x.at, title);
    drawMarks(svg, placed, x, box);
    const group = clip(chart, svg, box);
    const styles = lineStyles(spec.series);
    const yAt = value => y.isShown(value) ? y.at(value) : NaN;
    if (!seen.some(y.isShown)) drawEmpty(svg, box);
    drawReference(group, spec, x, y, box);
    spec.series.forEach((one, i) => drawBand(group, one, styles[i], x, yAt));
    spec.series.forEach((one, i) => drawCurve(group, one, styles[i], x, yAt));
    return linesView(chart, { box, x, xs, yAt, styles, placed });
  }

  function drawBand(group, one, { color }, x, yAt) {
    if (!one.low || !one.high) return;
    const points = xsOf(one).map((at, i) => [x.at(at), yAt(one.low[i]), yAt(one.high[i])]);
    for (const piece of pieces(points)) {
      const there = piece.map(([at, low]) => [at, low]);
      const back = piece.map(([at, , high]) => [at, high]).reverse();
      const isBar = piece.length === 1;
      group.append(shape("path", { class: isBar ? "curve" : "band", "data-id": one.id,
        d: path([...there, ...back]) + (isBar ? "" : "Z"),
        style: isBar ? `stroke: ${color}` : `fill: ${color}` }));
    }
  }

  function drawCurve(group, one, { color, dash }, x, yAt) {
    const points = xsOf(one).map((at, i) => [x.at(at), yAt(one.y[i])]);
    for (const piece of pieces(points)) {
      const style = `stroke: ${color}`;
      if (piece.length > 1) {
        group.append(shape("path", { class: "curve", "data-id": one.id, d: path(piece), style,
          "stroke-dasharray": dash }));
      } else {
        const [[cx, cy]] = piece;
        group.append(shape("circle", { class: "curve dot", "data-id": one.id, cx, cy, r: 3.5,
          style: dash ? style : `${style}; fill: ${color}` }));
      }
    }
  }

  function linesView(chart, { box, x, xs, yAt, styles, placed }) {
    const { spec } = chart;
    const unit = spec.y.unit ?? "";
    const places = spec.series.map(one => new Map(xsOf(one).map((at, i) => [at, i])));
    const valuesAt = at => spec.series.map((one, i) => one.y[places[i].get(at)]);

    function readout(index) {
      const at = xs[index];
      const mark = placed.find(found => found.x === at);
      const parts = [html("b", {}, `${spec.x.label} ${words(at)}`)];
      if (mark) parts.push(" (", name(mark.text), ")");
      if (spec.series.length > MOST_IN_READOUT) {
        const [low, high] = ends(valuesAt(at).filter(isNumber));
        return [...parts, `: ${words(low, unit)} to ${words(high, unit)}, each in the legend`];
      }
      valuesAt(at).forEach((value, i) => {
        const one = spec.series[i];
        if (isPoint(one) && !isNumber(value)) return;
        parts.push(i ? " · " : ": ", name(one.name), ` ${words(value, unit)}`);
        const low = one.low?.[places[i].get(at)];
        const high = one.high?.[places[i].get(at)];
        if (isNumber(low) && isNumber(high)) parts.push(` (${words(low)} to ${words(high)})`);
      });
      return parts;
    }

    return {
      count: xs.length,
      start: xs.length - 1,
      rest: xs.length ? xs.length - 1 : null,
      nearest: px => nearestOf(xs, at => Math.abs(x.at(at) - px)),
      step: stepInOrder(xs.length, ["ArrowLeft", "ArrowRight"]),
      readout,
      values: index => valuesAt(xs[index]).map(value => words(value, unit)),
      show(layer, index) {
        const at = x.at(xs[index]);
        layer.append(line("cursor-line", at, box.top, at, box.bottom));
        valuesAt(xs[index]).forEach((value, i) => {
          const cy = yAt(value);
          if (!Number.isFinite(cy) || chart.isDimmed(spec.series[i].id)) return;
          layer.append(shape("circle", { cx: at, cy, r: 4, "stroke-width": 1.5,
            style: `fill: ${styles[i].color}; stroke: var(--panel)` }));
        });
      },
      brush: (from, to) =>
        ({ ...rectangle(from, to), y: box.top, height: box.bottom - box.top }),
      brushed(from, to) {
        const wanted = [x.valueAt(from.x), x.valueAt(to.x)].sort((a, b) => a - b);
        if (xs.filter(at => at >= wanted[0] && at <= wanted[1]).length > 1) chart.setZoom(wanted);
      },
      canBrush: () => !spec.limits,
    };
  }

  function nearestOf(items, distance, most = Infinity) {
    let best = null;
    let least = most;
    items.forEach((item, index) => {
      const there = distance(item);
      if (there < least) [best, least] = [index, there];
    });
    return best;
  }

  // Two arrows, Home, End and pages through so many items.
  function stepInOrder(count, [back, forth]) {
    const jump = Math.max(1, Math.round(count / 10));
    const moves = { [back]: -1, [forth]: 1, PageUp: -jump, PageDown: jump, Home: -count, End: count };
    return (index, key) =>
      key in moves ? Math.min(Math.max(index + moves[key], 0), count - 1) : null;
  }

  // ---- heat map ----

  // Numbers are never cut: where there are too many, every second, fifth, ... stands there. Names
  // that are too long stand in two rows in turn.
  function columnNames(spec, cellWidth) {
    const texts = spec.x.values.map(value => words(value));
    const widest = Math.max(0, ...texts.map(widthOf));
    const least = ((spec.x.values.every(isNumber) ? widest : 24) + 8) / cellWidth;
    const every = [1, 2, 5, 10, 20, 50, 100, 200, 500].find(step => step >= least) ?? Math.ceil(least);
    return { texts, every, rows: every === 1 && widest + 6 > cellWidth ? 2 : 1 };
  }

  function drawHeatMap(chart, svg, width, height) {
    const { spec } = chart;
    const rows = spec.y.values;
    const columns = spec.x.values;
    const left = Math.min(width * 0.34, Math.max(24, ...rows.map(row => widthOf(short(row)) + 10)));
    const cellWidth = (width - 14 - left) / Math.max(columns.length, 1);
    const names = columnNames(spec, cellWidth);
    const box = { left, right: width - 14, top: 22, bottom: height - 69 - 13 * names.rows };
    const cell = { width: cellWidth,
      height: (box.bottom - box.top) / Math.max(rows.length, 1) };
    const scale = makeScale(spec.values.flat(), [0, 1], { isLog: chart.isLog, isTight: true });
    const shareOf = value => chart.isLog && value <= 0 ? 0 : scale.at(value);
    const at = (row, column) => [box.left + column * cell.width, box.top + row * cell.height];

    // A path for each color, however many cells there are.
    const levels = Array.from({ length: LEVELS }, () => []);
    const missing = [];
    rows.forEach((_, row) => columns.forEach((_, column) => {
      const value = spec.values[row]?.[column];
      const [x, y] = at(row, column);
      const level = Math.round(Math.min(Math.max(shareOf(value), 0), 1) * (LEVELS - 1));
      (isNumber(value) ? levels[level] : missing).push(`M${x.toFixed(2)} ${y.toFixed(2)}` +
        `h${cell.width.toFixed(2)}v${cell.height.toFixed(2)}h${(-cell.width).toFixed(2)}z`);
    }));
    const id = `hatch-${chart.number}`;
    const hatch = { id, width: 6, height: 6, patternUnits: "userSpaceOnUse" };
    svg.append(shape("pattern", hatch, shape("path", { d: "M0 6L6 0", class: "axis-line" })));
    if (missing.length) {
      svg.append(shape("path", { class: "missing", d: missing.join(""), fill: `url(#${id})` }));
    }
    levels.forEach((cells, level) => {
      if (!cells.length) return;
      const fill = heatColor(level / (LEVELS - 1));
      // The line of its own color closes the hair between neighbors.
      svg.append(shape("path", { class: "cells", d: cells.join(""), fill, stroke: fill,
        "stroke-width": 0.4, "data-level": level }));
    });
    if (!spec.values.flat().some(isNumber)) drawEmpty(svg, box);
    drawCellValues(svg, spec, cell, at, shareOf);
    drawCovers(chart, svg, cell, at);
    drawHeatLabels(svg, spec, box, cell, names, width);
    drawColorBar(svg, chart, box, height);
    return heatView(spec, box, cell, at);
  }

  function drawCellValues(svg, spec, cell, at, shareOf) {
    if (cell.height < 16 || spec.values.flat().length > 150) return;
    spec.values.forEach((values, row) => values.forEach((value, column) => {
      const text = words(value);
      if (!isNumber(value) || widthOf(text) + 6 > cell.width) return;
      const [x, y] = at(row, column);
      svg.append(shape("text", { x: x + cell.width / 2, y: y + cell.height / 2 + 4,
        "text-anchor": "middle", style: `fill: ${shareOf(value) > 0.55 ? "#000" : "#fff"}` }, text));
    }));
  }

  // A cell with an id is one of several groups: covered while only others are selected.
  function drawCovers({ spec }, svg, cell, at) {
    if (cell.width <= 0 || cell.height <= 0) return;
    spec.ids?.forEach((ids, row) => ids.forEach((id, column) => {
      if (id === null) return;
      const [x, y] = at(row, column);
      svg.append(shape("rect", { class: "cover", "data-id": id, x, y, ...cell }));
    }));
  }

  function drawHeatLabels(svg, spec, box, cell, { texts, every, rows }, width) {
    svg.append(label(spec.y.label, 0, 12, width));
    const everyRow = Math.ceil(13 / cell.height);
    spec.y.values.forEach((row, i) => {
      if (i % everyRow) return;
      svg.append(label(row, box.left - 6, box.top + (i + 0.5) * cell.height + 4, box.left - 8,
        { "text-anchor": "end" }));
    });
    texts.forEach((text, i) => {
      // Of epochs 1 to n the round ones.
      if (every > 1 && (i + 1) % every) return;
      const x = box.left + (i + 0.5) * cell.width;
      const room = Math.min(rows * every * cell.width - 6, 2 * (width - x), 2 * x);
      svg.append(label(text, x, box.bottom + 15 + 13 * (i % rows), room, { "text-anchor": "middle" }));
    });
    svg.append(label(spec.x.label, (box.left + box.right) / 2, box.bottom + 18 + 13 * rows,
      box.right - box.left, { "text-anchor": "middle" }));
  }

  function drawColorBar(svg, chart, box, height) {
    const { spec } = chart;
    const title = titleOf(spec.z);
    const shown = fit(title, box.right * 0.5);
    const start = widthOf(shown) + 12;
    const end = Math.min(box.right, start + 240);
    const scale = makeScale(spec.values.flat(), [start, end],
      { isLog: chart.isLog, isTight: true, room: 32 });
    svg.append(label(title, 0, height - 20, box.right * 0.5));
    for (let i = 0; i < 48; i++) {
      svg.append(shape("rect", { class: "color-bar", x: start + i / 48 * (end - start), y: height - 30,
        width: (end - start) / 48 + 0.5, height: 12, fill: heatColor(i / 47) }));
    }
    let taken = -Infinity;
    for (const { value, text } of scale.ticks) {
      const x = scale.at(value);
      const half = widthOf(text) / 2;
      if (x - half < taken + 6) continue;
      taken = x + half;
      svg.append(line("axis-line", x, height - 18, x, height - 14));
      svg.append(shape("text", { x, y: height - 3, "text-anchor": "middle" }, text));
    }
  }

  function heatView(spec, box, cell, at) {
    const rows = spec.y.values.length;
    const columns = spec.x.values.length;
    const within = (index, count) => Math.min(Math.max(index, 0), count - 1);
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0],
      Home: [0, -columns], End: [0, columns], PageUp: [-rows, 0], PageDown: [rows, 0] };
    return {
      count: rows * columns,
      start: 0,
      rest: null,
      nearest(px, py) {
        const column = within(Math.floor((px - box.left) / cell.width), columns);
        return within(Math.floor((py - box.top) / cell.height), rows) * columns + column;
      },
      step(index, key) {
        if (!(key in moves)) return null;
        const row = within(Math.floor(index / columns) + moves[key][0], rows);
        return row * columns + within(index % columns + moves[key][1], columns);
      },
      readout(index) {
        const [row, column] = [Math.floor(index / columns), index % columns];
        const value = words(spec.values[row]?.[column], spec.z.unit ?? "");
        return [html("b", {}, `${spec.x.label} `, name(words(spec.x.values[column]))), ", ",
          name(spec.y.values[row]), `: ${spec.z.label} ${value}`];
      },
      show(layer, index) {
        const [x, y] = at(Math.floor(index / columns), index % columns);
        layer.append(shape("rect", { class: "ring", x, y, ...cell }));
      },
      idOf: spec.ids && (index => spec.ids[Math.floor(index / columns)][index % columns]),
    };
  }

  // ---- scatter ----

  function drawScatter(chart, svg, width, height) {
    const { spec } = chart;
    const values = spec.limits ?? spec.points.flatMap(point => [point.y, point.low, point.high]);
    const box = boxOf(values, width, height, 26, chart.isLog);
    const isTight = Boolean(spec.limits);
    const y = makeScale(values, [box.bottom, box.top], { isLog: chart.isLog, isTight, room: 34 });
    const x = makeScale(spec.limits ?? spec.points.map(point => point.x), [box.left, box.right],
      { isLog: spec.x.log, isTight, room: 72 });
    drawAxes(svg, box, x, y, spec);
    const group = clip(chart, svg, box);
    const r = spec.points.length > MOST_LARGE ? 3.5 : 5;
    const items = spec.points
      .filter(point => x.isShown(point.x) && y.isShown(point.y))
      .map(point => ({ point, x: x.at(point.x), y: y.at(point.y) }))
      .sort((a, b) => a.x - b.x || b.y - a.y);
    for (const { point, x: cx, y: cy } of items) {
      const style = `stroke: ${colorOf(point.color)}`;
      if (y.isShown(point.low) && y.isShown(point.high)) {
        group.append(shape("line", { class: "interval", "data-id": point.id, x1: cx, x2: cx,
          y1: y.at(point.low), y2: y.at(point.high), "stroke-width": 1.5, style }));
      }
      group.append(shape("circle", { class: "point", "data-id": point.id, cx, cy, r,
        "stroke-width": r / 4, style: `fill: ${colorOf(point.color)}; stroke: var(--panel)` }));
    }
    if (!items.length) drawEmpty(svg, box);
    drawReference(group, spec, x, y, box);
    drawScatterBrush(chart, svg, x, y);
    return scatterView(chart, box, items, x, y);
  }

  function drawScatterBrush(chart, svg, x, y) {
    if (!chart.brush) return;
    const [[x1, x2], [y1, y2]] = chart.brush;
    const corner = { x: x.at(x1), y: y.at(y2) };
    svg.append(shape("rect", { class: "brush", ...corner,
      width: Math.max(0, x.at(x2) - corner.x), height: Math.max(0, y.at(y1) - corner.y) }));
  }

  function scatterView(chart, box, items, x, y) {
    const { spec } = chart;
    const idsOf = indexes => indexes.map(index => items[index].point.id);
    return {
      count: items.length,
      start: 0,
      rest: null,
      nearest: (px, py) => nearestOf(items, item => Math.hypot(item.x - px, item.y - py), 48),
      step: stepInOrder(items.length, ["ArrowLeft", "ArrowRight"]),
      readout(index) {
        const { point } = items[index];
        const parts = [html("b", {}, name(point.label)), `: ${spec.x.label} `,
          words(point.x, spec.x.unit ?? ""), ` · ${spec.y.label} ${words(point.y, spec.y.unit ?? "")}`];
        if (isNumber(point.low) && isNumber(point.high)) {
          parts.push(` (${words(point.low)} to ${words(point.high)})`);
        }
        return parts;
      },
      show(layer, index) {
        const { x: cx, y: cy } = items[index];
        layer.append(shape("circle", { class: "ring", cx, cy, r: 8 }));
      },
      idOf: index => items[index].point.id,
      brush: rectangle,
      brushed(from, to) {
        const [left, right] = [from.x, to.x].sort((a, b) => a - b);
        const [top, bottom] = [from.y, to.y].sort((a, b) => a - b);
        const inside = [...items.keys()].filter(i => items[i].x >= left && items[i].x <= right &&
          items[i].y >= top && items[i].y <= bottom);
        chart.brush = inside.length
          ? [[x.valueAt(left), x.valueAt(right)], [y.valueAt(bottom), y.valueAt(top)]] : null;
        chart.select(inside.length ? idsOf(inside) : null);
      },
    };
  }

  // ---- parallel coordinates ----

  function drawParallel(chart, svg, width, height) {
    const { spec } = chart;
    const gap = spec.axes.length > 1 ? (width - 28) / (spec.axes.length - 1) : 0;
    const columns = spec.axes.map((_, i) => gap ? 14 + i * gap : width / 2);
    const isTight = spec.axes.every(axis => widthOf(short(axis.label)) < gap * 0.62);
    const box = { top: isTight ? 30 : 46, bottom: height - 14 };
    const scales = spec.axes.map((axis, i) => parallelScale(axis, spec.lines.map(l => l.values[i]), box));
    const items = spec.lines.map(line => ({
      line,
      points: line.values.map((value, i) => [columns[i], scales[i].at(value)]),
    }));
    // The best first; without a metric last.
    const last = item => item.points.at(-1)?.[1] || 1e9;
    items.sort((a, b) => last(a) - last(b));
    for (const { line, points } of items) {
      for (const piece of pieces(points)) {
        svg.append(shape("path", { class: "curve thin", "data-id": line.id, d: path(piece),
          style: `stroke: ${colorOf(line.color)}; stroke-width: ${items.length > 60 ? 1 : 1.5}px` }));
      }
    }
    spec.axes.forEach((axis, i) => {
      const place = i === 0 ? "start" : i === columns.length - 1 ? "end" : "middle";
      const x = place === "start" ? 0 : place === "end" ? width : columns[i];
      const room = gap ? (isTight ? gap : gap * 1.3 - 6) : width;
      svg.append(label(axis.label, x, isTight || i % 2 === 0 ? 14 : 30, room,
        { class: "strong", "text-anchor": place }));
      drawParallelAxis(svg, scales[i], columns[i], box, gap, i === columns.length - 1 && i > 0);
      const brush = chart.brushes.get(i);
      if (!brush) return;
      svg.append(shape("rect", { class: "brush", x: columns[i] - 9, width: 18,
        y: box.bottom - brush[1] * (box.bottom - box.top),
        height: (brush[1] - brush[0]) * (box.bottom - box.top) }));
    });
    return parallelView(chart, { box, columns, scales, items });
  }

  // Texts stand in order from below; a number scale has ticks.
  function parallelScale(axis, values, box) {
    if (!axis.values) {
      const scale = makeScale(values, [box.bottom, box.top], { isLog: axis.log, room: 60 });
      return { ...scale, at: value => scale.isShown(value) ? scale.at(value) : NaN, text: words };
    }
    const place = value => typeof value === "number" ? value : axis.values.indexOf(value);
    const count = axis.values.length;
    const at = value => value === null || place(value) < 0 ? NaN
      : box.bottom - (count > 1 ? 0.04 + 0.92 * place(value) / (count - 1) : 0.5) * (box.bottom - box.top);
    const every = Math.max(1, Math.ceil(14 * count / (box.bottom - box.top)));
    return {
      at,
      text: value => short(axis.values[place(value)] ?? "no value"),
      ticks: axis.values.map((text, value) => ({ value, text })).filter(({ value }) => value % every === 0),
    };
  }

  function drawParallelAxis(svg, scale, x, box, gap, isLast) {
    svg.append(line("axis-line", x, box.top, x, box.bottom));
    for (const { value, text } of scale.ticks) {
      const y = scale.at(value);
      svg.append(line("axis-line", x - 3, y, x + 3, y));
      svg.append(label(text, isLast ? x - 7 : x + 7, y + 4, Math.max((gap || 200) * 0.8 - 12, 20),
        { class: "halo", "text-anchor": isLast ? "end" : "start" }));
    }
  }

  function parallelView(chart, { box, columns, scales, items }) {
    const { spec } = chart;
    const shareAt = py => Math.min(Math.max((box.bottom - py) / (box.bottom - box.top), 0), 1);
    const axisAt = px => nearestOf(columns, column => Math.abs(column - px), 14);

    function selectInside() {
      const inside = items.filter(({ points }) => [...chart.brushes].every(([axis, [low, high]]) => {
        const share = (box.bottom - points[axis][1]) / (box.bottom - box.top);
        return share >= low && share <= high;
      }));
      chart.select(chart.brushes.size ? inside.map(item => item.line.id) : null);
    }

    return {
      count: items.length,
      start: 0,
      rest: null,
      nearest: (px, py) => nearestOf(items, item => distanceToLine(item.points, px, py), 32),
      step: stepInOrder(items.length, ["ArrowUp", "ArrowDown"]),
      readout(index) {
        const { line } = items[index];
        const parts = [html("b", {}, name(line.label))];
        spec.axes.forEach((axis, i) => {
          parts.push(i ? " · " : ": ", name(axis.label), " ", name(scales[i].text(line.values[i])));
        });
        return parts;
      },
      show(layer, index) {
        for (const piece of pieces(items[index].points)) {
          layer.append(shape("path", { class: "curve", d: path(piece),
            style: "stroke: var(--text); stroke-width: 3px" }));
        }
      },
      idOf: index => items[index].line.id,
      canBrush: from => axisAt(from.x) !== null,
      brush: (from, to) => ({ ...rectangle(from, to), x: columns[axisAt(from.x)] - 9, width: 18 }),
      brushed(from, to) {
        const shares = [shareAt(from.y), shareAt(to.y)].sort((a, b) => a - b);
        chart.brushes.set(axisAt(from.x), shares);
        selectInside();
      },
      // A press on an axis takes its brush away.
      pressed(at) {
        const isBrush = chart.brushes.delete(axisAt(at.x));
        if (isBrush) selectInside();
        return isBrush;
      },
    };
  }

  function distanceToLine(points, px, py) {
    let least = Infinity;
    for (let i = 1; i < points.length; i++) {
      const [[x1, y1], [x2, y2]] = [points[i - 1], points[i]];
      if (px < x1 - 4 || px > x2 + 4) continue;
      const there = y1 + (px - x1) / (x2 - x1) * (y2 - y1);
      least = Math.min(least, Math.abs(there - py));
    }
    return least;
  }

  // ---- tables of numbers ----

  const exact = value => isNumber(value) ? String(Number(value.toPrecision(6)))
    : typeof value === "string" ? value : "–";

  function linesTable({ x, series }) {
    const heads = [x.label];
    const columns = [];
    for (const one of series) {
      const xs = xsOf(one);
      for (const [part, values] of [["", one.y], [", low", one.low], [", high", one.high]]) {
        if (!values) continue;
        heads.push(one.name + part);
        columns.push(new Map(xs.map((at, i) => [at, values[i]])));
      }
    }
    return [heads, allXs({ series }).map(at => [at, ...columns.map(column => column.get(at))])];
  }

  const TABLES = {
    lines: linesTable,
    heatmap: ({ x, y, values }) => [[`${y.label} / ${x.label}`, ...x.values.map(exact)],
      y.values.map((row, i) => [row, ...x.values.map((_, j) => values[i]?.[j])])],
    scatter: ({ x, y, points }) => {
      const ends = points.some(point => isNumber(point.low)) ? ["low", "high"] : [];
      return [["", x.label, y.label, ...ends],
        points.map(point => [point.label, point.x, point.y, ...ends.map(end => point[end])])];
    },
    parallel: ({ axes, lines }) => [["", ...axes.map(axis => axis.label)],
      lines.map(line => [line.label, ...line.values.map((value, i) =>
        axes[i].values && typeof value === "number" ? axes[i].values[value] : value)])],
  };

  function numbersTable(spec) {
    const [heads, rows] = TABLES[spec.kind](spec);
    const row = (values, isHead) => html("tr", {}, ...values.map((value, i) => {
      const cell = html(isHead || i === 0 ? "th" : "td", i ? { class: "number" } : {});
      if (isHead) cell.setAttribute("scope", "col");
      else if (i === 0) cell.setAttribute("scope", "row");
      cell.append(name(isHead ? value : exact(value)));
      return cell;
    }));
    return html("div", { class: "numbers", role: "region", tabindex: 0,
      "aria-label": `Numbers of ${short(spec.title)}` },
    html("table", {}, html("thead", {}, row(heads, true)),
      html("tbody", {}, ...rows.map(values => row(values, false)))));
  }

  // ---- what all charts share ----

  const KINDS = { lines: drawLines, heatmap: drawHeatMap, scatter: drawScatter, parallel: drawParallel };
  const KEYS = {
    lines: "left and right arrows read values",
    heatmap: "arrows read values",
    scatter: "left and right arrows go from point to point, Enter selects, Escape clears",
    parallel: "up and down arrows go from line to line, Enter selects, Escape clears",
  };

  class Chart {
    constructor(figure, spec, number) {
      this.figure = figure;
      this.number = number;
      this.plot = figure.querySelector(".plot");
      this.cursor = null;
      this.isLog = Boolean((spec.kind === "heatmap" ? spec.z : spec.y)?.log);
      this.zoom = null; // [from, to], "end" for the last quarter, null for all
      this.brush = null;
      this.brushes = new Map(); // axis -> [low, high] as shares of it
      this.tools = html("div", { class: "tools" });
      this.surface = html("div", { class: "surface", role: "application", tabindex: 0 });
      this.readout = html("output", { class: "readout" });
      this.legend = html("ul", { class: "legend" });
      this.plot.replaceChildren(this.tools, this.surface, this.readout, this.legend);
      this.listen();
      this.setSpec(spec);
      new ResizeObserver(() => this.draw()).observe(this.surface);
    }

    setSpec(spec) {
      this.spec = spec;
      this.size = "";
      this.surface.setAttribute("aria-label", `${short(spec.title)}: ${KEYS[spec.kind]}`);
      this.surface.classList.toggle("crosshair", spec.kind !== "heatmap");
      this.fillTools();
      this.fillLegend();
      this.draw();
      if (this.numbers) this.showNumbers();
    }

    // Drawn again only where something changed: a resize without a change of size is none.
    draw(width = this.surface.clientWidth, height = this.surface.clientHeight) {
      const size = `${width} ${height}`;
      if (size === this.size || width < 40 || height < 60) return;
      this.size = size;
      const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img",
        "aria-label": `${short(this.spec.title, 200)}. ${short(this.spec.sentence, 600)}` });
      this.view = KINDS[this.spec.kind](this, svg, width, height);
      this.layer = shape("g", { class: "cursor", "aria-hidden": "true" });
      svg.append(this.layer);
      this.surface.replaceChildren(svg);
      if (this.cursor !== null && this.cursor >= this.view.count) this.cursor = null;
      this.dim();
      this.setCursor(this.cursor);
    }

    // A column of A4 is narrow: drawn for it, words are as large there as those around.
    drawForPaper() {
      const { clientWidth, clientHeight } = this.surface;
      const isWide = clientWidth > 640;
      this.draw(isWide ? 640 : 300, this.spec.kind === "heatmap" ? clientHeight : isWide ? 270 : 230);
    }

    redraw() {
      this.size = "";
      this.draw();
    }

    // -- tools --

    fillTools() {
      const { spec } = this;
      const had = document.activeElement?.closest?.(".tools") === this.tools
        ? document.activeElement.dataset.tool : null;
      const tool = (key, text, action, isPressed) => {
        const button = html("button", { type: "button", "data-tool": key }, text);
        if (isPressed !== undefined) button.setAttribute("aria-pressed", String(isPressed));
        button.addEventListener("click", action);
        return button;
      };
      const buttons = [];
      if (this.canBeLog()) {
        buttons.push(tool("log", "log scale", () => {
          this.isLog = !this.isLog;
          this.changed();
        }, this.isLog));
      }
      if (Array.isArray(this.zoom)) {
        buttons.push(tool("all", "show all", () => this.setZoom(null)));
      } else if (spec.kind === "lines" && !spec.limits && allXs(spec).length >= 8) {
        buttons.push(tool("end", "last quarter",
          () => this.setZoom(this.zoom === "end" ? null : "end"), this.zoom === "end"));
      }
      buttons.push(tool("numbers", "numbers", () => {
        if (this.numbers) this.hideNumbers();
        else this.showNumbers();
        this.fillTools();
      }, Boolean(this.numbers)));
      if (selected && this.sharesIds()) {
        buttons.push(tool("deselect", "deselect", () => this.select(null)));
      }
      this.tools.replaceChildren(...buttons);
      // The pressed button is a new one, and still has the focus.
      if (had) (this.tools.querySelector(`[data-tool="${had}"]`) ?? this.surface).focus();
    }

    canBeLog() {
      const { spec } = this;
      if (spec.kind === "parallel" || spec.reference) return false;
      const values = spec.kind === "lines" ? spec.series.flatMap(one => one.y)
        : spec.kind === "heatmap" ? spec.values.flat() : spec.points.map(point => point.y);
      return values.some(value => value > 0);
    }

    setZoom(zoom) {
      this.zoom = zoom;
      this.cursor = null;
      this.changed();
    }

    changed() {
      this.fillTools();
      this.redraw();
    }

    showNumbers() {
      const scrolled = this.numbers?.scrollTop ?? 0;
      this.hideNumbers();
      this.numbers = numbersTable(this.spec);
      this.plot.after(this.numbers);
      this.numbers.scrollTop = scrolled;
    }

    hideNumbers() {
      this.numbers?.remove();
      this.numbers = null;
    }

    // -- legend --

    fillLegend() {
      const series = this.spec.kind === "lines" && this.spec.series.length > 1 ? this.spec.series : [];
      const key = JSON.stringify(series.map(one =>
        [one.id, one.name, one.color, one.dash, isPoint(one)]));
      // New epochs leave it as it is, with the focus in it.
      if (key === this.legendKey) return;
      this.legendKey = key;
      const styles = lineStyles(series);
      this.legendValues = [];
      this.legend.hidden = !series.length;
      this.legend.replaceChildren(...series.map((one, i) => {
        const swatch = shape("svg", { viewBox: "0 0 24 12", "aria-hidden": "true" },
          isPoint(one) ? shape("circle", { cx: 12, cy: 6, r: 4, style: `fill: ${styles[i].color}` })
            : shape("line", { x1: 1, x2: 23, y1: 6, y2: 6, "stroke-width": 2.5,
              "stroke-dasharray": styles[i].dash, style: `stroke: ${styles[i].color}` }));
        const button = html("button", { type: "button", "aria-pressed": "false" }, swatch,
          name(one.name));
        button.dataset.id = one.id;
        if (series.length > MOST_IN_READOUT) {
          this.legendValues.push(html("span", { class: "value", "aria-hidden": "true" }));
          button.append(this.legendValues.at(-1));
        }
        button.addEventListener("click", () => this.toggle(one.id));
        return html("li", {}, button);
      }));
    }

    // -- the cursor --

    setCursor(index) {
      this.cursor = index;
      this.layer?.replaceChildren();
      const shown = index ?? this.view?.rest ?? null;
      // Only what the reader asked for is read aloud, not each epoch that comes in.
      this.readout.setAttribute("aria-live", index === null ? "off" : "polite");
      this.readout.replaceChildren(...(shown === null ? [this.hint()] : this.view.readout(shown)));
      const values = shown === null ? [] : this.view.values?.(shown) ?? [];
      this.legendValues.forEach((element, i) => { element.textContent = values[i] ?? ""; });
      if (index !== null) this.view.show(this.layer, index);
    }

    hint() {
      const text = { heatmap: "Point at a cell to read its value.",
        scatter: "Point at one to read it; drag to select several.",
        parallel: "Point at a line to read it; drag along an axis to select." }[this.spec.kind] ?? "";
      return html("span", { class: "muted" }, text);
    }

    // -- selection --

    ids() {
      const { spec } = this;
      if (spec.ids) return spec.ids.flat().filter(id => id !== null);
      return (spec.series ?? spec.points ?? spec.lines ?? []).map(one => one.id);
    }

    sharesIds() {
      return this.ids().some(id => selected.has(id));
    }

    // A selection that names nothing of this chart says nothing about it.
    isDimmed(id) {
      return selected !== null && !selected.has(id) && this.sharesIds();
    }

    select(ids) {
      const detail = { ids, from: this.figure };
      document.dispatchEvent(new CustomEvent("kerasdemo:select", { detail }));
    }

    toggle(id) {
      if (id === null) return; // of a cell without a group
      const ids = new Set(selected);
      if (!ids.delete(id)) ids.add(id);
      this.forgetBrushes();
      this.select(ids.size ? [...ids] : null);
    }

    forgetBrushes() {
      this.brush = null;
      this.brushes.clear();
      for (const drawn of this.surface.querySelectorAll(".brush")) drawn.remove();
    }

    dim() {
      const isOn = selected !== null && this.sharesIds();
      for (const element of this.surface.querySelectorAll("[data-id]")) {
        element.classList.toggle("dim", isOn && !selected.has(element.dataset.id));
      }
      for (const button of this.legend.querySelectorAll("button")) {
        button.setAttribute("aria-pressed", String(isOn && selected.has(button.dataset.id)));
      }
    }

    // -- mouse, touch, keys --

    listen() {
      const { surface } = this;
      this.from = null; // where a drag began
      this.band = null; // its rectangle
      surface.addEventListener("pointerdown", event => this.pointerDown(event));
      surface.addEventListener("pointermove", event => this.pointerMove(event));
      surface.addEventListener("pointerup", event => this.pointerUp(event));
      surface.addEventListener("pointercancel", () => this.endDrag());
      // What a finger pointed at stays when it is lifted.
      surface.addEventListener("pointerleave", event => {
        const isRead = event.pointerType === "touch" || surface.matches(":focus-visible");
        if (!this.from && !isRead) this.setCursor(null);
      });
      surface.addEventListener("dblclick", () => this.zoom && this.setZoom(null));
      surface.addEventListener("focus", () => {
        if (surface.matches(":focus-visible") && this.view?.count && this.cursor === null) {
          this.setCursor(this.view.start);
        }
      });
      surface.addEventListener("blur", () => this.setCursor(null));
      surface.addEventListener("keydown", event => this.key(event));
    }

    place(event) {
      const bounds = this.surface.getBoundingClientRect();
      return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
    }

    isDrag(to) {
      return Math.hypot(to.x - this.from.x, to.y - this.from.y) > 5;
    }

    pointerDown(event) {
      if (!this.view?.count || event.button !== 0) return;
      this.from = this.place(event);
      if (event.pointerType === "touch") this.setCursor(this.view.nearest(this.from.x, this.from.y));
      else this.surface.setPointerCapture(event.pointerId);
    }

    pointerMove(event) {
      if (!this.view?.count) return;
      const { from, view } = this;
      const to = this.place(event);
      const canBrush = from && event.pointerType !== "touch" && view.brush &&
        (view.canBrush?.(from) ?? true);
      if (canBrush && this.isDrag(to)) {
        this.band ??= this.layer.parentNode.appendChild(shape("rect", { class: "brush" }));
        const box = view.brush(from, to);
        for (const [key, value] of Object.entries(box)) this.band.setAttribute(key, value);
      } else {
        this.setCursor(view.nearest(to.x, to.y));
      }
    }

    pointerUp(event) {
      if (!this.from) return;
      const { from, band } = this;
      const to = this.place(event);
      const isPress = this.view.idOf && !this.isDrag(to);
      this.endDrag();
      if (band) this.view.brushed(from, to);
      else if (isPress) this.press(to);
    }

    endDrag() {
      this.band?.remove();
      this.from = this.band = null;
    }

    press(at) {
      if (this.view.pressed?.(at)) return;
      const index = this.view.nearest(at.x, at.y);
      if (index !== null) this.toggle(this.view.idOf(index));
      else if (selected) this.select(null);
    }

    key(event) {
      if (!this.view?.count || event.ctrlKey || event.metaKey || event.altKey) return;
      const { view } = this;
      if (event.key === "Escape") {
        this.forgetBrushes();
        if (selected) this.select(null);
        if (this.zoom) this.setZoom(null);
        return;
      }
      if (["Enter", " "].includes(event.key) && view.idOf && this.cursor !== null) {
        event.preventDefault();
        this.toggle(view.idOf(this.cursor));
        return;
      }
      const next = view.step(this.cursor ?? view.start, event.key);
      if (next === null) return;
      event.preventDefault();
      // With Shift the way from one to the next is the brush.
      if (event.shiftKey && view.idOf) {
        const ids = [view.idOf(this.cursor ?? next), view.idOf(next)];
        this.forgetBrushes();
        this.select([...new Set([...(selected ?? []), ...ids.filter(id => id !== null)])]);
      }
      this.setCursor(next);
    }
  }

  document.addEventListener("kerasdemo:select", event => {
    const { ids, from } = event.detail;
    selected = ids ? new Set(ids) : null;
    for (const chart of charts.values()) {
      if (from !== chart.figure || !ids) chart.forgetBrushes();
      chart.fillTools();
      if (chart.brush || chart.brushes.size) chart.redraw();
      else chart.dim();
    }
  });

  window.addEventListener("beforeprint", () => charts.forEach(chart => chart.drawForPaper()));
  window.addEventListener("afterprint", () => charts.forEach(chart => chart.draw()));

  // Draw a chart, or draw it again from new data; the reader's zoom, scale and cursor stay.
  function update(id, spec) {
    const known = charts.get(id);
    if (known?.figure.isConnected) {
      known.setSpec(spec);
      const sentence = known.figure.querySelector("figcaption p");
      if (sentence && sentence.textContent !== spec.sentence) sentence.textContent = spec.sentence;
      return;
    }
    const figure = [...document.querySelectorAll("figure[data-chart]")]
      .find(found => found.dataset.chart === id);
    if (figure && spec.kind in KINDS) charts.set(id, new Chart(figure, spec, charts.size));
  }

  window.kerasdemoCharts = { update, spec: id => charts.get(id)?.spec };

  const specs = JSON.parse(document.getElementById("charts")?.textContent || "{}");
  for (const [id, spec] of Object.entries(specs)) update(id, spec);
})();
