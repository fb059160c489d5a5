// Keeps the page alive: rows by server-sent events, the drawer, the keyboard. The page reads without it.
(() => {
  "use strict";
  const body = document.body;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  const painted = () => new Promise((go) => (document.hidden ? setTimeout(go) : requestAnimationFrame(() => setTimeout(go))));

  // — rows: a few between two paintings, so that the reader's keys and wheel are heard while everything changes —
  const AT_ONCE = 20;
  const FIELDS = ["clause", "value", "reason"];
  const pending = new Map();
  let isPatching = false;
  const setText = (node, text) => { if (node && node.textContent !== text) node.textContent = text; };
  // A brief verdict names its row by its address alone.
  const PLACES = [...FIELDS.map((field) => `[data-${field}]`), ".later .verdict"].join();
  const idOf = (node) =>
    FIELDS.map((field) => node.dataset[field]).find(Boolean) ?? decodeURIComponent(node.pathname.slice("/clauses/".length));
  /* Clause id → the nodes that show it: one look at the page instead of three for each row. */
  function places() {
    const found = new Map();
    for (const node of all(PLACES)) {
      const id = idOf(node);
      found.get(id)?.push(node) ?? found.set(id, [node]);
    }
    return found;
  }
  function patchVerdict(cell, row, shows) {
    const turned = !cell.classList.contains(row.verdict);
    const glows = shows ? turned || cell.classList.contains("fresh") : false;
    cell.className = `verdict ${row.verdict}${glows ? " fresh" : ""}`;
    cell.title = row.reason;
    if (!cell.dataset.clause) { setText(cell, `${row.mark} ${row.word}`); return; }
    setText(cell.querySelector(".mark"), row.mark);
    setText(cell.querySelector("b"), row.word);
    for (const part of ["since", "due", "exception"]) setText(cell.querySelector(`.${part}`), row[part]);
  }
  function patch(row, nodes, shows) {
    for (const node of nodes) {
      if (node.dataset.value || node.dataset.reason) setText(node, node.dataset.value ? row.value : row.reason);
      else patchVerdict(node, row, shows);
    }
  }
  async function take(rows) {
    for (const row of rows) { pending.set(row.id, row); meanwhile.set(row.id, row); }
    if (isPatching) return;
    isPatching = true;
    while (pending.size) {
      const [now, found] = [[...pending.values()], places()];
      pending.clear();
      // Where everything glows, nothing stands out.
      const shows = now.length <= AT_ONCE;
      for (let at = 0; at < now.length; at += AT_ONCE) {
        // Before as well: what came in, and the look at the page, have their own turn.
        await painted();
        for (const row of now.slice(at, at + AT_ONCE)) patch(row, found.get(row.id) ?? [], shows);
      }
    }
    isPatching = false;
  }
  document.addEventListener("animationend", (event) => event.target.classList.remove("fresh"));
  // — rows of a long document, which are brief until the reader comes to them —
  const reached = new Set();
  const meanwhile = new Map();
  let isBringing = false;
  const watcher = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) reached[isIntersecting ? "add" : "delete"](target);
    bring();
  }, { rootMargin: "600px 0px" });
  async function bring() {
    if (isBringing) return;
    isBringing = true;
    while (reached.size) {
      const [group] = reached;
      reached.delete(group);
      meanwhile.clear();
      const answer = await fetch(`/rows/${body.dataset.digest}/${group.dataset.rows}`).catch(() => null);
      if (!answer || !answer.ok || answer.redirected) continue;
      put(group, await answer.text());
      // It may be newer than the answer.
      take([...meanwhile.values()]);
      await painted();
    }
    isBringing = false;
  }
  function put(group, markup) {
    const fresh = document.createElement("template");
    fresh.innerHTML = markup;
    const held = group.contains(document.activeElement) && document.activeElement.closest("tr");
    watcher.unobserve(group);
    group.replaceWith(fresh.content);
    if (chosen && !chosen.isConnected) choose(document.getElementById(chosen.id), { scroll: false });
    if (held) opener(document.getElementById(held.id))?.focus({ preventScroll: true });
  }
  let waiting = 0;
  function refreshFigures() {
    if (waiting || !document.getElementById("figures")) return;
    waiting = setTimeout(async () => {
      waiting = 0;
      const answer = await fetch("/figures").catch(() => null);
      if (!answer || !answer.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const id of ["figures", "troubles", "chores", "chapters", "drawn", "coming", "contents-lines", "today", "version", "changes"]) {
        const [old, next] = [document.getElementById(id), fresh.getElementById(id)];
        // A page without the overview may have a heading of that name.
        if (!old || !next || old.tagName !== next.tagName || old.innerHTML === next.innerHTML) continue;
        const held = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
        old.replaceChildren(...next.childNodes);
        // What the keyboard stood on stands there again.
        if (held) old.querySelector(`[href="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
        await painted();
      }
    }, 1500);
  }
  async function refreshSparks() {
    if (document.hidden || !document.querySelector("[data-spark]")) return;
    const answer = await fetch("/sparklines").catch(() => null);
    if (!answer || !answer.ok || answer.redirected) return;
    const { paths } = await answer.json();
    for (const svg of all("[data-spark]")) svg.firstElementChild.setAttribute("d", paths[svg.dataset.spark] ?? "");
  }
  function listen() {
    const stream = new EventSource(`/live?lang=${body.dataset.lang}&since=${body.dataset.revision}`);
    const cut = document.getElementById("cut");
    let overdue = 0;
    stream.addEventListener("open", () => { clearTimeout(overdue); if (cut) cut.hidden = true; body.dataset.live = "on"; });
    stream.addEventListener("error", () => {
      body.dataset.live = "off";
      // A short break mends itself; only a lasting one is worth a word.
      clearTimeout(overdue);
      overdue = setTimeout(() => { if (cut) cut.hidden = false; }, 3000);
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
    });
    stream.addEventListener("rows", (event) => {
      body.dataset.revision = event.lastEventId;
      take(JSON.parse(event.data));
      refreshFigures();
    });
    for (const name of ["acts", "open"]) stream.addEventListener(name, () => document.dispatchEvent(new Event("acts")));
    stream.addEventListener("document", (event) => {
      const banner = document.getElementById("renewed");
      if (banner && event.data) banner.hidden = event.data === body.dataset.digest;
      // A version that is refused, or waits, leaves the document in force as it is.
      refreshFigures();
    });
  }

  // — the drawer and the keyboard —
  const opener = (row) => row.querySelector(".opens, .entry, .verdict");
  const rows = () => all(".document .row, .document .whole, .found .row, .days .row").filter(opener);
  let chosen = null;
  function choose(row, { scroll = true } = {}) {
    if (chosen) chosen.classList.remove("chosen");
    chosen = row;
    row.classList.add("chosen");
    if (scroll) row.scrollIntoView({ block: "nearest" });
  }
  function move(step) {
    const found = rows();
    if (!found.length) return;
    const at = found.indexOf(chosen);
    const next = found[Math.max(0, Math.min(found.length - 1, at + step))];
    choose(next);
    opener(next).focus({ preventScroll: true });
  }
  function close() {
    const drawer = document.getElementById("drawer");
    if (!drawer) return;
    const held = drawer.contains(document.activeElement);
    drawer.classList.remove("open");
    if (held && chosen) opener(chosen)?.focus({ preventScroll: true });
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "Escape") { close(); if (typing) event.target.blur(); return; }
    if (typing) return;
    const acts = {
      "/": () => (document.querySelector('[data-key="/"]') || document.getElementById("search"))?.focus(),
      j: () => move(1),
      k: () => move(-1),
      "?": () => document.getElementById("keys")?.showModal(),
    };
    // What a page offers by a key besides: of the chosen row, else of the page itself.
    const offered = !acts[event.key] && `[data-key="${CSS.escape(event.key)}"]`;
    const button = offered && (chosen?.querySelector(offered) || document.querySelector(`.heading ${offered}`));
    if (button) acts[event.key] = () => button.click();
    if (acts[event.key]) { event.preventDefault(); acts[event.key](); }
  });
  document.addEventListener("click", (event) => {
    const row = event.target.closest(".row, .whole");
    if (!row || !document.getElementById("drawer") || event.target.closest("a:not(.verdict), button")) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || String(getSelection())) return;
    const verdict = event.target.closest(".verdict") || row.querySelector(".verdict");
    if (!verdict) return;
    event.preventDefault();
    // A row of the overview stands for the document's own.
    const own = all(".document .verdict").find((each) => each.pathname === verdict.pathname);
    const isOwn = Boolean(row.closest("main"));
    if (isOwn || own) choose(isOwn ? row : own.closest(".row, .whole"), { scroll: !isOwn });
    htmx.ajax("GET", verdict.getAttribute("href"), { target: "#drawer" });
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "drawer") return;
    const button = document.createElement("button");
    button.className = "close"; button.type = "button"; button.textContent = "×";
    button.addEventListener("click", close);
    event.target.prepend(button);
    event.target.classList.add("open");
    event.target.scrollTop = 0;
  });
  // — what a run writes: follow it unless the reader has scrolled back —
  const log = document.getElementById("log");
  if (log) {
    const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    let follows = true;
    log.scrollTop = log.scrollHeight;
    log.addEventListener("scroll", () => { follows = isAtEnd(); });
    new MutationObserver(() => { if (follows) log.scrollTop = log.scrollHeight; }).observe(log, { childList: true });
  }
  // A part that is fetched anew keeps the reader's row.
  for (const name of ["htmx:afterSettle", "followed"]) document.addEventListener(name, () => {
    const id = chosen && opener(chosen)?.id;
    const again = chosen?.isConnected ? chosen : id && document.getElementById(id)?.closest(".row");
    if (again) choose(again, { scroll: false });
  });

  // Whoever comes back to a row goes on from there.
  const before = document.getElementById(location.hash.slice(1));
  if (before?.matches(".opens") && before.closest(".row")) { choose(before.closest(".row")); before.focus(); }

  if (matchMedia("(max-width: 48rem)").matches) document.querySelector(".contents")?.removeAttribute("open");
  listen();
  for (const group of all(".later")) watcher.observe(group);
  setInterval(refreshSparks, 30000);
})();
