// Says how long the document is in view: the page visible, and its window the one that is used.
(() => {
  "use strict";
  const form = document.getElementById("in-view");
  if (!form) return;
  const [said, done] = [document.getElementById("reading-said"), document.getElementById("reading-done")];
  let [since, seconds] = [null, 0];
  const isSeen = () => document.visibilityState === "visible" && document.hasFocus();
  function count() {
    const now = performance.now();
    if (since !== null) seconds += (now - since) / 1000;
    since = isSeen() ? now : null;
  }
  async function tell() {
    count();
    if (seconds < 1) return;
    const sent = seconds;
    const body = new FormData(form);
    body.set("seconds", sent.toFixed(1));
    try {
      const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin", keepalive: true });
      if (!answer.ok) return;
      seconds -= sent;
      if ((await answer.text()) === "read") { said.hidden = true; done.hidden = false; }
    } catch { /* It is told the next time. */ }
  }
  for (const name of ["focus", "blur"]) window.addEventListener(name, count);
  document.addEventListener("visibilitychange", tell);
  count();
  setInterval(tell, 5000);
})();
