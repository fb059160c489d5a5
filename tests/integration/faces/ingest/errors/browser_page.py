"""A page of another application that loads Sentry's own browser SDK, as installed by npm."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from os import PathLike
from pathlib import Path
from threading import Thread
from typing import Any, override

SDK = Path(__file__).parents[5] / ".boot" / "sentry"
"""Where `./check` installs the packages of `browser_sdk/package-lock.json`."""

_CONDITIONS = ("browser", "production", "import", "default")
_PAGE = """<!doctype html><title>shop</title>
<script type="importmap">%(imports)s</script>
<script type="module">
import * as Sentry from "@sentry/browser";
Sentry.init({ dsn: "%(dsn)s", release: "web@2.0.0", environment: "production" });
Sentry.setUser({ id: "u-1" });
function total(cart) { return cart.items.length; }
addEventListener("error", () => Sentry.flush(10000).then((sent) => { window.sent = sent; }));
setTimeout(() => total(null));
</script>"""


@contextmanager
def shop_page(dsn: str) -> Iterator[str]:
    """Serve the page, which throws an uncaught error; `window.sent` then says whether it was reported."""
    page = (_PAGE % {"imports": json.dumps({"imports": _imports()}), "dsn": dsn}).encode()

    class Handler(SimpleHTTPRequestHandler):
        @override
        def guess_type(self, path: str | PathLike[str]) -> str:
            return "text/javascript" if str(path).endswith(".mjs") else super().guess_type(path)

        @override
        def do_GET(self) -> None:
            if self.path != "/cart":
                super().do_GET()
                return
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(SDK))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/cart"
        finally:
            server.shutdown()
            thread.join()


def _imports() -> Mapping[str, str]:
    """Return the path of each module by its import name."""
    found = {}
    for manifest in (SDK / "node_modules").rglob("package.json"):
        package = json.loads(manifest.read_text(encoding="utf-8"))
        for name, target in package.get("exports", {}).items():
            path = _chosen(target)
            if path.endswith((".js", ".mjs")):
                place = (manifest.parent / path).relative_to(SDK)
                found[f"{package['name']}{name.removeprefix('.')}"] = f"/{place}"
    return found


def _chosen(target: Any) -> str:
    """Return the file of an export like a bundler for browsers would choose it."""
    while isinstance(target, dict):
        target = next((target[each] for each in _CONDITIONS if each in target), "")
    return str(target)
