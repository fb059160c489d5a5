"""A running `toban up`, watched from outside, and the receivers of its notices."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, override

import clickhouse_connect
import psutil
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from tests.forking import run
from tests.ports import free_port

from toban.engine.supervision.home import in_force_folder

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "examples" / "webshop"

CHANNELS = """
[channels.slack]
kind = "slack"
webhook = "env:SHOP_SLACK_WEBHOOK"

[channels.mail]
kind = "email"
host = "127.0.0.1"
port = {smtp_port}
security = "none"
sender = "toban@example.com"
"""
"""The receivers of the tests; `smtp_port` is to be filled in."""
PEOPLE_AND_CHANNELS = f"""{CHANNELS}
[people."運用責任者"]
name = "上原 なみ"
email = "nami@example.com"
slack = "U0NAMI"
account = "admin"

[people."開発担当者"]
name = "江藤 かい"
email = "kai@example.com"
slack = "U0KAI"
account = "admin"
language = "en"
"""


def wait_for[T](
    question: Callable[[], T], *, within: float = 60, lacks: Callable[[], object] = lambda: ""
) -> T:
    """Ask until the answer is true and return it; fail after *within* seconds, with what it *lacks*."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if answer := question():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"not within {within} s {lacks()}")


@dataclass
class Inbox:
    """The texts received so far."""

    texts: list[str] = field(default_factory=list)

    def with_words(self, *words: str) -> list[str]:
        """Return the messages that contain all *words*."""
        return [text for text in self.texts if all(word in text for word in words)]


@dataclass
class Mailbox(Inbox):
    """Accept mail like an SMTP server; its texts are subject and body."""

    recipients: list[str] = field(default_factory=list)
    """Whom each of the mails is for."""

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Store the mail and accept it (aiosmtpd's hook)."""
        message = message_from_bytes(envelope.original_content or b"", _class=EmailMessage, policy=modern)
        body = message.get_body(("plain",))
        self.recipients.append(", ".join(envelope.rcpt_tos))
        self.texts.append(f"{message['Subject']}\n{body.get_content() if body else ''}")
        return "250 OK"


@contextmanager
def slack_receiver() -> Iterator[tuple[Inbox, str]]:
    """Receive posts to Slack's incoming webhooks; yields the inbox and the webhook's URL."""
    inbox = Inbox()

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            inbox.texts.append(json.dumps(json.loads(body), ensure_ascii=False))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Webhook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield inbox, f"http://127.0.0.1:{server.server_port}/services/T0/B0/shop"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def mail_server() -> Iterator[tuple[Mailbox, int]]:
    """Run a real SMTP server; yields the inbox and the port."""
    mailbox = Mailbox()
    port = free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield mailbox, port
    finally:
        controller.stop()


@contextmanager
def enterable_folder() -> Iterator[Path]:
    """Create a temporary folder that the shop's PostgreSQL can enter under another account."""
    place = Path(tempfile.mkdtemp(prefix="toban-e2e-"))
    place.chmod(0o711)
    try:
        yield place
    finally:
        shutil.rmtree(place)


def shop_bindings(folder: Path, *, smtp_port: int) -> Path:
    """Write the shop's bindings with people, Slack and the mail server at *smtp_port*; return the file."""
    path = folder / "toban.toml"
    written = (SHOP / "toban.toml").read_text(encoding="utf-8")
    written = without(written, "people", "channels")
    path.write_text(written + PEOPLE_AND_CHANNELS.format(smtp_port=smtp_port), encoding="utf-8")
    return path


def without(written: str, *tables: str) -> str:
    """Return the shop's bindings without its own entries of *tables*: a test brings others."""
    return re.sub(rf"\n\[(?:{'|'.join(tables)})\.[^]]+\]\n(?:\w.*\n)+", "\n", written)


class Toban:
    """A running `toban up`, started, watched and killed from outside like an operator would do it."""

    def __init__(
        self,
        home: Path,
        bindings: Path,
        *,
        slack: str = "",
        design: Path | None = None,
        port: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Run *design*, or the demo shop if there is none; *port* 0 is a free one at each start."""
        self.home = home
        self._port = port
        self._files = ["--bindings", str(bindings), *(["--design", str(design)] if design else [])]
        self._environment = {
            **os.environ,
            "SHOP_SLACK_WEBHOOK": slack,
            "TMPDIR": str(home.parent),
            "NO_COLOR": "1",
            **(environment or {}),
        }
        self._process: subprocess.Popen[str] | None = None
        self.said: list[str] = []
        self._listener: threading.Thread | None = None

    def start(self) -> None:
        """Start `toban up` and wait until every process is ready, and its document in force."""
        command = ["up", "--home", str(self.home), "--port", str(self._port), *self._files]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "toban", *command],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen, args=(self._process,))
        self._listener.start()
        wait_for(self.is_ready, within=120)
        # The worker is ready before it has read the document, and commands know what it has kept.
        wait_for((in_force_folder(self.home) / "toban.toml").exists, within=120)

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.said.append(line)
            sys.stdout.write(line)  # pytest shows it with a failure

    @property
    def process(self) -> "subprocess.Popen[str]":
        """The process of `toban up` itself."""
        if self._process is None:
            raise RuntimeError("not started")
        return self._process

    def is_ready(self) -> bool:
        """Return whether all processes are ready; fail at once if `toban up` has given up."""
        assert self.process.poll() is None, "".join(self.said)
        shown = self._shown()
        return shown.get("supervisor") == self.process.pid and all(
            each["phase"] == "ready" for each in shown["processes"]
        )

    def _shown(self) -> dict[str, Any]:
        try:
            shown: dict[str, Any] = json.loads((self.home / "processes.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return shown

    @property
    def url(self) -> str:
        """The URL of the page."""
        return str(self._shown()["url"])

    @property
    def one_time_password(self) -> str:
        """The first administrator's printed password."""
        found = re.search(r"(?:一度だけ使えるパスワード|One-time password): (\S+)", "".join(self.said))
        assert found is not None, "".join(self.said)
        return found[1]

    def child(self, name: str) -> dict[str, Any]:
        """Return the shown status of the process *name*."""
        return next(each for each in self._shown()["processes"] if each["name"] == name)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of other commands on this home."""
        return {**self._environment, "TOBAN_HOME": str(self.home)}

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run another `toban` command on this home, as a fork: an eighth of a Python of its own."""
        return run(["-m", "toban", *arguments], env=self.environment)

    def state(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of *query* on the state database, while the processes run."""
        with closing(sqlite3.connect(f"file:{self.home / 'state.sqlite3'}?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()

    def telemetry(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of *query* on the telemetry store, as the worker reaches it."""
        url = psutil.Process(self.child("worker")["pid"]).environ()["TOBAN_TELEMETRY_URL"]
        with closing(clickhouse_connect.get_client(dsn=url)) as client:
            return [tuple(row) for row in client.query(query).result_rows]

    def kill(self) -> None:
        """kill -9 only `toban up` itself."""
        self.process.kill()
        self._ended()

    def stop(self) -> int:
        """Ask `toban up` to stop and return its exit status; a hang is a failure."""
        self.process.terminate()
        return self._ended()

    def _ended(self) -> int:
        status = self.process.wait(timeout=15)
        if self._listener is not None:
            self._listener.join()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status

    def leave(self) -> None:
        """Clean up, whatever the tests have done."""
        if self._process is not None and self._process.poll() is None:
            self.stop()
        # What was released goes on without Toban: in a test, nobody would ever end it.
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if Path(process.cwd()).is_relative_to(self.home):
                    process.kill()
