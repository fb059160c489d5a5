"""What every registered channel must do when its receiver misbehaves. A new kind adds its `Rig` here."""

import logging
import socket
import traceback
from collections.abc import Callable
from typing import Any, Protocol

import pytest

from toban.engine.bindings.secret import Secret
from toban.engine.notify.delivery.channel import Channel, Undelivered, load_transports
from toban.engine.notify.delivery.notice import Notice
from toban.wiring import CHANNELS

SECRET = "T0SECRET0000/B0SECRET0000/very-secret-indeed"
PATIENCE = 2.0
"""Seconds for an answer: a busy machine needs some, and of each channel a test waits them out."""
ADDRESS = "dev@shop.example"

type Fixtures = Callable[[str], Any]


class Rig(Protocol):
    """A kind of channel set up against a receiver that misbehaves in the ways all receivers do."""

    channel: Channel

    def works(self) -> None: ...
    def is_silent(self) -> None: ...
    def rejects_the_secret(self) -> None: ...
    def knows_no_such_place(self) -> None: ...
    def asks_to_wait(self) -> float | None:
        """Return the wait in seconds, where the protocol can tell one."""

    def is_broken(self) -> None: ...
    def points_elsewhere(self) -> None: ...


class HttpRig:
    """A channel over HTTP; every answer quotes the request, as careless servers do."""

    def __init__(self, kind: str, fixtures: Fixtures, accepted: tuple[int, bytes]) -> None:
        self._http = fixtures("http")
        self._accepted = accepted
        url = self._http.url
        written = {
            "slack": {"webhook": Secret("env:THE_SECRET"), "timeout": PATIENCE},
            "apprise": {"url": Secret("env:THE_SECRET"), "answers_to": "LINE", "timeout": PATIENCE},
            "slack_app": {
                "token": Secret("env:THE_SECRET"),
                "signing_secret": Secret("env:THE_SECRET"),
                "channel": "#ops",
                "url": f"{url}/api/chat.postMessage",
                "timeout": PATIENCE,
            },
            "pagerduty": {
                "routing_key": Secret("env:THE_SECRET"),
                "url": f"{url}/v2/enqueue",
                "timeout": PATIENCE,
            },
            "teams": {"webhook": Secret("env:THE_SECRET"), "timeout": PATIENCE},
            "alertmanager": {
                "url": Secret("env:THE_SECRET"),
                "token": Secret("env:THE_SECRET"),
                "timeout": PATIENCE,
            },
            "webhook": {
                "url": Secret("env:THE_SECRET"),
                "secret": Secret("env:THE_SECRET"),
                "timeout": PATIENCE,
            },
        }[kind]
        # The secret of a webhook is its URL.
        revealed = {
            "slack": f"{url}/services/{SECRET}",
            "apprise": f"{url.replace('http://', 'json://')}/{SECRET}",
            "teams": f"{url}/triggers/manual?sig={SECRET}",
            "webhook": f"{url}/hooks/{SECRET}",
            "alertmanager": f"{url}/alerts/{SECRET}",
        }
        fixtures("monkeypatch").setenv("THE_SECRET", revealed.get(kind, SECRET))
        transport = load_transports(CHANNELS)[kind]
        self.channel = transport.build(transport.config.model_validate(written))

    def works(self) -> None:
        self._http.answers(*self._accepted)

    def is_silent(self) -> None:
        self._http.answer = lambda _handler, _asked: self._http.released.wait()

    def rejects_the_secret(self) -> None:
        self._quoting(401)

    def knows_no_such_place(self) -> None:
        self._quoting(404)

    def asks_to_wait(self) -> float | None:
        self._quoting(429, retry_after="17")
        return 17.0

    def is_broken(self) -> None:
        self._quoting(500)

    def points_elsewhere(self) -> None:
        self._quoting(307, location=f"{self._http.url}/elsewhere")

    def followed(self) -> bool:
        return any(asked.path == "/elsewhere" for asked in self._http.asked)

    def _quoting(self, status: int, **headers: str) -> None:
        self._http.answer = lambda handler, asked: handler.reply(
            status, f"{asked.path} was not taken: ".encode() + asked.body, **headers
        )


class AppriseRig(HttpRig):
    """Any service by Apprise, which keeps to itself how long it was asked to wait."""

    def __init__(self, fixtures: Fixtures) -> None:
        super().__init__("apprise", fixtures, (200, b""))

    def asks_to_wait(self) -> float | None:
        self._quoting(429, retry_after="17")
        return None


class SmtpRig:
    """Mail; the same misfortunes in SMTP's words."""

    def __init__(self, fixtures: Fixtures) -> None:
        fixtures("monkeypatch").setenv("THE_SECRET", SECRET)
        self._mailbox = fixtures("mailbox_type")(username="toban", password=SECRET)
        server = fixtures("start_smtp")(self._mailbox)
        transport = load_transports(CHANNELS)["email"]
        written = {
            "host": "127.0.0.1",
            "port": server.port,
            "sender": "toban@shop.example",
            "username": "toban",
            "password": Secret("env:THE_SECRET"),
            "ca_file": fixtures("ca_file"),
            "timeout": PATIENCE,
        }
        self.channel = transport.build(transport.config.model_validate(written))

    def works(self) -> None:
        """It does until told otherwise."""

    def is_silent(self) -> None:
        self._mailbox.greets = False

    def rejects_the_secret(self) -> None:
        self._mailbox.login_reply = f"535 5.7.8 {SECRET} is not the password"

    def knows_no_such_place(self) -> None:
        self._mailbox.recipient_reply = f"550 5.1.1 no such user ({SECRET})"

    def asks_to_wait(self) -> None:
        self._mailbox.recipient_reply = "450 4.7.0 too many messages, come again later"

    def is_broken(self) -> None:
        self._mailbox.data_reply = "451 4.3.0 internal error"

    def points_elsewhere(self) -> None:
        self._mailbox.recipient_reply = "551 5.1.6 try <dev@elsewhere.example>"

    def followed(self) -> bool:
        return bool(self._mailbox.mails)


RIGS: dict[str, Callable[[Fixtures], Any]] = {
    "slack": lambda fixtures: HttpRig("slack", fixtures, (200, b"ok")),
    "slack_app": lambda fixtures: HttpRig("slack_app", fixtures, (200, b'{"ok": true, "ts": "1.2"}')),
    "apprise": AppriseRig,
    "pagerduty": lambda fixtures: HttpRig("pagerduty", fixtures, (202, b'{"dedup_key": "alert-1"}')),
    "email": SmtpRig,
    "teams": lambda fixtures: HttpRig("teams", fixtures, (202, b"")),
    "alertmanager": lambda fixtures: HttpRig("alertmanager", fixtures, (200, b"")),
    "webhook": lambda fixtures: HttpRig("webhook", fixtures, (204, b"")),
}


@pytest.fixture(params=sorted(CHANNELS))
def rig(request: pytest.FixtureRequest) -> Any:
    return RIGS[request.param](request.getfixturevalue)


@pytest.fixture(autouse=True)
def nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Any:
    """Whatever a test does, at the most talkative level no log line may hold the secret."""
    caplog.set_level(logging.DEBUG)
    yield
    told = [each.getMessage() for each in caplog.get_records("call") if _is_of_the_sender(each.name)]
    assert "very-secret-indeed" not in "\n".join(told)


def _is_of_the_sender(name: str) -> bool:
    """Whether a log would show what the logger called *name* says, and it is not the test's mail server."""
    logger: logging.Logger | None = logging.getLogger(name)
    while logger is not None and logger.propagate and logger.parent is not None:
        logger = logger.parent
    return logger is logging.getLogger() and name != "mail.log"


def failure(rig: Any, notice: Notice) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        rig.channel.send(notice, ADDRESS)
    # What a log would show of it, causes and all.
    assert "very-secret-indeed" not in "".join(traceback.format_exception(caught.value))
    return caught.value


def test_a_notice_is_delivered_with_a_receipt(rig: Any, notice: Notice) -> None:
    rig.works()

    assert rig.channel.send(notice, ADDRESS)


def test_silence_is_a_passing_failure(rig: Any, notice: Notice) -> None:
    rig.is_silent()

    assert failure(rig, notice).retry


def test_a_rejected_secret_is_permanent(rig: Any, notice: Notice) -> None:
    rig.rejects_the_secret()

    assert not failure(rig, notice).retry


def test_an_unknown_place_is_permanent(rig: Any, notice: Notice) -> None:
    rig.knows_no_such_place()

    assert not failure(rig, notice).retry


def test_a_receiver_that_asks_to_wait_is_asked_again_after_that_wait(rig: Any, notice: Notice) -> None:
    wait = rig.asks_to_wait()

    refused = failure(rig, notice)

    assert refused.retry
    assert refused.after == wait


def test_a_broken_receiver_is_a_passing_failure(rig: Any, notice: Notice) -> None:
    rig.is_broken()

    assert failure(rig, notice).retry


def test_a_notice_does_not_follow_where_a_receiver_points(rig: Any, notice: Notice) -> None:
    rig.points_elsewhere()

    assert not failure(rig, notice).retry
    assert not rig.followed()


@pytest.mark.parametrize("kind", sorted(CHANNELS))
def test_a_refused_connection_is_a_passing_failure(
    kind: str, notice: Notice, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as held:
        # Bound but not listening: nobody else can take the port, and nobody answers there.
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        scheme = "json" if kind == "apprise" else "http"
        monkeypatch.setenv("THE_SECRET", f"{scheme}://127.0.0.1:{port}/services/{SECRET}")
        written: dict[str, dict[str, object]] = {
            "slack": {"webhook": Secret("env:THE_SECRET")},
            "slack_app": {
                "token": Secret("env:THE_SECRET"),
                "signing_secret": Secret("env:THE_SECRET"),
                "channel": "#ops",
                "url": f"http://127.0.0.1:{port}/",
            },
            "pagerduty": {"routing_key": Secret("env:THE_SECRET"), "url": f"http://127.0.0.1:{port}/"},
            "apprise": {"url": Secret("env:THE_SECRET"), "answers_to": "LINE"},
            "teams": {"webhook": Secret("env:THE_SECRET")},
            "alertmanager": {"url": Secret("env:THE_SECRET")},
            "webhook": {"url": Secret("env:THE_SECRET"), "secret": Secret("env:THE_SECRET")},
            "email": {"host": "127.0.0.1", "port": port, "sender": "toban@shop.example"},
        }
        transport = load_transports(CHANNELS)[kind]
        channel = transport.build(transport.config.model_validate(written[kind]))

        with pytest.raises(Undelivered, match="接続できません") as caught:
            channel.send(notice, ADDRESS)

    assert caught.value.retry
    assert "very-secret-indeed" not in str(caught.value)


def test_every_registered_channel_is_tried_here() -> None:
    assert set(RIGS) == set(CHANNELS)
