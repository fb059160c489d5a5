"""The surroundings of a real worker: hosts, healthy or not, a mail server, and a receiver of webhooks."""

import asyncio
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import override

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from tests.ports import free_port

DOCUMENT = """# 運用設計書

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Webサーバー | メモリ使用率 | 0-80% | 90% | 95% | {interval} |

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 開発担当者 | Webhook、メール | 即時 |
| 警告 (Warning) | 開発担当者 | Webhook、メール | 即時 |
"""
BINDINGS = """
[channels.hook]
kind = "webhook"
url = "env:HOOK_URL"
secret = "env:HOOK_SECRET"

[channels.mail]
kind = "email"
host = "127.0.0.1"
port = {smtp_port}
security = "none"
sender = "toban@example.com"

[people."開発担当者"]
name = "江藤 かい"
email = "kai@example.com"

[targets."Webサーバー"]
sources = [
{sources}
]
"""
EXPOSITION = "node_memory_MemTotal_bytes 100\nnode_memory_MemAvailable_bytes {free}\n"


@dataclass(frozen=True)
class Received:
    """A received notice: its channel, its key, and its text."""

    channel: str
    key: str
    text: str


@dataclass
class Surroundings:
    """Everything that a worker reaches; a test says what is broken or slow."""

    folder: Path
    hosts: tuple[str, ...]
    received: list[Received] = field(default_factory=list)
    is_refusing: bool = False
    """Whether the receiver of webhooks answers 503."""
    answers_mail: threading.Event = field(default_factory=threading.Event)
    """The mail server delays its answers to RCPT and DATA until this is set."""
    addresses: dict[str, int] = field(default_factory=dict)

    def breaks(self, *hosts: str) -> None:
        """Make *hosts* short of memory, marked by a file so that every process sees it."""
        for host in hosts:
            (self.folder / f"broken-{host}").touch()

    def mends(self, *hosts: str) -> None:
        """Make *hosts* healthy again."""
        for host in hosts:
            (self.folder / f"broken-{host}").unlink(missing_ok=True)

    def exposition(self, host: str) -> str:
        """Return the metrics of *host*."""
        return EXPOSITION.format(free=2 if (self.folder / f"broken-{host}").exists() else 50)

    def environment(self, database: Mapping[str, str], interval: str = "4秒") -> dict[str, str]:
        """Write document and bindings, and return the environment of a worker."""
        design, bindings = self.folder / "運用設計書.md", self.folder / "toban.toml"
        design.write_text(DOCUMENT.format(interval=interval), encoding="utf-8")
        http = self.addresses["http"]
        sources = "\n".join(
            f'  {{ kind = "prometheus", url = "http://127.0.0.1:{http}/{host}", instance = "{host}" }},'
            for host in self.hosts
        )
        written = BINDINGS.format(smtp_port=self.addresses["smtp"], sources=sources)
        bindings.write_text(written, encoding="utf-8")
        return {
            **database,
            "TOBAN_DESIGN": str(design),
            "TOBAN_BINDINGS": str(bindings),
            # Nothing listens there: alerts never wait for the store.
            "TOBAN_TELEMETRY_URL": "http://toban:x@127.0.0.1:9/toban",
            "HOOK_URL": f"http://127.0.0.1:{http}/hook",
            "HOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        }

    def told(self, channel: str, host: str, mark: str) -> bool:
        """Return whether a notice with *mark* (異常, 復旧) about *host* has arrived by *channel*."""
        return any(
            each.channel == channel and mark in each.text and re.search(rf"\b{host}\b", each.text)
            for each in list(self.received)
        )

    def all_told(self, mark: str, *hosts: str) -> bool:
        """Return whether both channels have received *mark* for all *hosts*."""
        return all(self.told(channel, host, mark) for channel in ("hook", "mail") for host in hosts)

    def doubled(self) -> Counter[str]:
        """Return the keys that arrived more than once by a channel, and how often."""
        counts = Counter(f"{each.channel} {each.key}" for each in self.received)
        return Counter({key: count for key, count in counts.items() if count > 1})

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's hook
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept a recipient, after the configured delay."""
        await self._answer_in_time()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Store the mail and accept it, after the configured delay."""
        await self._answer_in_time()
        content = envelope.original_content or b""
        message = message_from_bytes(content, _class=EmailMessage, policy=modern)
        key = str(message["Message-ID"]).strip("<>").partition("@")[0]
        body = message.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        self.received.append(Received("mail", key, f"{message['Subject']}\n{text}"))
        return "250 OK"

    async def _answer_in_time(self) -> None:
        await asyncio.to_thread(self.answers_mail.wait)


@contextmanager
def surroundings(folder: Path, *hosts: str) -> Iterator[Surroundings]:
    """Run hosts, mail server and receiver."""
    around = Surroundings(folder, hosts)
    around.answers_mail.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(200, around.exposition(self.path.strip("/")).encode())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if around.is_refusing:
                self._reply(503, b"")
                return
            text = json.dumps(body["data"], ensure_ascii=False)
            around.received.append(Received("hook", body["data"]["id"], text))
            self._reply(200, b"ok")

        def _reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
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
            """Ignore errors: a killed worker hangs up early."""

    port = free_port()
    controller = Controller(around, hostname="127.0.0.1", port=port)
    controller.start()
    with Server(("127.0.0.1", 0), Handler) as server:
        around.addresses = {"http": server.server_port, "smtp": port}
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield around
        finally:
            around.answers_mail.set()
            server.shutdown()
            thread.join()
            controller.stop()


def until(question: Callable[[], object]) -> None:
    """Wait until *question* returns true; the limit only matters if something is broken."""
    for _ in range(1800):
        if question():
            return
        time.sleep(0.1)
    pytest.fail("not within three minutes")
