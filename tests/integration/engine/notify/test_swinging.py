"""An alert that swings between warning and critical, or comes and goes at both, is told a few times."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.engine.notify.models import Alert, StageOutcome
from toban.engine.notify.routing.flapping import CALM
from toban.engine.notify.signal import Condition, Signal

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
MINUTE = timedelta(minutes=1)

type MakeSignal = Callable[..., Signal]
type Tell = Callable[[Signal, datetime], list[tuple[str, str]]]
type Look = Callable[[datetime], list[tuple[str, str]]]


def told_to(place: str, tell: Tell, signal: MakeSignal, conditions: list[Condition]) -> list[str]:
    """Report *conditions*, one a minute, and return what *place* was told."""
    return [
        title
        for turn, condition in enumerate(conditions)
        for title, destination in tell(signal(condition, NOON + turn * MINUTE), NOON + turn * MINUTE)
        if destination == place
    ]


def test_swinging_between_two_levels_is_told_four_times_and_ends_at_the_graver_level(
    tell: Tell, signal: MakeSignal
) -> None:
    told = told_to("ops", tell, signal, [Condition.WARNING, Condition.CRITICAL] * 17)

    assert [title[:4] for title in told] == ["▲ 警告", "■ 異常", "▲ 警告", "■ 異常"]
    assert "フラッピング" in told[-1]
    held = StageOutcome.objects.filter(passed=False, stage="flap").first()
    assert held is not None
    assert held.reason == "flapping"


def test_a_better_level_counts_after_a_calm(tell: Tell, signal: MakeSignal) -> None:
    told_to("ops", tell, signal, [Condition.WARNING, Condition.CRITICAL] * 3 + [Condition.WARNING])
    since = NOON + 6 * MINUTE

    before = tell(signal(Condition.WARNING, since), since + CALM - MINUTE)
    after = tell(signal(Condition.WARNING, since), since + CALM)

    assert before == []
    assert [title[:4] for title, place in after if place == "ops"] == ["▲ 警告"]


def test_worse_is_told_at_once_however_often_it_swung(tell: Tell, signal: MakeSignal) -> None:
    told_to("ops", tell, signal, [Condition.WARNING, Condition.CRITICAL] * 3 + [Condition.WARNING])
    calm = NOON + 6 * MINUTE + CALM
    tell(signal(Condition.WARNING, calm), calm)

    told = tell(signal(Condition.CRITICAL, calm + MINUTE), calm + MINUTE)

    assert "ops" in {place for _, place in told}


def test_what_comes_and_goes_through_both_levels_is_told_no_more_once_it_flaps(
    tell: Tell, signal: MakeSignal
) -> None:
    cycle = [Condition.WARNING, Condition.CRITICAL, Condition.OK]

    first = told_to("ops", tell, signal, cycle * 5)
    later = [
        title
        for turn in range(15, 36)
        for title, place in tell(signal(cycle[turn % 3], NOON + turn * MINUTE), NOON + turn * MINUTE)
        if place == "ops"
    ]

    assert len(first) <= 4 * len(cycle) + 2
    assert later == []


def flap(tell: Tell, signal: MakeSignal, times: int, start: datetime = NOON) -> list[list[tuple[str, str]]]:
    told = []
    for number in range(times):
        at = start + 2 * number * MINUTE
        told.append(tell(signal(Condition.WARNING), at))
        told.append(tell(signal(Condition.OK, value="41%"), at + MINUTE))
    return told


def test_a_flapping_alert_is_announced_once_and_resolved_after_a_calm_period(
    tell: Tell, signal: MakeSignal, look: Look
) -> None:
    told = flap(tell, signal, 7)

    assert [len(each) for each in told[:8]] == [1, 2] * 4
    assert told[8] == [("▲ 警告 (フラッピング): DB CPU使用率 92%", "ops")]
    assert told[9:] == [[]] * 5
    last_end = NOON + 13 * MINUTE
    assert look(last_end + 15 * MINUTE - timedelta(seconds=1)) == []
    assert ("● 復旧 (フラッピング): DB CPU使用率 41%", "ops") in look(last_end + 15 * MINUTE)
    assert not Alert.objects.filter(settled=False).exists()


def test_a_flapping_alert_that_gets_worse_is_announced(tell: Tell, signal: MakeSignal) -> None:
    flap(tell, signal, 6)

    told = tell(signal(Condition.CRITICAL), NOON + 13 * MINUTE)

    assert ("■ 異常 (警告から、フラッピング): DB CPU使用率 92%", "ops") in told
