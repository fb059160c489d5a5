// Draws the charts of a page by uPlot, from the JSON that stands beside each. What is read out of a place, and
// where a click on it leads, is the row of the chart's table: without scripts the table is all there is.
(() => {
  "use strict";
  const { lang, zone, charts: address } = document.body.dataset;
  const DAY = 86400, LINE = 14, STRIP = 5, ROWS = 3;
  const plots = new Map();
  const kept = new Map();
  let library = null;

  function load() {
    const put = (tag, values) => new Promise((resolve, reject) => {
      document.head.append(Object.assign(document.createElement(tag), { ...values, onload: resolve, onerror: reject }));
    });
    library ??= Promise.all([
      put("link", { rel: "stylesheet", href: address.replace(/js$/, "css") }),
      put("script", { src: address }),
    ]);
    return library;
  }

  const colour = (tone) => getComputedStyle(document.documentElement).getPropertyValue(`--${tone}`).trim();
  const font = () => `11px ${getComputedStyle(document.body).fontFamily}`;
  const figure = new Intl.NumberFormat(lang, { maximumFractionDigits: 3 });
  const [day, clock] = [{ month: "numeric", day: "numeric" }, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }]
    .map((parts) => new Intl.DateTimeFormat(lang, { ...parts, timeZone: zone }));
  function times(_plot, ticks, _axis, _space, step) {
    return ticks.map((tick) => {
      const at = new Date(tick * 1000), time = clock.format(at);
      return step >= DAY || time === "00:00" ? day.format(at) : time;
    });
  }

  // — what is drawn beside the series —
  function onCanvas(u, paint) {
    const { ctx } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    ctx.clip();
    ctx.font = font().replace("11px", `${11 * devicePixelRatio}px`);
    Object.assign(ctx, { lineJoin: "round", textAlign: "left", textBaseline: "alphabetic" });
    paint(ctx, u.bbox, devicePixelRatio);
    ctx.restore();
  }
  function write(ctx, text, x, y, tone, ratio) {
    ctx.setLineDash([]);
    ctx.lineWidth = 3 * ratio;
    ctx.strokeStyle = colour("paper");
    ctx.strokeText(text, x, y);
    ctx.fillStyle = colour(tone);
    ctx.fillText(text, x, y);
  }
  function rule(ctx, from, to, tone, dash, ratio) {
    ctx.setLineDash(dash.map((each) => each * ratio));
    ctx.lineWidth = ratio;
    ctx.strokeStyle = colour(tone);
    ctx.beginPath();
    ctx.moveTo(...from);
    ctx.lineTo(...to);
    ctx.stroke();
  }
  // A label stands on its line; where lines are close it gives way downwards, and at the foot upwards.
  function apart(wanted, first, last, step) {
    const places = [];
    for (const each of wanted) places.push(Math.max(each, places.length ? places.at(-1) + step : first));
    for (let at = places.length - 1, most = last; at >= 0; at--, most -= step) places[at] = Math.min(places[at], most);
    return places;
  }
  const limits = (found) => (u) => onCanvas(u, (ctx, box, ratio) => {
    const seen = found.map((limit) => ({ ...limit, y: Math.round(u.valToPos(limit.value, "y", true)) + 0.5 }))
      .filter(({ y }) => y >= box.top && y <= box.top + box.height)
      .sort((one, two) => one.y - two.y);
    const places = apart(seen.map(({ y }) => y - 3 * ratio), box.top + 11 * ratio, box.top + box.height - 3 * ratio, LINE * ratio);
    for (const { y, tone } of seen) rule(ctx, [box.left, y], [box.left + box.width, y], tone, tone === "bad" ? [] : [6, 4], ratio);
    seen.forEach(({ text, tone }, at) => write(ctx, text, box.left + 4 * ratio, places[at], tone, ratio));
  });
  // A stretch is a strip at the foot, each kind on its own; what has a share is the whole height's shade.
  const stretches = (found) => (u) => onCanvas(u, (ctx, box, ratio) => {
    const names = [...new Set(found.map(({ name }) => name))];
    for (const mark of found) {
      const [from, to] = [mark.at, mark.until].map((at) => u.valToPos(at, "x", true));
      const strip = mark.shade ? box.height : STRIP * ratio;
      const foot = box.top + box.height - (mark.shade ? 0 : names.indexOf(mark.name) * (STRIP + 1) * ratio);
      ctx.fillStyle = colour(mark.tone);
      ctx.globalAlpha = mark.shade ?? 1;
      ctx.fillRect(from, foot - strip, Math.max(to - from, 2 * ratio), strip);
    }
  });
  // A label stands beside its line, at the edge before it, and above those that it would cover.
  const instants = (found) => (u) => onCanvas(u, (ctx, box, ratio) => {
    const free = Array(ROWS).fill(-Infinity);
    for (const mark of [...found].sort((one, two) => one.at - two.at)) {
      const x = Math.round(u.valToPos(mark.at, "x", true)) + 0.5;
      rule(ctx, [x, box.top], [x, box.top + box.height], mark.tone, [2, 2], ratio);
      const width = ctx.measureText(mark.name).width, gap = 4 * ratio;
      const left = x + gap + width > box.left + box.width ? x - gap - width : x + gap;
      const row = free.findIndex((each) => left >= each);
      if (row < 0) continue;
      write(ctx, mark.name, left, box.top + box.height - (8 + row * LINE) * ratio, mark.tone, ratio);
      free[row] = left + width + 6 * ratio;
    }
  });

  // — the series —
  const isAlone = (values, at) => values[at] != null && values[at - 1] == null && values[at + 1] == null;
  function layers(found) {
    const data = [found.times], series = [{}], bands = [];
    const add = (values, options) => { data.push(values); return series.push({ points: { show: false }, ...options }) - 1; };
    // A stack is drawn from its whole height down, each lower one over the one before.
    const below = found.times.map(() => 0);
    const stacked = found.bars.map(({ tone, values }) => [tone, values.map((value, at) => value && (below[at] += value))]);
    const paths = found.bars.length ? uPlot.paths.bars({ size: [0.8, found.times.length > 1 ? 48 : 24, 2] }) : null;
    for (const [tone, values] of stacked.reverse()) add(values, { fill: () => colour(tone), width: 0, paths });
    for (const line of found.lines) {
      const stroke = () => colour(line.tone);
      if (line.highs.length) {
        const ends = [line.highs, line.lows].map((values) => add(values, { stroke: "transparent" }));
        bands.push({ series: ends, fill: () => `${colour("faint")}33` });
      }
      const points = { show: true, size: 4, fill: stroke, filter: (_u, at) => line.values.flatMap((_, i) => (isAlone(data[at], i) ? [i] : [])) };
      add(line.values, { stroke, width: 1.6, dash: line.dashed ? [4, 4] : [], points });
    }
    return { data, series, bands };
  }
  function wide(u, values) {
    u.ctx.save();
    u.ctx.font = font();
    const longest = Math.max(0, ...(values ?? []).map((value) => u.ctx.measureText(value).width));
    u.ctx.restore();
    return Math.ceil(longest) + 12;
  }
  function options(found, plot, hooks) {
    const axis = { stroke: () => colour("faint"), grid: { stroke: () => colour("line"), width: 1 }, ticks: { show: false }, font: font() };
    const values = (_u, ticks) => ticks.map((tick) => (found.whole && tick % 1 ? "" : `${figure.format(tick)}${found.unit}`));
    const reach = found.limits.map(({ value }) => value);
    const range = (_u, low, high) => [Math.min(0, low ?? 0), found.top ?? Math.max(high ?? 0, ...reach, 1e-9) * 1.08];
    return {
      width: plot.clientWidth, height: plot.clientHeight, padding: [8, 20, 0, 0], legend: { show: false },
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zone),
      cursor: { y: false, points: { show: found.lines.length > 0 }, drag: { dist: 6 }, bind: { dblclick: (u) => () => zoom(u, found) } },
      scales: { y: { range } },
      axes: [{ ...axis, values: times, space: 56, size: 24 }, { ...axis, values, size: wide, space: 26 }],
      hooks,
    };
  }

  // — hands —
  const zoom = (u, { start, end }) => u.setScale("x", { min: start, max: end });
  function said(frame, at) {
    const { tHead, tBodies } = frame.querySelector("table");
    const [label, ...cells] = tBodies[0].rows[at].cells;
    const heads = [...tHead.rows[0].cells].slice(1);
    const named = cells.map(({ textContent }, at) => textContent && `${heads[at].textContent} ${textContent}`);
    return [label.textContent, ...named].filter(Boolean).join(" · ");
  }
  const link = (frame, at) => (at == null ? null : frame.querySelector("table").tBodies[0].rows[at].querySelector("a"));
  function follow(u, found, frame) {
    const [plot, readout, unzoom] = [".plot", ".readout", ".unzoom"].map((each) => frame.querySelector(each));
    const hint = readout.textContent;
    const read = () => {
      const at = u.cursor.idx;
      readout.textContent = at == null ? hint : said(frame, at);
      u.over.classList.toggle("leads", Boolean(link(frame, at)));
    };
    u.hooks.setCursor = [read];
    u.hooks.setScale = [(_u, key) => { if (key === "x") unzoom.hidden = u.scales.x.min <= found.start && u.scales.x.max >= found.end; }];
    unzoom.addEventListener("click", () => zoom(u, found));
    u.over.addEventListener("click", () => link(frame, u.cursor.idx)?.click());
    plot.tabIndex = 0;
    plot.addEventListener("keydown", (event) => {
      const [first, last] = u.series[0].idxs;
      const at = u.cursor.idx ?? last + 1;
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: first, End: last }[event.key];
      if (to !== undefined) u.setCursor({ left: u.valToPos(found.times[Math.max(first, Math.min(last, to))], "x"), top: 1 });
      else if (event.key === "Enter" && link(frame, u.cursor.idx)) link(frame, u.cursor.idx).click();
      else if (event.key === "Escape" && !unzoom.hidden) zoom(u, found);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
  function draw(plot) {
    const frame = plot.closest("figure");
    const found = JSON.parse(frame.querySelector("script").textContent);
    const { data, series, bands } = layers(found);
    const shades = found.marks.filter(({ shade }) => shade != null);
    const strips = found.marks.filter(({ until, shade }) => until != null && shade == null);
    const moments = found.marks.filter(({ until }) => until == null);
    const hooks = { drawAxes: [stretches(shades)], draw: [stretches(strips), instants(moments), limits(found.limits)] };
    const u = new uPlot({ ...options(found, plot, hooks), series, bands }, data, plot);
    plots.set(plot, u);
    follow(u, found, frame);
    // What the reader had zoomed and opened stays when the chart is fetched again.
    const before = kept.get(frame.id);
    zoom(u, before?.zoomed ?? found);
    if (before?.isOpen) frame.querySelector("details").open = true;
  }
  function keep(frame) {
    const u = plots.get(frame.querySelector(".plot"));
    if (!u || !frame.id) return;
    const { min, max } = u.scales.x;
    const zoomed = frame.querySelector(".unzoom").hidden ? null : { start: min, end: max };
    kept.set(frame.id, { zoomed, isOpen: frame.querySelector("details").open });
  }

  // A chart is drawn as soon as it has a width: also one that was out of sight.
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const [width, height] = [target.clientWidth, target.clientHeight];
      if (!width) continue;
      if (plots.has(target)) plots.get(target).setSize({ width, height });
      else load().then(() => { if (target.isConnected && !plots.has(target)) draw(target); }, () => { library = null; });
    }
  });
  function look() {
    for (const [plot, u] of plots) if (!plot.isConnected) { u.destroy(); sizes.unobserve(plot); plots.delete(plot); }
    document.querySelectorAll(".chart .plot").forEach((plot) => sizes.observe(plot));
  }
  document.addEventListener("htmx:beforeSwap", (event) => event.detail.target.querySelectorAll("figure.chart").forEach(keep));
  for (const name of ["htmx:afterSwap", "followed"]) document.addEventListener(name, look);
  const repaint = () => plots.forEach((u) => u.redraw(false));
  addEventListener("themechange", repaint);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  look();
})();
