// Keeps a page of `kerasdemo serve` up to date. The server tells what is new (server-sent events):
// rows of the list, epochs of a run, or that the page is to be made again. Texts stay texts.
"use strict";
(() => {
  const read = id => JSON.parse(document.getElementById(id).textContent);
  const live = read("live");
  const charts = read("charts");
  const status = document.getElementById("live-status");
  const SECOND = 1000;
  // Points of a curve and columns of a heat map; of more, every second older one is left out.
  const MOST_POINTS = 1200, MOST_COLUMNS = 200;
  let source = null;
  let isOver = false; // nothing more comes

  function say(text) {
    if (status.textContent !== text) status.textContent = text;
  }

  // ---- the stream: closed while nobody looks, for a browser opens six to a server at most ----

  function address() {
    const { metrics, layers, state, version } = live;
    const known = Object.entries({ metrics, layers, state, version });
    const query = new URLSearchParams(known.filter(([, value]) => value !== undefined));
    return live.base + live.events + (live.events.includes("?") ? "&" : "?") + query;
  }

  function listen() {
    if (source || isOver || document.hidden || !live.events) return;
    source = new EventSource(address());
    source.addEventListener("open", () => say(watching()));
    source.addEventListener("error", () => {
      close();
      if (isOver) return;
      say("No connection to kerasdemo serve: the page shows what was known last.");
      setTimeout(listen, 2 * SECOND);
    });
    for (const [name, hear] of Object.entries(heard))
      source.addEventListener(name, ({ data }) => hear(JSON.parse(data)));
  }

  function close() {
    source?.close();
    source = null;
  }

  function watching() {
    if (live.ended) return "";
    return live.kind === "runs" ? "Made again whenever one of the runs ends." : "Live.";
  }

  // ---- the page is made again: where it was scrolled to, and what was unfolded, stays ----

  const PLACE = "kerasdemo:place";
  let isReloading = false;
  function reload() {
    if (isReloading) return;
    isReloading = true;
    setTimeout(() => {
      const open = [...document.querySelectorAll("details")].map(one => one.open);
      sessionStorage.setItem(PLACE, JSON.stringify({ path: location.href, y: scrollY, open }));
      location.reload();
    }, SECOND / 2);
  }

  function restore() {
    const kept = JSON.parse(sessionStorage.getItem(PLACE) ?? "null");
    sessionStorage.removeItem(PLACE);
    if (kept?.path !== location.href) return;
    document.querySelectorAll("details").forEach((one, n) => {
      if (kept.open[n]) one.open = true;
    });
    scrollTo(0, kept.y);
  }

  // ---- epochs of a run ----

  const changed = new Set();
  let isDrawing = false;
  function draw() {
    if (isDrawing) return;
    isDrawing = true;
    requestAnimationFrame(() => {
      isDrawing = false;
      for (const id of changed) window.kerasdemoCharts?.update(id, charts[id]);
      changed.clear();
    });
  }

  // A column's value in the unit of the chart, such as percent; without a value null.
  const scaled = (value, { factor = 1 }) => (value == null ? null : factor * value);

  const sourced = series => series.source && series.y.length;

  function addMetrics(epoch, metrics) {
    let isShown = false;
    for (const [id, spec] of Object.entries(charts)) {
      if (spec.kind !== "lines") continue;
      const growing = spec.series.filter(series => sourced(series) && series.source in metrics);
      if (!growing.length) continue;
      isShown = true;
      for (const series of growing) {
        const last = series.x ? series.x.at(-1) : series.y.length;
        if (epoch <= last) continue;
        if (!series.x && epoch !== last + 1) series.x = series.y.map((_, n) => n + 1);
        series.x?.push(epoch);
        series.y.push(scaled(metrics[series.source], series));
        thinCurve(series);
      }
      changed.add(id);
    }
    return isShown;
  }

  function thinCurve(series) {
    if (series.y.length <= MOST_POINTS) return;
    series.x ??= series.y.map((_, n) => n + 1);
    const stays = kept(series.y.length);
    for (const name of ["x", "y", "low", "high"])
      if (series[name]) series[name] = series[name].filter(stays);
  }

  // Of older half as many; the ends stay.
  const kept = count => (_, n) => n === 0 || n >= count / 2 || n % 2 === 1;

  function addLayers(epoch, layers) {
    for (const [id, spec] of Object.entries(charts)) {
      if (spec.kind !== "heatmap" || !spec.source) continue;
      if (epoch <= Number(spec.x.values.at(-1) ?? 0)) continue;
      spec.x.values.push(epoch);
      spec.values.forEach((row, n) => row.push(scaled(layers[spec.y.values[n]]?.[spec.source], spec)));
      if (spec.x.values.length > MOST_COLUMNS) {
        const stays = kept(spec.x.values.length);
        spec.x.values = spec.x.values.filter(stays);
        spec.values = spec.values.map(row => row.filter(stays));
      }
      changed.add(id);
    }
  }

  function hearEpoch({ epoch, metrics, layers }) {
    if (live.damaged) return; // a message has no curves
    if (Object.keys(metrics).length && epoch > live.metrics) {
      live.metrics = epoch;
      // A page that was made before the first epoch has no place for its curves.
      if (!addMetrics(epoch, metrics)) reload();
      else {
        say(`Live: epoch ${epoch}.`);
        refreshSoon();
      }
    }
    if (Object.keys(layers).length && epoch > live.layers) {
      live.layers = epoch;
      addLayers(epoch, layers);
    }
    draw();
  }

  // ---- the words of a run's page follow its curves, more seldom: they are made from all epochs ----

  const WORDS = ["p.status", "section.verdict", "dl.figures"];
  let isRefreshing = false;
  let nextRefresh = 0;
  function refreshSoon() {
    if (isRefreshing) return;
    isRefreshing = true;
    setTimeout(refresh, Math.max(0, nextRefresh - performance.now()));
  }

  async function refresh() {
    const began = performance.now();
    // Without a connection there is none: the stream says so, and tries again.
    const text = await fetch(location.href)
      .then(answer => (answer.ok ? answer.text() : ""))
      .catch(() => "");
    if (text) replaceWords(new DOMParser().parseFromString(text, "text/html"));
    const took = performance.now() - began;
    nextRefresh = performance.now() + Math.max(5 * SECOND, 20 * took);
    isRefreshing = false;
  }

  function replaceWords(fresh) {
    for (const selector of WORDS) {
      const [old, made] = [document, fresh].map(one => one.querySelector(selector));
      if (!old || !made || old.contains(document.activeElement)) continue; // somebody reads there
      const isOpen = [...old.querySelectorAll("details")].map(one => one.open);
      made.querySelectorAll("details").forEach((one, n) => { one.open = Boolean(isOpen[n]); });
      old.replaceWith(made);
    }
    const specs = JSON.parse(fresh.getElementById("charts").textContent);
    for (const [id, { marks, sentence }] of Object.entries(specs)) {
      if (!charts[id]) continue;
      Object.assign(charts[id], { sentence }, marks && { marks });
      changed.add(id);
    }
    draw();
  }

  const heard = {
    rows(news) {
      live.version = news.version;
      window.kerasdemoList.update(news);
    },
    epoch: hearEpoch,
    reload,
    gone() {
      isOver = true;
      close();
      say("The folder of this run was deleted: the page shows what was known last.");
      status.classList.add("panel");
    },
    damaged({ problem }) {
      say(`A file of this run is damaged: ${problem}`);
      status.classList.add("panel");
    },
  };

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : listen()));
  addEventListener("pagehide", () => {
    isOver = true;
    close();
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) location.reload();
  });
  restore();
  listen();
})();
