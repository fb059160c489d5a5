import json
from collections.abc import Callable
from typing import Any

import pytest

from toban.engine.bindings.secret import Secret
from toban.engine.notify.channels.alertmanager.channel import Alertmanager
from toban.engine.notify.channels.alertmanager.config import AlertmanagerConfig
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.notice import Notice

type Make = Callable[..., Alertmanager]


@pytest.fixture
def make(http: Any, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("RECEIVER_URL", f"{http.url}/alerts")
    monkeypatch.setenv("RECEIVER_TOKEN", "very-secret-token")

    def made(**written: object) -> Alertmanager:
        config = {"url": Secret("env:RECEIVER_URL"), "timeout": 1, **written}
        return Alertmanager(AlertmanagerConfig.model_validate(config))

    return made


def test_a_receiver_gets_format_version_4_with_the_bearer_token(
    make: Make, http: Any, notice: Notice
) -> None:
    channel = make(token=Secret("env:RECEIVER_TOKEN"), receiver="on-call")

    assert channel.send(notice, ()) == "200"

    (asked,) = http.asked
    assert asked.path == "/alerts"
    assert asked.headers["authorization"] == "Bearer very-secret-token"
    written = json.loads(asked.body)
    assert (written["version"], written["receiver"]) == ("4", "on-call")


def test_without_a_token_no_authorization_header_is_sent(make: Make, http: Any, notice: Notice) -> None:
    make().send(notice, ())

    assert "authorization" not in http.asked[0].headers


def test_a_token_quoted_by_the_receiver_is_not_shown(make: Make, http: Any, notice: Notice) -> None:
    http.answers(403, b"very-secret-token may not do this")

    with pytest.raises(Undelivered) as caught:
        make(token=Secret("env:RECEIVER_TOKEN")).send(notice, ())

    assert not caught.value.retry
    assert "very-secret" not in str(caught.value)
    assert "may not do this" in str(caught.value)
