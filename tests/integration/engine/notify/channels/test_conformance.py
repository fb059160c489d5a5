"""What every registered channel must do when its receiver misbehaves. A new kind adds its rig to `RIGS`."""

import logging
import socket
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

import pytest
from tests.integration.engine.notify.channels import from_outside
from tests.registered import PARTS

from toban.engine.bindings.secret import Secret
from toban.engine.notify.delivery.channel import CHANNEL_KINDS, Channel, Undelivered
from toban.engine.notify.delivery.notice import Notice
from toban.engine.registry.kinds import Kinds

SECRET = "T0SECRET0000/B0SECRET0000/very-secret-indeed"
PATIENCE = 2.0
"""Timeout in seconds: enough for a busy machine; one test per channel waits until it ends."""
ADDRESSES = ("dev@shop.example",)
REFERENCE = Secret("env:THE_SECRET")
REGISTERED = {**PARTS.kinds.modules["channels"], "board": from_outside.__name__}
"""Our channels, and one added by a third party."""
TRANSPORTS = Kinds({"channels": REGISTERED}).of(CHANNEL_KINDS)

type Fixtures = Callable[[str], Any]


class Rig(Protocol):
    """A kind of channel with a receiver that misbehaves in the ways all receivers do."""

    channel: Channel

    def works(self) -> None: ...
    def is_silent(self) -> None: ...
    def rejects_the_secret(self) -> None: ...
    def knows_no_such_place(self) -> None: ...
    def asks_to_wait(self) -> float | None:
        """Return the requested wait in seconds, if the protocol can express it."""

    def is_broken(self) -> None: ...
    def points_elsewhere(self) -> None: ...
    def followed(self) -> bool: ...
    def channel_at(self, port: int) -> Channel: ...


class HttpRig:
    """A channel over HTTP; every answer quotes the request, as careless servers do."""

    def __init__(
        self,
        kind: str,
        fixtures: Fixtures,
        *,
        written: Callable[[str], Mapping[str, object]],
        accepted: tuple[int, bytes],
        secret: str = SECRET,
        tells_wait: bool = True,
    ) -> None:
        self._http = fixtures("http")
        self._patch = fixtures("monkeypatch")
        self._transport = TRANSPORTS[kind]
        self._written, self._accepted, self._secret = written, accepted, secret
        self._wait = 17.0 if tells_wait else None
        self.channel = self.channel_at(self._http.server_port)

    def channel_at(self, port: int) -> Channel:
        """Return a channel to the server at *port*."""
        self._patch.setenv("THE_SECRET", self._secret.format(port=port))
        written = {**self._written(f"http://127.0.0.1:{port}"), "timeout": PATIENCE}
        return self._transport.build(self._transport.config.model_validate(written))

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
        return self._wait

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


class SmtpRig:
    """Mail, with the same failures expressed in SMTP."""

    def __init__(self, kind: str, fixtures: Fixtures) -> None:
        fixtures("monkeypatch").setenv("THE_SECRET", SECRET)
        self._mailbox = fixtures("mailbox_type")(username="toban", password=SECRET)
        self._transport, self._ca_file = TRANSPORTS[kind], fixtures("ca_file")
        self.channel = self.channel_at(fixtures("start_smtp")(self._mailbox).port)

    def channel_at(self, port: int) -> Channel:
        """Return a channel to the server at *port*."""
        written = {
            "host": "127.0.0.1",
            "port": port,
            "sender": "toban@shop.example",
            "username": "toban",
            "password": REFERENCE,
            "ca_file": self._ca_file,
            "timeout": PATIENCE,
        }
        return self._transport.build(self._transport.config.model_validate(written))

    def works(self) -> None:
        """Do nothing: the server works until told otherwise."""

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


def over_http(written: Callable[[str], Mapping[str, object]], **more: Any) -> Callable[[str, Fixtures], Rig]:
    return partial(HttpRig, written=written, **more)


RIGS: Mapping[str, Callable[[str, Fixtures], Rig]] = {
    # The secret of a webhook is its URL.
    "slack": over_http(
        lambda _url: {"webhook": REFERENCE},
        accepted=(200, b"ok"),
        secret=f"http://127.0.0.1:{{port}}/services/{SECRET}",
    ),
    "slack_app": over_http(
        lambda url: {
            "token": REFERENCE,
            "signing_secret": REFERENCE,
            "channel": "#ops",
            "url": f"{url}/api/chat.postMessage",
        },
        accepted=(200, b'{"ok": true, "ts": "1.2"}'),
    ),
    # Apprise does not report how long it was asked to wait.
    "apprise": over_http(
        lambda _url: {"url": REFERENCE, "answers_to": "LINE"},
        accepted=(200, b""),
        secret=f"json://127.0.0.1:{{port}}/{SECRET}",
        tells_wait=False,
    ),
    "pagerduty": over_http(
        lambda url: {"routing_key": REFERENCE, "url": f"{url}/v2/enqueue"},
        accepted=(202, b'{"dedup_key": "alert-1"}'),
    ),
    "email": SmtpRig,
    "teams": over_http(
        lambda _url: {"webhook": REFERENCE},
        accepted=(202, b""),
        secret=f"http://127.0.0.1:{{port}}/triggers/manual?sig={SECRET}",
    ),
    "alertmanager": over_http(
        lambda _url: {"url": REFERENCE, "token": REFERENCE},
        accepted=(200, b""),
        secret=f"http://127.0.0.1:{{port}}/alerts/{SECRET}",
    ),
    "webhook": over_http(
        lambda _url: {"url": REFERENCE, "secret": REFERENCE},
        accepted=(204, b""),
        secret=f"http://127.0.0.1:{{port}}/hooks/{SECRET}",
    ),
    "board": over_http(
        lambda _url: {"url": REFERENCE},
        accepted=(201, b""),
        secret=f"http://127.0.0.1:{{port}}/boards/{SECRET}",
    ),
}


@pytest.fixture(params=sorted(REGISTERED))
def rig(request: pytest.FixtureRequest) -> Any:
    return RIGS[request.param](request.param, request.getfixturevalue)


@pytest.fixture(autouse=True)
def nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Any:
    """No log line may contain the secret, whatever a test does, even at the most verbose level."""
    caplog.set_level(logging.DEBUG)
    yield
    told = [each.getMessage() for each in caplog.get_records("call") if _is_of_the_sender(each.name)]
    assert "very-secret-indeed" not in "\n".join(told)


def _is_of_the_sender(name: str) -> bool:
    """Return whether a log would show lines of the logger *name*, except those of the test's mail server."""
    logger: logging.Logger | None = logging.getLogger(name)
    while logger is not None and logger.propagate and logger.parent is not None:
        logger = logger.parent
    return logger is logging.getLogger() and name != "mail.log"


def failure(rig: Any, notice: Notice) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        rig.channel.send(notice, ADDRESSES)
    # Everything a log would show of it, including its causes.
    assert "very-secret-indeed" not in "".join(traceback.format_exception(caught.value))
    return caught.value


def test_a_notice_is_delivered_with_a_receipt(rig: Any, notice: Notice) -> None:
    rig.works()

    assert rig.channel.send(notice, ADDRESSES)


def test_a_receiver_that_never_answers_is_a_temporary_failure(rig: Any, notice: Notice) -> None:
    rig.is_silent()

    assert failure(rig, notice).retry


def test_a_rejected_secret_is_a_permanent_failure(rig: Any, notice: Notice) -> None:
    rig.rejects_the_secret()

    assert not failure(rig, notice).retry


def test_an_unknown_destination_is_a_permanent_failure(rig: Any, notice: Notice) -> None:
    rig.knows_no_such_place()

    assert not failure(rig, notice).retry


def test_a_receiver_that_asks_to_wait_is_retried_after_that_wait(rig: Any, notice: Notice) -> None:
    wait = rig.asks_to_wait()

    refused = failure(rig, notice)

    assert refused.retry
    assert refused.after == wait


def test_a_broken_receiver_is_a_temporary_failure(rig: Any, notice: Notice) -> None:
    rig.is_broken()

    assert failure(rig, notice).retry


def test_a_notice_does_not_follow_redirects(rig: Any, notice: Notice) -> None:
    rig.points_elsewhere()

    assert not failure(rig, notice).retry
    assert not rig.followed()


def test_a_refused_connection_is_a_temporary_failure(rig: Any, notice: Notice) -> None:
    with socket.socket() as held:
        # Bound but not listening: nobody else can use the port, and connections are refused.
        held.bind(("127.0.0.1", 0))
        channel = rig.channel_at(held.getsockname()[1])

        with pytest.raises(Undelivered, match="接続できません") as caught:
            channel.send(notice, ADDRESSES)

    assert caught.value.retry
    assert "very-secret-indeed" not in str(caught.value)


def test_every_registered_channel_is_tested_here() -> None:
    assert set(RIGS) == set(REGISTERED)
