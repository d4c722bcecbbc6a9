// The list of runs: sorts, filters and selects, of 10,000 runs as well, of which it shows the first.
// live.js tells it what changed. Texts stay texts.
"use strict";
(() => {
  const STEP = 500;
  const { base } = JSON.parse(document.getElementById("live").textContent);
  const get = id => document.getElementById(id);
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const bodies = { runs: get("runs").tBodies[0], experiments: get("experiments").tBodies[0] };
  const rows = new Map(); // key -> what the server says of it
  const elements = new Map(); // key -> its <tr>, once it was shown
  const chosen = new Set();
  let room = STEP;
  let sorting = null; // { name, sign }; null: the order of the server
  let unread = 0;

  // ---- what a row looks like, as the macros of list.html write it ----

  function fill(place, { text, level, sign }) {
    if (level === null) return place.replaceChildren(make("bdi", { textContent: text }));
    const mark = make("span", { textContent: sign });
    mark.setAttribute("aria-hidden", "true");
    place.replaceChildren(make("span", { className: `badge ${level}`.trim() }, mark, ` ${text}`));
  }

  function elementOf(row) {
    const known = elements.get(row.key);
    if (known) return known;
    const element = get(`new-${row.table}`).content.querySelector("tr").cloneNode(true);
    element.dataset.key = row.key;
    const link = element.querySelector("a");
    link.setAttribute("href", link.getAttribute("href") + row.key);
    const box = element.querySelector("input");
    if (box) box.checked = chosen.has(row.key);
    elements.set(row.key, element);
    draw(row, element);
    return element;
  }

  function draw(row, element, before) {
    for (const [name, cell] of Object.entries(row.cells)) {
      if (before && same(before.cells[name], cell)) continue;
      fill(element.querySelector(`[data-cell="${name}"]`), cell);
    }
    element.querySelector("input")?.setAttribute("aria-label", `select ${row.cells.name.text}`);
    element.classList.toggle("gone", Boolean(row.isGone));
  }

  const same = (a, b) => a && a.text === b.text && a.level === b.level;

  // ---- which rows are shown, in which order ----

  function key({ order, cells }) {
    if (!sorting) return order;
    const { value, text } = cells[sorting.name];
    return value === "" ? text || null : value;
  }

  function compare(a, b) {
    const [x, y] = [a.sortKey, b.sortKey];
    if (x === y) return a.cells.name.text < b.cells.name.text ? -1 : 1;
    if (x === null || y === null) return x === null ? 1 : -1;
    const isLess = typeof x === typeof y ? x < y : String(x) < String(y);
    return (isLess ? -1 : 1) * (sorting?.sign ?? 1);
  }

  function matching() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = verdicts.value;
    const found = [];
    for (const row of rows.values()) {
      if (row.table !== "runs" || (verdict && row.cells.verdict.text !== verdict)) continue;
      if (!words.every(word => row.content.includes(word))) continue;
      row.sortKey = key(row);
      found.push(row);
    }
    return found.sort(compare);
  }

  function show() {
    const found = matching();
    place(bodies.runs, found.slice(0, room).map(elementOf));
    const left = found.length - room;
    more.hidden = left <= 0;
    more.textContent = `Show ${Math.min(left, STEP)} more of ${left.toLocaleString("en")}`;
    const all = [...rows.values()].filter(row => row.table === "runs").length;
    const count = found.length === all ? `${all} runs` : `${found.length} of ${all} runs`;
    const reading = unread ? `, ${unread} of them still being read` : "";
    if (counter.textContent !== count + reading) counter.textContent = count + reading;
    get("empty").hidden = all > 0;
    const isEvery = found.length > 0 && found.every(row => chosen.has(row.key));
    get("select-all").checked = isEvery;
    compareButton.disabled = chosen.size < 2;
    compareButton.textContent =
      chosen.size < 2 ? "Compare the selected runs" : `Compare ${chosen.size} runs`;
    const experiments = [...rows.values()].filter(row => row.table === "experiments");
    experiments.sort((a, b) => (a.cells.name.text < b.cells.name.text ? -1 : 1));
    place(bodies.experiments, experiments.map(elementOf));
    get("experiments-section").hidden = !experiments.length;
    showVerdicts();
  }

  // Puts rows into a table, without taking away the focus where nothing moves.
  function place(body, wanted) {
    if (wanted.length === body.rows.length && wanted.every((one, n) => one === body.rows[n])) return;
    const focused = document.activeElement;
    body.replaceChildren(...wanted);
    if (body.contains(focused)) focused.focus({ preventScroll: true });
  }

  function showVerdicts() {
    const names = new Set([...rows.values()].map(row => row.cells.verdict?.text).filter(Boolean));
    const wanted = ["", ...[...names].sort()];
    if (String(wanted) === String([...verdicts.options].map(option => option.value))) return;
    const before = verdicts.value;
    verdicts.replaceChildren(...wanted.map(name => new Option(name || "all", name)));
    verdicts.value = wanted.includes(before) ? before : "";
    verdicts.parentElement.hidden = wanted.length < 3;
  }

  let isWaiting = false;
  function soon() {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => {
      isWaiting = false;
      show();
    });
  }

  // ---- news ----

  function add(row) {
    const before = rows.get(row.key);
    row.content = Object.values(row.cells).map(cell => cell.text).join(" ").toLowerCase();
    rows.set(row.key, row);
    const element = elements.get(row.key);
    if (element) draw(row, element, before);
  }

  function update({ rows: news, gone, unread: left }) {
    news.forEach(add);
    for (const name of gone) {
      const row = rows.get(name);
      if (!row || row.isGone) continue;
      const status = { text: "deleted", value: "deleted", level: "warn", sign: "!" };
      add({ ...row, isGone: true, cells: { ...row.cells, status } });
      chosen.delete(name);
      const box = elements.get(name)?.querySelector("input");
      if (box) Object.assign(box, { checked: false, disabled: true });
    }
    unread = left;
    soon();
  }

  // ---- tools ----

  const search = make("input", { type: "search", autocomplete: "off", spellcheck: false });
  const verdicts = make("select");
  const counter = make("output");
  const compareButton = make("button", { type: "button" });
  const more = make("button", { type: "button" });
  get("tools").append(
    make("label", {}, "Filter the runs ", search),
    make("label", { hidden: true }, "Verdict ", verdicts),
    compareButton, " ", counter,
  );
  get("more").replaceChildren(more);

  for (const tool of [search, verdicts])
    tool.addEventListener("input", () => {
      room = STEP;
      show();
    });
  more.addEventListener("click", () => {
    room += STEP;
    show();
  });
  for (const header of get("runs").querySelectorAll("th[data-sort]")) {
    const button = make("button", { type: "button", className: "sort" });
    button.append(...header.childNodes);
    header.append(button);
    header.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const sign = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of get("runs").querySelectorAll("th[data-sort]"))
        other.setAttribute("aria-sort", "none");
      header.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      sorting = { name: header.dataset.sort, sign };
      show();
    });
  }
  bodies.runs.addEventListener("change", ({ target }) => {
    const name = target.closest("tr").dataset.key;
    if (target.checked) chosen.add(name);
    else chosen.delete(name);
    show();
  });
  get("select-all").addEventListener("change", ({ target }) => {
    for (const { key: name, isGone } of matching()) {
      if (isGone) continue;
      if (target.checked) chosen.add(name);
      else chosen.delete(name);
      const box = elements.get(name)?.querySelector("input");
      if (box) box.checked = target.checked;
    }
    show();
  });
  compareButton.addEventListener("click", () => {
    const query = new URLSearchParams([...chosen].map(name => ["run", name]));
    location.assign(`${base}compare?${query}`);
  });

  for (const element of document.querySelectorAll("tr[data-key]")) {
    elements.set(element.dataset.key, element);
    const box = element.querySelector("input");
    if (box) box.checked = false;
  }
  for (const row of JSON.parse(get("rows").textContent)) add(row);
  window.kerasdemoList = { update };
  show();
})();
