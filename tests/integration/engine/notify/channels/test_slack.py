import gzip
import json
from typing import Any

import pytest

from toban.engine.bindings.secret import Secret
from toban.engine.notify.channels.slack.channel import Slack
from toban.engine.notify.channels.slack.config import SlackConfig
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.notice import Notice


@pytest.fixture
def slack(http: Any, monkeypatch: pytest.MonkeyPatch) -> Slack:
    monkeypatch.setenv("SLACK_WEBHOOK", f"{http.url}/services/T0/B0/secret-token")
    return Slack(SlackConfig(webhook=Secret("env:SLACK_WEBHOOK"), timeout=1))


def test_the_notice_is_posted_as_json_with_its_mention(slack: Slack, http: Any, notice: Notice) -> None:
    assert slack.send(notice, ("U012AB3CD",)) == "ok"

    (asked,) = http.asked
    assert asked.path == "/services/T0/B0/secret-token"
    assert asked.headers["content-type"] == "application/json; charset=utf-8"
    message = json.loads(asked.body)
    assert message["text"] == "■ 異常: DB CPU使用率 92% (運用設計書.md:34)"
    assert "<@U012AB3CD>" in json.dumps(message["blocks"])


def test_the_error_quotes_slacks_reason(slack: Slack, http: Any, notice: Notice) -> None:
    http.answers(404, b"no_service")

    with pytest.raises(Undelivered, match=r"^Slack: 404 no_service$"):
        slack.send(notice, ())


def test_a_proxy_page_is_not_accepted_as_a_receipt(slack: Slack, http: Any, notice: Notice) -> None:
    http.answers(200, b"<html>please sign in to the network</html>")

    with pytest.raises(Undelivered) as caught:
        slack.send(notice, ())

    assert caught.value.retry


def test_an_endless_answer_is_read_up_to_a_limit(slack: Slack, http: Any, notice: Notice) -> None:
    http.answers(500, b"x" * 1_000_000)

    with pytest.raises(Undelivered) as caught:
        slack.send(notice, ())

    assert len(str(caught.value)) < 300


def test_a_compressed_answer_is_not_unpacked(slack: Slack, http: Any, notice: Notice) -> None:
    http.answers(200, gzip.compress(b"ok" + b" " * 50_000_000), content_encoding="gzip")

    with pytest.raises(Undelivered) as caught:
        slack.send(notice, ())

    assert caught.value.retry
