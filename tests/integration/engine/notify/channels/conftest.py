"""Real receivers on loopback: an HTTP server and an SMTP server that misbehave as a test asks."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from toban.design.values.severity import AlertLevel
from toban.engine.notify.delivery.notice import Notice, NoticeKind


@pytest.fixture
def notice() -> Notice:
    return Notice(
        key="0a1b2c",
        alert_key="alert-1",
        kind=NoticeKind.FIRING,
        level=AlertLevel.CRITICAL,
        title="■ 異常: DB CPU使用率 92%",
        facts=(("測定値", "92%"),),
        citation="運用設計書.md:34",
        clause_text="DB | CPU使用率",
        subject="DB CPU使用率",
        began_at=datetime(2026, 4, 1, 11, 59, tzinfo=UTC),
        at=datetime(2026, 4, 1, 12, tzinfo=UTC),
    )


@dataclass
class Asked:
    """A request that was received."""

    path: str
    body: bytes
    headers: dict[str, str]


class _Handler(BaseHTTPRequestHandler):
    server: "HttpReceiver"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        asked = Asked(self.path, body, {name.lower(): value for name, value in self.headers.items()})
        self.server.asked.append(asked)
        self.server.answer(self, asked)

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class' own name
        """Write no log."""


class HttpReceiver(ThreadingHTTPServer):
    """Answers POST with `answer`; `released` ends requests that keep a client waiting."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[Asked] = []
        self.released = threading.Event()
        self.answer: Callable[[_Handler, Asked], None] = lambda handler, _asked: handler.reply(200, b"ok")

    def answers(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.answer = lambda handler, _asked: handler.reply(status, body, **headers)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that hang up early: some tests are about them."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def http() -> Iterator[HttpReceiver]:
    server = HttpReceiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Mailbox:
    """The behaviour of an SMTP server; a test can choose every reply that is not a success."""

    username: str = ""
    password: str = ""
    greets: bool = True
    login_reply: str = ""
    recipient_reply: str = ""
    data_reply: str = ""
    logins: list[str] = field(default_factory=list)
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    def login(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, auth: object
    ) -> AuthResult:
        if self.login_reply:
            return AuthResult(success=False, handled=False, message=self.login_reply)
        username, password = getattr(auth, "login", b"").decode(), getattr(auth, "password", b"").decode()
        is_known = (username, password) == (self.username, self.password)
        if is_known:
            self.logins.append(username)
        return AuthResult(success=is_known)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's own name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.recipient_reply:
            return self.recipient_reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data_reply:
            return self.data_reply
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append((envelope.rcpt_tos[0], mail))
        assert server.transport is not None
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 queued"


class _Silent(asyncio.Protocol):
    """Accepts the connection and never answers."""

    transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport


class SmtpReceiver:
    """An SMTP server in its own thread, on a free loopback port."""

    def __init__(
        self, mailbox: Mailbox, *, starttls: ssl.SSLContext | None, tls: ssl.SSLContext | None
    ) -> None:
        self.mailbox = mailbox
        self._talking: list[SMTP | _Silent] = []
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            self._loop.create_server(lambda: self._protocol(starttls), "127.0.0.1", 0, ssl=tls)
        )
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def _protocol(self, starttls: ssl.SSLContext | None) -> SMTP | _Silent:
        talk = self._smtp(starttls) if self.mailbox.greets else _Silent()
        self._talking.append(talk)
        return talk

    def _smtp(self, starttls: ssl.SSLContext | None) -> SMTP:
        return SMTP(
            self.mailbox,
            hostname="mail.test",
            ident="test",
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=self.mailbox.login,
            auth_required=starttls is not None and bool(self.mailbox.username),
            auth_require_tls=starttls is not None,
            loop=self._loop,
        )

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        for talk in self._talking:
            if talk.transport is not None:
                talk.transport.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def certificate(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """Return a server's TLS context with a certificate of *authority* for *names*."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return context


type StartSmtp = Callable[..., SmtpReceiver]


@pytest.fixture
def start_smtp(authority: trustme.CA) -> Iterator[StartSmtp]:
    """Return a function that starts an SMTP server: `security` as in the channel's config."""
    started: list[SmtpReceiver] = []

    def start(
        mailbox: Mailbox, security: str = "starttls", names: tuple[str, ...] = ("127.0.0.1",)
    ) -> SmtpReceiver:
        context = certificate(authority, *names)
        receiver = SmtpReceiver(
            mailbox,
            starttls=context if security == "starttls" else None,
            tls=context if security == "tls" else None,
        )
        started.append(receiver)
        return receiver

    yield start
    for receiver in started:
        receiver.close()


@pytest.fixture
def mailbox_type() -> type[Mailbox]:
    return Mailbox
