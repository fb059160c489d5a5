"""Changes for programs: signed, to a real receiver, each once, whatever happens on the way."""

import base64
import hashlib
import hmac
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.conftest import Handler, HttpServer
from tests.manual import page
from tests.ports import free_port
from tests.registered import PARTS

from toban.design.clauses.notices import NotificationRule
from toban.design.reader import read_design
from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.bindings.model import Bindings
from toban.engine.changes import recording
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.recorded import RecordedChange
from toban.engine.notify import orders
from toban.engine.notify.channels.webhook.channel import Webhook
from toban.engine.notify.channels.webhook.config import WebhookConfig
from toban.engine.notify.delivery import attempts, change_outbox
from toban.engine.notify.delivery.change_outbox import CHANGES
from toban.engine.notify.delivery.channel import CHANNEL_KINDS
from toban.engine.notify.delivery.handing_on import hand_on
from toban.engine.notify.models import Alert, ChangePosting
from toban.engine.notify.routing.contacts import contacts_of
from toban.engine.people.audit import record

pytestmark = pytest.mark.django_db

KEY = "a key of at least 24 bytes"
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
BOUND = """
[channels.board]
kind = "webhook"
url = "env:WEBHOOK_URL"
secret = "env:WEBHOOK_SECRET"
changes = ["release", "silence"]
"""
EVERYTHING = BOUND.replace('["release", "silence"]', '"all"')
DESIGN = """# 運用設計書
## 2. 監視
### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 運用責任者 | Webhook | 即時 |
"""


@pytest.fixture
def receiver(http_server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> HttpServer:
    """A program that takes what is genuine and new, as the manual's example does."""
    monkeypatch.setenv("WEBHOOK_URL", f"{http_server.url}/toban")
    monkeypatch.setenv("WEBHOOK_SECRET", KEY)
    seen: set[str] = set()

    def answer(handler: Handler) -> None:
        given = handler.headers["webhook-signature"].split()
        message_id, at = handler.headers["webhook-id"], handler.headers["webhook-timestamp"]
        digest = hmac.digest(KEY.encode(), f"{message_id}.{at}.".encode() + handler.body, hashlib.sha256)
        if f"v1,{base64.b64encode(digest).decode()}" not in given:
            handler.reply(401)
        elif message_id in seen:
            handler.reply(409)
        else:
            seen.add(message_id)
            handler.reply(204)

    http_server.answer = answer
    return http_server


def bound(text: str = BOUND) -> Bindings:
    return read_bindings(text, Path("toban.toml"), PARTS.schema)


def config(text: str = BOUND) -> WebhookConfig:
    found = bound(text).channels["board"].config
    assert isinstance(found, WebhookConfig)
    return found


def released(text: str = "shop 2", **more: Any) -> None:
    wanted = RecordedChange(kind=ChangeKind.RELEASE, text=text, **more)
    recording.record(wanted, by="ci", now=NOON)


def post(text: str = BOUND) -> int:
    kinds = PARTS.kinds.of(CHANNEL_KINDS)["webhook"].changes(config(text))
    return change_outbox.post({"board": kinds}, {"board": "ja"}, NOON)


def deliver(now: datetime = NOON) -> int:
    return attempts.deliver_due(CHANGES, "board", Webhook(config()), clock=lambda: now, jitter=lambda: 0.0)


@contextmanager
def failing(server: HttpServer, status: int) -> Iterator[None]:
    usual, server.answer = server.answer, lambda handler: handler.reply(status)
    yield
    server.answer = usual


def test_a_receiver_verifies_what_changed(receiver: HttpServer) -> None:
    post()
    released(about=("API",), version="2.0", url="https://ci.example.com/1", at=NOON - HOUR)

    assert (post(), deliver()) == (1, 1)

    (asked,) = receiver.asked
    posting = ChangePosting.objects.get()
    assert (posting.state, posting.receipt) == ("delivered", "204")
    event = json.loads(asked.body)
    assert (event["type"], event["timestamp"]) == ("change.release", "2026-11-28T11:00:00Z")
    data = event["data"]
    assert data["id"] == asked.headers["webhook-id"] == posting.key
    assert (data["what"], data["by"], data["about"]) == ("shop 2（2.0）", "ci", ["API"])
    assert (data["url"], data["recorded_at"]) == ("https://ci.example.com/1", "2026-11-28T12:00:00Z")
    assert data["entry"] == posting.change_id
    assert data["page"].endswith(f"/changes/#change-{posting.change_id}")
    assert data["messages"]["what"]["code"] == "changes.text-and-version"


@pytest.mark.parametrize(
    ("key", "outcome"), [(KEY, "delivered"), ("another key of at least 24 bytes", "failed")]
)
def test_the_receiver_in_the_manual_takes_what_is_signed_with_its_key(
    key: str, outcome: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = (page(language, "changes.md") for language in ("ja", "en"))
    japanese, english = (re.findall(r"```python\n(.*?)```", each, re.DOTALL) for each in pages)
    assert japanese == english
    (tmp_path / "receiver.py").write_text(english[0])
    port = free_port()
    monkeypatch.setenv("WEBHOOK_URL", f"http://127.0.0.1:{port}/")
    monkeypatch.setenv("WEBHOOK_SECRET", KEY)
    post()
    released("shop <3>")
    post()

    environment = {**os.environ, "WEBHOOK_SECRET": key, "PORT": str(port)}
    command = [sys.executable, str(tmp_path / "receiver.py")]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as program:
        wait_for(port)
        deliver()
        program.terminate()
        said = program.communicate(timeout=30)[0].decode()

    assert ChangePosting.objects.get().state == outcome
    assert said == ("2026-11-28T12:00:00Z release ci shop <3>\n" if outcome == "delivered" else "")


def wait_for(port: int) -> None:
    for _ in range(600):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the receiver did not start")


def test_only_the_kinds_that_are_bound_are_sent_and_nothing_from_before(receiver: HttpServer) -> None:
    released("before")
    post()
    released("after")
    orders.silence({"target": "DB"}, "memory", ends_at=NOON + HOUR, by="mira", now=NOON)
    orders.announce_maintenance([], "power", starts_at=NOON, ends_at=NOON + HOUR, by="mira", now=NOON)
    record("role-changed", "mira", operator="aki", before="viewer", after="developer")

    assert (post(), deliver()) == (2, 2)
    assert post() == 0

    kinds = [json.loads(asked.body)["data"]["kind"] for asked in receiver.asked]
    assert kinds == ["release", "silence"]


def test_all_means_every_kind() -> None:
    post(EVERYTHING)
    record("role-changed", "mira", operator="aki", before="viewer", after="developer")
    released()

    assert post(EVERYTHING) == 2


def test_what_failed_is_sent_again_under_the_same_id_and_once(receiver: HttpServer) -> None:
    post()
    released()
    post()
    with failing(receiver, 503):
        deliver()

    assert deliver(NOON + SECOND) == 0
    assert deliver(NOON + 2 * SECOND) == 1
    assert (post(), deliver(NOON + HOUR)) == (0, 0)

    first, second = receiver.asked
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert ChangePosting.objects.get().attempts == 2


def test_a_redirect_is_not_followed_and_what_is_refused_for_good_is_given_up(receiver: HttpServer) -> None:
    post()
    released()
    post()

    with failing(receiver, 302):
        deliver()

    posting = ChangePosting.objects.get()
    assert (posting.state, posting.error.code, len(receiver.asked)) == ("failed", "notify.redirected", 1)


def test_nothing_is_sent_unencrypted_to_another_machine(
    receiver: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOK_URL", "http://169.254.169.254/latest")
    post()
    released()
    post()

    deliver()

    assert ChangePosting.objects.get().error.code == "notify.not-https"
    assert receiver.asked == []


def test_a_channel_that_takes_changes_no_more_and_again_later_gets_nothing_from_between() -> None:
    post()
    change_outbox.post({}, {}, NOON)
    released("between")

    assert post() == 0


def test_what_waits_for_a_channel_that_is_gone_is_given_up(receiver: HttpServer) -> None:
    post()
    released()
    post()

    attempts.abandon(CHANGES, (), NOON)

    assert ChangePosting.objects.get().error.code == "notify.channel-not-bound"
    assert (deliver(), receiver.asked) == (0, [])


def test_a_receiver_that_is_down_raises_the_alert_of_its_channel(receiver: HttpServer) -> None:
    post()
    released()
    post()
    with failing(receiver, 500):
        deliver()
    design, bindings = read_design(DESIGN, "ops.md"), bound()
    contacts = contacts_of(bindings, PARTS.kinds.of(CHANNEL_KINDS), "", "ja")

    def look(now: datetime) -> list[str]:
        hand_on(design.of(NotificationRule), contacts, now)
        return [each.condition for each in Alert.objects.filter(resolved_at=None)]

    assert look(NOON + 10 * SECOND) == []
    assert look(NOON + 90 * SECOND) == ["critical"]
    deliver(NOON + 90 * SECOND)
    assert look(NOON + 91 * SECOND) == []


def test_an_unknown_kind_of_change_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnreadableBindings) as refused:
        bound(BOUND.replace("silence", "silences"))

    assert "変更の種類 silences はありません" in str(refused.value)
    assert "maintenance" in str(refused.value)
    with pytest.raises(UnreadableBindings, match="変更の種類 release はありません"):
        bound(BOUND.replace('["release", "silence"]', '"release"'))
