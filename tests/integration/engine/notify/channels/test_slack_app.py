"""Slack's Web API according to its documented contract, with a receiver on loopback."""

import json
from dataclasses import replace
from typing import Any

import pytest

from toban.engine.bindings.secret import Secret
from toban.engine.notify.channels.slack_app.channel import SlackApp
from toban.engine.notify.channels.slack_app.config import SlackAppConfig
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.notice import Notice, NoticeKind


@pytest.fixture
def slack(http: Any, monkeypatch: pytest.MonkeyPatch) -> SlackApp:
    monkeypatch.setenv("SLACK_TOKEN", "xoxb-very-secret")
    http.answers(200, b'{"ok": true, "channel": "C1", "ts": "1700000000.000100"}')
    return SlackApp(
        SlackAppConfig(
            token=Secret("env:SLACK_TOKEN"),
            signing_secret=Secret("env:SLACK_TOKEN"),
            channel="#ops",
            url=f"{http.url}/api/chat.postMessage",
            timeout=1,
        )
    )


def test_the_first_notice_opens_a_thread_and_has_a_button(slack: SlackApp, http: Any, notice: Notice) -> None:
    receipt = slack.send(replace(notice, announcement=7), ("U012AB3CD",))

    assert receipt == "1700000000.000100"
    (asked,) = http.asked
    message = json.loads(asked.body)
    assert asked.headers["authorization"] == "Bearer xoxb-very-secret"
    assert message["channel"] == "#ops"
    assert "thread_ts" not in message
    (button,) = message["blocks"][-1]["elements"]
    assert (button["action_id"], button["value"]) == ("toban-take", "7")


def test_later_notices_go_into_the_thread_and_are_broadcast_to_the_channel(
    slack: SlackApp, http: Any, notice: Notice
) -> None:
    slack.send(replace(notice, kind=NoticeKind.RECOVERED, announcement=8, reply_to="1.2"), ())

    message = json.loads(http.asked[0].body)
    assert (message["thread_ts"], message["reply_broadcast"]) == ("1.2", True)
    assert all(block["type"] != "actions" for block in message["blocks"])


def test_an_acknowledgement_stays_in_the_thread(slack: SlackApp, http: Any, notice: Notice) -> None:
    slack.send(replace(notice, kind=NoticeKind.ACKNOWLEDGED, announcement=9, reply_to="1.2"), ())

    assert json.loads(http.asked[0].body)["reply_broadcast"] is False


@pytest.mark.parametrize(
    ("error", "retry"),
    [("ratelimited", True), ("internal_error", True), ("not_in_channel", False), ("invalid_auth", False)],
)
def test_an_error_inside_a_200_answer_is_a_failure(
    slack: SlackApp, http: Any, notice: Notice, error: str, retry: bool
) -> None:
    http.answers(200, json.dumps({"ok": False, "error": error}).encode())

    with pytest.raises(Undelivered, match=f"^Slack: {error}$") as caught:
        slack.send(notice, ())

    assert caught.value.retry is retry


def test_a_proxy_page_is_not_accepted_as_a_receipt(slack: SlackApp, http: Any, notice: Notice) -> None:
    http.answers(200, b"<html>please sign in</html>")

    with pytest.raises(Undelivered) as caught:
        slack.send(notice, ())

    assert caught.value.retry


def test_an_answer_longer_than_the_read_limit_is_understood(
    slack: SlackApp, http: Any, notice: Notice
) -> None:
    long = json.dumps({"ok": True, "channel": "C1", "ts": "1.2", "message": {"text": "x" * 10_000}})
    http.answers(200, long.encode())

    assert slack.send(notice, ()) == "1.2"
