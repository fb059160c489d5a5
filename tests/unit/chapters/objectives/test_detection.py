"""Whether alerts were detected in time: decided from values."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.objectives.detection import DetectionTimes, judged
from toban.engine.evidence.verdict import Verdict

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def alert(number: int, lag: timedelta, delivery: timedelta | None = None) -> DetectionTimes:
    return DetectionTimes(number, NOON, NOON + lag, NOON + delivery if delivery is not None else None)


@pytest.mark.parametrize(
    ("lags", "verdict"),
    [
        ([], Verdict.NOT_DUE),
        ([MINUTE], Verdict.CONFORMING),
        ([SECOND, MINUTE + SECOND], Verdict.DEVIATING),
    ],
)
def test_the_slowest_alert_decides(lags: list[timedelta], verdict: Verdict) -> None:
    stories = [alert(number, lag) for number, lag in enumerate(lags)]

    assert judged(MINUTE, stories).verdict is verdict


def test_every_late_alert_is_linked_but_no_more_than_ten() -> None:
    found = judged(MINUTE, [alert(number, 2 * MINUTE) for number in range(12)])

    assert [each.link.arguments for each in found.against if each.link] == [(n,) for n in range(10)]
    assert str(found.against[3].text) == "アラート 3 は 2分後に検知しました"


def test_how_long_the_notifications_took_is_said_beside_it() -> None:
    found = judged(MINUTE, [alert(1, SECOND, 47 * SECOND), alert(2, SECOND)])

    assert found.proof["longest_to_delivery_seconds"] == "47.000"
