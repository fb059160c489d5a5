// Puts log rows on top of the list as they come in, until it is paused. The page searches without it.
(() => {
  "use strict";
  const [button, rows, said] = ["tail", "rows", "tail-said"].map((id) => document.getElementById(id));
  if (matchMedia("(max-width: 48rem)").matches) document.querySelector(".facets")?.removeAttribute("open");
  if (!button || !rows) return;
  const MOST = 500;
  const start = button.textContent;
  let stream = null;

  const say = (what) => { said.textContent = said.dataset[what] || ""; said.hidden = !said.textContent; };
  function put(markup) {
    const fresh = document.createElement("template");
    fresh.innerHTML = markup;
    // After a break the stream begins again a little earlier.
    const news = [...fresh.content.querySelectorAll("tr")].filter((row) => !document.getElementById(row.querySelector(".opens").id));
    for (const row of news) row.classList.add("fresh");
    rows.prepend(...news);
    if (news.length) document.getElementById("no-rows")?.remove();
    while (rows.rows.length > MOST) rows.lastElementChild.remove();
  }
  function pause(word = "") {
    stream?.close();
    stream = null;
    button.textContent = start;
    button.setAttribute("aria-pressed", "false");
    say(word);
  }
  function follow() {
    const query = new URL(rows.dataset.tail, location.href).searchParams;
    query.set("since", rows.dataset.since);
    query.set("lang", document.body.dataset.lang);
    stream = new EventSource(`/live/logs?${query}`);
    button.textContent = button.dataset.stop;
    button.setAttribute("aria-pressed", "true");
    say("on");
    stream.addEventListener("rows", (event) => { if (said.textContent === said.dataset.away) say("on"); put(JSON.parse(event.data)); });
    stream.addEventListener("skipped", () => say("skipped"));
    stream.addEventListener("away", () => say("away"));
    stream.addEventListener("error", () => { if (stream?.readyState === EventSource.CLOSED) pause("refused"); });
  }
  button.hidden = false;
  button.addEventListener("click", () => (stream ? pause() : follow()));
  addEventListener("pagehide", () => pause());
})();
