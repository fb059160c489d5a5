"""The shop's front: pages for people, made from the API's answers. `python front.py PORT`.

SHOP_API_URL names the API; if it is down, customers get an honest 503 page. SHOP_LOCK is the file that the
shop's machine holds while it is on; `reports.py` says where logs, errors and traces go. Needs nothing but
Python: several of it run.
"""

import fcntl
import json
import os
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, override
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pages
from reports import LABEL, Visit, keep_reporting

REQUESTS: Counter[tuple[str, int]] = Counter()
UNCOUNTED = ("/metrics", "/healthz", "/version")
"""A monitor's own requests say nothing about how customers are served."""
BEGAN = time.monotonic()


class ApiAway(Exception):
    """The API does not answer, or can't take this."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the API answers {code}" if code else "the API does not answer")
        self.code = code or 503


def ask(visit: Visit, path: str, body: object = None) -> Any:
    """Ask the API; raise `ApiAway` unless it answers well."""
    content = None if body is None else json.dumps(body).encode()
    try:
        where, told = os.environ["SHOP_API_URL"] + path, {"content-type": "application/json", **visit.headers}
        with urlopen(Request(where, content, told), timeout=5) as answer:  # noqa: S310 - the shop's own API
            return json.load(answer)
    except (OSError, HTTPException, ValueError) as error:
        raise ApiAway(error.code if isinstance(error, HTTPError) else 0) from error


class Front(BaseHTTPRequestHandler):
    """One customer's request."""

    protocol_version = "HTTP/1.1"

    @override
    def parse_request(self) -> bool:
        """Note when it came."""
        self.visit = Visit(self.client_address[0])
        return super().parse_request()

    def do_GET(self) -> None:
        """Show the shelves or an order; say how this instance is."""
        path = self.path.partition("?")[0]
        if path == "/":
            self.page(lambda: pages.shelves(ask(self.visit, "/products")))
        elif path.startswith("/orders/") and path[8:].isdecimal():
            self.page(lambda: pages.order(ask(self.visit, path)))
        elif path == "/healthz":
            trouble = pages.trouble()
            self.answer(500 if trouble else 200, f"{trouble or 'ok'}\n", "text/plain")
        elif path == "/version":
            self.answer(200, f"{LABEL}\n", "text/plain")
        elif path == "/metrics":
            self.answer(200, exposition(), "text/plain; version=0.0.4")
        else:
            self.answer(404, "")

    def do_POST(self) -> None:
        """Order one of a product for the first customer, then show the order."""
        self.rfile.read(int(self.headers.get("content-length") or 0))
        product = self.path.removeprefix("/buy/")
        if not product.isdecimal():
            self.answer(404, "")
            return
        wish = {"customer": 1, "product": int(product), "quantity": 1}
        self.page(lambda: ask(self.visit, "/orders", wish), moved=True)

    def page(self, made: Any, *, moved: bool = False) -> None:
        """Answer with a page, or lead on to the new order."""
        try:
            found = made()
        except ApiAway as away:
            if away.code != 404:
                self.visit.failed(away, f"{self.command} {self.path}: {away}")
            self.answer(404 if away.code == 404 else 503, pages.away())
        except pages.Broken as broken:
            self.visit.failed(broken, f"{self.command} {self.path}: {broken}")
            self.answer(500, pages.sorry(str(broken)))
        else:
            self.answer(
                303 if moved else 200, "" if moved else found, to=f"/orders/{found['id']}" if moved else ""
            )

    def answer(self, status: int, text: str, kind: str = "text/html; charset=utf-8", to: str = "") -> None:
        """Send it, count it and log it."""
        content = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        if to:
            self.send_header("location", to)
        self.end_headers()
        self.wfile.write(content)
        if self.path not in UNCOUNTED:
            REQUESTS[self.command, status] += 1
            self.visit.answered(self.requestline, status, len(content))

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Only answers are logged, in the access log."""


def exposition() -> str:
    """Return the requests, and the host's numbers by node_exporter's names and units.

    The shop's web servers are processes here: each has one core of its own, of which it uses what the process
    does. Otherwise one more of them would relieve nobody.
    """
    lines = [f'http_requests_total{{method="{method}",code="{code}"}} {count}'
             for (method, code), count in sorted(REQUESTS.items())]  # fmt: skip
    user, system, *_ = os.times()
    idle = max(time.monotonic() - BEGAN - user - system, 0)
    lines += [f'node_cpu_seconds_total{{cpu="0",mode="{mode}"}} {seconds}'
              for mode, seconds in (("user", user), ("system", system), ("idle", idle))]  # fmt: skip
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if name in ("MemTotal", "MemFree", "MemAvailable"):
            lines.append(f"node_memory_{name}_bytes {int(rest.split()[0]) * 1024}")
    disk = os.statvfs("/")
    place = '{device="root",mountpoint="/",fstype="any"}'
    lines.append(f"node_filesystem_size_bytes{place} {disk.f_blocks * disk.f_frsize}")
    lines.append(f"node_filesystem_avail_bytes{place} {disk.f_bavail * disk.f_frsize}")
    lines.append(f"node_load1 {os.getloadavg()[0]}")
    return "".join(f"{line}\n" for line in lines)


def end_with_the_machine() -> None:
    """End this process when the shop's machine is switched off: nobody holds its lock any more."""
    lock = os.environ.get("SHOP_LOCK")
    while lock:
        time.sleep(1)
        with suppress(OSError), Path(lock).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            os._exit(0)


class Server(ThreadingHTTPServer):
    """A thread for each connection."""

    daemon_threads = True
    request_queue_size = 128

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """A customer who goes away in the middle is no error of the shop's."""


if __name__ == "__main__":
    threading.Thread(target=end_with_the_machine, daemon=True).start()
    threading.Thread(target=keep_reporting, daemon=True).start()
    Server(("127.0.0.1", int(sys.argv[1])), Front).serve_forever()
