"""The sign of life, at a real receiver."""

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


def test_a_sign_of_life_goes_out_as_often_as_it_was_asked_for(http: Any, binding: HeartbeatBinding) -> None:
    heart = Heartbeat()

    assert heart.beat(binding, NOON, NOON)
    assert not heart.beat(binding, NOON + MINUTE, NOON + MINUTE - timedelta(seconds=1))
    assert heart.beat(binding, NOON + MINUTE, NOON + MINUTE)

    assert [asked.path for asked in http.asked] == ["/alive-and-secret"] * 2


def test_a_pipeline_that_has_stopped_looking_gives_none(http: Any, binding: HeartbeatBinding) -> None:
    assert not Heartbeat().beat(binding, None, NOON)
    assert not Heartbeat().beat(binding, NOON, NOON + LATE + timedelta(microseconds=1))
    assert Heartbeat().beat(binding, NOON, NOON + LATE)

    assert len(http.asked) == 1


def test_a_refused_sign_is_sent_again_at_the_next_turn_and_its_url_is_in_no_log(
    http: Any, binding: HeartbeatBinding, capsys: pytest.CaptureFixture[str]
) -> None:
    heart = Heartbeat()
    http.answers(503, b"no /alive-and-secret today")

    assert not heart.beat(binding, NOON, NOON)

    assert "alive-and-secret" not in capsys.readouterr().out
    http.answers(200, b"OK")
    assert heart.beat(binding, NOON, NOON + timedelta(seconds=5))
