import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from toban.engine.bindings.secret import Secret
from toban.engine.notify.channels.webhook.channel import Webhook
from toban.engine.notify.channels.webhook.config import WebhookConfig
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.notice import Notice

KEY = "a key of at least 24 bytes"
NOON = 1_775_044_800


@pytest.fixture
def config(http: Any, monkeypatch: pytest.MonkeyPatch) -> WebhookConfig:
    monkeypatch.setenv("WEBHOOK_URL", f"{http.url}/hooks/toban")
    monkeypatch.setenv("WEBHOOK_SECRET", KEY)
    http.answers(204)
    return WebhookConfig(url=Secret("env:WEBHOOK_URL"), secret=Secret("env:WEBHOOK_SECRET"), timeout=1)


def is_genuine(asked: Any, now: int, seen: set[str]) -> bool:
    """Judge a request in the way the manual describes for receivers."""
    message_id, at = asked.headers["webhook-id"], asked.headers["webhook-timestamp"]
    if abs(now - int(at)) > 300 or message_id in seen:
        return False
    signed = f"{message_id}.{at}.".encode() + asked.body
    expected = "v1," + base64.b64encode(hmac.new(KEY.encode(), signed, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(expected, asked.headers["webhook-signature"])


def test_a_receiver_can_verify_what_it_receives(config: WebhookConfig, http: Any, notice: Notice) -> None:
    assert Webhook(config, lambda: NOON + 0.9).send(notice, ()) == "204"

    (asked,) = http.asked
    assert asked.path == "/hooks/toban"
    assert json.loads(asked.body)["data"]["title"] == "■ 異常: DB CPU使用率 92%"
    assert is_genuine(asked, NOON, set())


def test_a_recorded_request_can_be_neither_replayed_nor_altered(
    config: WebhookConfig, http: Any, notice: Notice
) -> None:
    Webhook(config, lambda: NOON).send(notice, ())
    (asked,) = http.asked

    assert not is_genuine(asked, NOON, {notice.key})
    assert not is_genuine(asked, NOON + 301, set())
    asked.headers["webhook-timestamp"] = str(NOON + 301)
    assert not is_genuine(asked, NOON + 301, set())


def test_a_second_attempt_has_the_same_id_and_a_new_timestamp(
    config: WebhookConfig, http: Any, notice: Notice
) -> None:
    for at in (NOON, NOON + 600):
        Webhook(config, lambda at=at: at).send(notice, ())  # type: ignore[misc]

    first, second = (asked.headers for asked in http.asked)
    assert first["webhook-id"] == second["webhook-id"] == notice.key
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 600
    assert is_genuine(http.asked[1], NOON + 600, set())


def test_nothing_is_sent_with_a_guessable_key(
    config: WebhookConfig, http: Any, notice: Notice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", "short-secret")

    with pytest.raises(Undelivered, match="短すぎます") as caught:
        Webhook(config).send(notice, ())

    assert not caught.value.retry
    assert "short-secret" not in str(caught.value)
    assert http.asked == []
