"""The parts of a watched system, each of which a test can break and mend."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self, override

import httpx
from aiosmtpd.controller import Controller
from tests.e2e.running import Mailbox
from tests.ports import free_port

MEMORY = "node_memory_MemTotal_bytes 100\nnode_memory_MemAvailable_bytes 50\n"
"""An exposition of a host that uses half of its memory."""


class Site:
    """A web server that is well, answers with errors, hangs, or is gone; always on the same port."""

    def __init__(self, body: str = "ok") -> None:
        self.port, self.body = free_port(), body
        self.status = 200
        self.answers = threading.Event()
        self.answers.set()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """The page that is watched."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> Self:
        """Listen."""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.answers.wait()
                body = site.body.encode()
                self.send_response(site.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            @override
            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            @override
            def handle_error(self, request: object, client_address: object) -> None:
                """Ignore clients that do not wait for the answer."""

        self._server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        return self

    def stop(self) -> None:
        """Refuse connections."""
        self.answers.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class Mail(Mailbox):
    """An SMTP server that can refuse connections for a while; always on the same port."""

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()
        self._controller: Controller | None = None

    def start(self) -> Self:
        """Accept mail."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()
        return self

    def stop(self) -> None:
        """Refuse connections."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def doubled(self) -> int:
        """How many mails came more than once."""
        return len(self.texts) - len(set(self.texts))


class Program:
    """A process beside Toban, killed without warning; its output is added to a file."""

    def __init__(
        self, command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command, self._log = list(map(str, command)), log
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start the process."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )
        return self

    @property
    def pid(self) -> int:
        """The number of its process, as it runs now."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)


def agent(url: str, instance: str, token: Path, spool: Path, every: float) -> Program:
    """Return a `toban agent` that reports this machine as *instance*."""
    options = ["--url", url, "--instance", instance, "--spool", str(spool), "--every", str(every)]
    command = [sys.executable, "-m", "toban", "agent", "--token-file", str(token), *options]
    return Program(command, spool.with_suffix(".log"), {"NO_PROXY": "127.0.0.1"})


def prometheus(url: str, scraped: Site, instance: str, token: Path, folder: Path) -> Program:
    """Return a Prometheus that scrapes *scraped* as *instance* and writes it on to *url*."""
    folder.mkdir()
    (folder / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 2s}}
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ["127.0.0.1:{scraped.port}"], labels: {{instance: {instance}}}}}]
remote_write:
  - url: {url}/api/v1/write
    authorization: {{credentials_file: {token}}}
    queue_config: {{batch_send_deadline: 1s}}
""")
    return Program(
        ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
         f"--web.listen-address=127.0.0.1:{free_port()}"],
        folder / "log",
    )  # fmt: skip


class Pinger:
    """A job elsewhere that reports every minute like `curl --retry`; while it is stuck it reports nothing."""

    def __init__(self, ping: str) -> None:
        self._ping = ping
        self._ended = threading.Event()
        self.is_stuck = False
        self._thread = threading.Thread(target=self._run)

    def start(self) -> Self:
        """Report from the next full minute on."""
        self._thread.start()
        return self

    def _run(self) -> None:
        while not self._ended.wait(61 - time.time() % 60):
            for _ in range(5):
                with suppress(httpx.HTTPError):
                    if self.is_stuck or httpx.get(self._ping, timeout=10).is_success:
                        break
                time.sleep(1)

    def end(self) -> None:
        """Report no more."""
        self._ended.set()
        self._thread.join()
