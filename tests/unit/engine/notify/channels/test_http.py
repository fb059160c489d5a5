from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from toban.engine.bindings.secret import Secret
from toban.engine.notify.channels.http import HttpChannelConfig, Poster, ReceiverConfig, retry_after
from toban.engine.notify.channels.slack.channel import Slack
from toban.engine.notify.channels.slack.config import SlackConfig
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.notice import Notice

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30", 30.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("86400", 3600.0),
        ("Wed, 01 Apr 2026 12:01:00 GMT", 60.0),
        ("Wed, 01 Apr 2026 11:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(written: str, seconds: float | None) -> None:
    assert retry_after(written, NOON) == seconds


@pytest.mark.parametrize("url", ["http://hooks.example.com/x", "ftp://127.0.0.1/x", "hooks.example.com", ""])
def test_a_url_that_would_expose_its_secret_is_refused_permanently(url: str) -> None:
    with pytest.raises(Undelivered) as caught:
        Poster("Slack", HttpChannelConfig()).post(url, {})

    assert not caught.value.retry
    assert str(caught.value) == "Slack: https の URL ではありません"


def test_a_missing_secret_names_its_place(notice: Notice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_WEBHOOK", raising=False)
    channel = Slack(SlackConfig(webhook=Secret("env:NO_SUCH_WEBHOOK")))

    with pytest.raises(Exception, match="NO_SUCH_WEBHOOK"):
        channel.send(notice, ())


@pytest.mark.parametrize(
    "host",
    ["10.0.0.5", "192.168.1.9", "172.31.255.255", "fd00::1", "alerts", "Alerts.Internal", "box.local"],
)
def test_the_bindings_may_name_a_private_host_that_needs_no_encryption(host: str) -> None:
    written = {"url": "env:WEBHOOK_URL", "plain_hosts": [host]}

    assert ReceiverConfig.model_validate(written).plain_hosts == (host.lower(),)


@pytest.mark.parametrize("host", ["8.8.8.8", "172.32.0.1", "2001:4860:4860::8888", "hooks.example.com"])
def test_a_public_host_always_needs_encryption(host: str) -> None:
    written = {"url": "env:WEBHOOK_URL", "plain_hosts": [host]}

    with pytest.raises(ValidationError, match="公のホスト"):
        ReceiverConfig.model_validate(written)


def test_a_private_host_that_was_not_named_needs_encryption() -> None:
    with pytest.raises(Undelivered, match="https の URL ではありません"):
        Poster("Webhook", HttpChannelConfig(), ("10.0.0.5",)).post("http://10.0.0.6/x", {})
