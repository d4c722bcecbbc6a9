// Tables that sort, filter and select: <table class="sortable" id data-filter="Filter the groups">.
//
// th.fixed: not sorted. td[data-value]: the number or text to sort by, "" for none, which is last.
// tr[data-verdict]: what the list of verdicts offers; table[data-verdicts]: what they are called.
// tr[data-id]: can be selected, in the table and by every chart of the page, through the event
// kerasdemo:select.
"use strict";
(() => {
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const rowsOf = table => [...table.tBodies].flatMap(body => [...body.rows]);

  function sortable(table) {
    const headers = [...table.tHead.rows[0].cells];
    headers.forEach((header, column) => {
      if (header.classList.contains("fixed")) return;
      const button = make("button", { type: "button", className: "sort" });
      button.append(...header.childNodes);
      header.append(button);
      header.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        // Numbers are mostly asked for from the largest down where that is the better one.
        const first = header.dataset.first || "ascending";
        const other = first === "ascending" ? "descending" : "ascending";
        const order = header.getAttribute("aria-sort") === first ? other : first;
        headers.forEach(h => h.hasAttribute("aria-sort") && h.setAttribute("aria-sort", "none"));
        header.setAttribute("aria-sort", order);
        sort(table, column, order === "ascending" ? 1 : -1);
      });
    });
  }

  function sort(table, column, sign) {
    const key = row => {
      const cell = row.cells[column];
      const text = cell.dataset.value ?? cell.textContent.trim();
      const number = Number(text);
      return text === "" || text === "-" ? null : Number.isNaN(number) ? text : number;
    };
    const compare = (a, b) =>
      typeof a === "number" && typeof b === "number"
        ? a - b
        : String(a).localeCompare(String(b), "en", { numeric: true });
    for (const body of table.tBodies) {
      const keyed = [...body.rows].map(row => [key(row), row]);
      keyed.sort(([a], [b]) =>
        a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b));
      body.append(...keyed.map(([, row]) => row));
    }
  }

  function filterable(table) {
    const rows = rowsOf(table);
    const counts = new Map();
    for (const { dataset: { verdict } } of rows)
      if (verdict) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    const text = make("input", { type: "search", autocomplete: "off", spellcheck: false });
    const shown = make("output");
    const bar = make("div", { className: "filter" });
    bar.append(make("label", {}, `${table.dataset.filter} `, text));
    const verdict = make("select", {}, new Option("all", ""));
    verdict.append(...[...counts].sort().map(([name, n]) => new Option(`${name} (${n})`, name)));
    const word = table.dataset.verdicts ?? "Verdict";
    if (counts.size > 1) bar.append(make("label", {}, `${word} `, verdict));
    bar.append(shown);

    const apply = () => {
      const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of rowsOf(table)) {
        const content = row.textContent.toLowerCase();
        row.hidden = !(words.every(word => content.includes(word)) &&
          (!verdict.value || row.dataset.verdict === verdict.value));
        count += !row.hidden;
      }
      const all = rowsOf(table).length;
      shown.textContent = count === all ? `${all} rows` : `${count} of ${all} rows`;
    };
    text.addEventListener("input", apply);
    verdict.addEventListener("change", apply);
    apply();
    return bar;
  }

  function selectable(table, bar) {
    const rows = rowsOf(table).filter(row => row.dataset.id);
    const boxes = new Map();
    for (const row of table.rows) {
      const isHead = row.parentElement === table.tHead;
      const cell = make(isHead ? "th" : "td", { className: "fixed select" });
      if (isHead) {
        cell.scope = "col";
        cell.append(make("span", { className: "hidden", textContent: "selected" }));
      } else if (row.dataset.id) {
        const box = make("input", { type: "checkbox" });
        box.setAttribute("aria-label", `select ${row.dataset.name ?? row.cells[0].textContent}`);
        box.addEventListener("change", () => {
          // Rows of one group are selected together.
          for (const [other, another] of boxes)
            if (other.dataset.id === row.dataset.id) another.checked = box.checked;
          send();
        });
        boxes.set(row, box);
        cell.append(box);
      }
      row.prepend(cell);
    }
    const clear = make("button", { type: "button", textContent: "Select none", disabled: true });
    clear.addEventListener("click", () => {
      boxes.forEach(box => { box.checked = false; });
      send();
    });
    bar.append(clear);

    const show = ids => {
      clear.disabled = !ids;
      for (const row of rows) row.classList.toggle("dimmed", ids !== null && !ids.has(row.dataset.id));
    };
    const send = () => {
      const chosen = new Set(rows.filter(row => boxes.get(row).checked).map(row => row.dataset.id));
      const ids = chosen.size ? [...chosen] : null;
      show(ids && chosen);
      const detail = { ids, from: table };
      document.dispatchEvent(new CustomEvent("kerasdemo:select", { detail }));
    };
    document.addEventListener("kerasdemo:select", ({ detail: { ids, from } }) => {
      if (from === table) return;
      const chosen = ids && new Set(ids);
      for (const [row, box] of boxes) box.checked = Boolean(chosen?.has(row.dataset.id));
      show(chosen);
    });
    for (const row of rows)
      row.addEventListener("click", event => {
        if (event.target.closest("a, button, input, label, summary")) return;
        if (String(getSelection())) return; // text is being marked
        const box = boxes.get(row);
        const wasChecked = box.checked;
        if (!(event.ctrlKey || event.metaKey || event.shiftKey))
          boxes.forEach(other => { other.checked = false; });
        box.checked = !wasChecked;
        box.dispatchEvent(new Event("change"));
      });
  }

  function enhance(root = document) {
    for (const table of root.querySelectorAll("table.sortable:not([data-ready])")) {
      if (!table.tHead) continue;
      table.dataset.ready = "";
      const bar = "filter" in table.dataset ? filterable(table) : make("div", { className: "filter" });
      if (table.querySelector("tbody tr[data-id]")) selectable(table, bar);
      sortable(table);
      if (bar.hasChildNodes()) (table.closest(".wide") ?? table).before(bar);
    }
  }

  window.kerasdemoTables = { enhance };
  enhance();
})();
