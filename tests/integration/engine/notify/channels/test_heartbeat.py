"""The heartbeat, with a real receiver."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from toban.engine.bindings.model import HeartbeatBinding
from toban.engine.bindings.secret import Secret
from toban.engine.notify.delivery.heartbeat import LATE, Heartbeat

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def binding(http: Any, monkeypatch: pytest.MonkeyPatch) -> HeartbeatBinding:
    monkeypatch.setenv("HEARTBEAT_URL", f"{http.url}/alive-and-secret")
    return HeartbeatBinding(url=Secret("env:HEARTBEAT_URL", Path()))


def test_a_heartbeat_is_sent_at_the_configured_interval(http: Any, binding: HeartbeatBinding) -> None:
    heart = Heartbeat()

    assert heart.beat(binding, NOON, NOON)
    assert not heart.beat(binding, NOON + MINUTE, NOON + MINUTE - timedelta(seconds=1))
    assert heart.beat(binding, NOON + MINUTE, NOON + MINUTE)

    assert [asked.path for asked in http.asked] == ["/alive-and-secret"] * 2


def test_a_stopped_pipeline_sends_no_heartbeat(http: Any, binding: HeartbeatBinding) -> None:
    assert not Heartbeat().beat(binding, None, NOON)
    assert not Heartbeat().beat(binding, NOON, NOON + LATE + timedelta(microseconds=1))
    assert Heartbeat().beat(binding, NOON, NOON + LATE)

    assert len(http.asked) == 1


def test_a_refused_heartbeat_is_retried_next_time_and_its_url_is_not_logged(
    http: Any, binding: HeartbeatBinding, capsys: pytest.CaptureFixture[str]
) -> None:
    heart = Heartbeat()
    http.answers(503, b"no /alive-and-secret today")

    assert not heart.beat(binding, NOON, NOON)

    assert "alive-and-secret" not in capsys.readouterr().out
    http.answers(200, b"OK")
    assert heart.beat(binding, NOON, NOON + timedelta(seconds=5))
