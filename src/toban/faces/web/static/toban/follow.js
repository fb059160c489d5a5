// Lets a page with orders follow what others do, and keeps whatever its reader is typing.
(() => {
  "use strict";
  const EVERY = 3000;
  const CONTROL = "input:not([type=hidden]), select, textarea";
  // What fetches or draws its own content.
  const OWN = "[hx-get], [hx-preserve], [data-own], .chart";
  // A token lasts; and whoever answers for what was shown is told if that has changed since.
  const KEPT = ["csrfmiddlewaretoken", "shown"];
  const main = document.getElementById("main");
  const all = (selector, root) => [...root.querySelectorAll(selector)];
  const isElement = (node) => node.nodeType === Node.ELEMENT_NODE;

  // — what the reader has typed —
  const typed = new WeakSet();
  for (const name of ["input", "change"]) document.addEventListener(name, (event) => typed.add(event.target));
  // A page that refuses an order shows it again as it was typed.
  if (main.querySelector("[role=alert]")) {
    for (const each of all(CONTROL, main)) if (each.value && each.checkVisibility()) typed.add(each);
  }
  const isTyping = (control) => typed.has(control) || (control === document.activeElement && control.matches(CONTROL));
  const isHeld = (node) => isElement(node) && [node, ...all(CONTROL, node)].some(isTyping);

  // — the served page is put into the open one node by node, so that focus, selection and typing stay —
  const gone = new WeakSet();
  /* What tells an element from its siblings: for a form, its first act and what it is about. */
  function key(node) {
    if (!isElement(node)) return "";
    const name = node.id || node.getAttribute("aria-labelledby");
    if (name) return `${node.tagName} ${name}`;
    const form = node.matches("form, details, article, tr, li, .ask") && (node.matches("form") ? node : node.querySelector("form"));
    if (!form) return "";
    const about = all("input[type=hidden]", form).filter((each) => !KEPT.includes(each.name));
    const act = form.querySelector("button[name]");
    return [node.tagName, ...[...about, act].filter(Boolean).map((each) => `${each.name}=${each.value}`)].join(" ");
  }
  const isAlike = (old, next) => old.nodeType === next.nodeType && old.nodeName === next.nodeName && !key(old);
  function leave(node) {
    if (!isHeld(node)) { node.remove(); return; }
    // Its order is no longer possible; what was typed can still be read and copied.
    gone.add(node);
    for (const each of all("button", node)) each.disabled = true;
    const form = node.matches("form") ? node : node.querySelector("form") ?? node;
    form.prepend(document.getElementById("gone").content.cloneNode(true));
  }
  function put(old, next) {
    if (!isElement(old)) { if (old.data !== next.data) old.data = next.data; return; }
    if (old.isEqualNode(next) || old.matches(OWN)) return;
    if (old.matches("input, select, textarea")) {
      if (!KEPT.includes(old.name) && !(old.form ? isHeld(old.form) : isTyping(old))) old.replaceWith(next);
      return;
    }
    putAttributes(old, next);
    putChildren(old, next);
  }
  function putAttributes(old, next) {
    const names = new Set([...old.getAttributeNames(), ...next.getAttributeNames()]);
    names.delete("open");
    for (const name of names) {
      if (!next.hasAttribute(name)) old.removeAttribute(name);
      else if (old.getAttribute(name) !== next.getAttribute(name)) old.setAttribute(name, next.getAttribute(name));
    }
  }
  function putChildren(old, next) {
    const wanted = new Set([...next.childNodes].map(key));
    const settled = new Set([...old.childNodes].filter((each) => gone.has(each) || (isElement(each) && each.matches("[role=alert]"))));
    for (const each of [...old.childNodes]) {
      if (settled.has(each) || !key(each) || wanted.has(key(each))) continue;
      leave(each);
      settled.add(each);
    }
    let at = old.firstChild;
    const pass = () => { while (at && settled.has(at)) at = at.nextSibling; };
    for (const each of [...next.childNodes]) {
      pass();
      const name = key(each);
      const same = name
        ? [...old.children].find((one) => !settled.has(one) && key(one) === name)
        : at && isAlike(at, each) ? at : undefined;
      if (!same) { old.insertBefore(each, at); continue; }
      // A node that is moved loses its focus.
      if (same !== at && !isHeld(same)) old.insertBefore(same, at);
      if (same === at) at = at.nextSibling;
      settled.add(same);
      put(same, each);
    }
    for (pass(); at; pass()) {
      const each = at;
      at = at.nextSibling;
      leave(each);
    }
  }

  // — when —
  let asked = 0;
  let waiting = 0;
  let isLeaving = false;
  addEventListener("submit", (event) => { if (event.target.method === "post") isLeaving = true; });
  addEventListener("pageshow", () => { isLeaving = false; });
  const hasOrders = () => main.hasAttribute("data-follows") || main.querySelector("form[method=post]");
  function follow() {
    if (waiting || !hasOrders()) return;
    waiting = setTimeout(look, Math.max(0, asked + EVERY - Date.now()));
  }
  async function served() {
    // What the address asks for may have become impossible, and the page be there without it.
    for (const address of [location.href, location.pathname]) {
      const answer = await fetch(address, { headers: { Follows: "1" } }).catch(() => null);
      if (!answer || answer.redirected) return null;
      if (answer.ok) return answer.text();
    }
    return null;
  }
  async function look() {
    waiting = 0;
    if (document.hidden || isLeaving) return;
    asked = Date.now();
    const page = await served();
    const next = page && new DOMParser().parseFromString(page, "text/html").getElementById("main");
    if (!next || isLeaving) return;
    putChildren(main, next);
    htmx.process(main);
    document.dispatchEvent(new Event("followed"));
  }
  document.addEventListener("acts", follow);
  document.addEventListener("htmx:afterSwap", (event) => { if (event.target.id === "part") follow(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) follow(); });
  setInterval(follow, 60_000);
})();
