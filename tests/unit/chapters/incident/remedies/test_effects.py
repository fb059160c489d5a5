"""What a remedy has done."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toban.chapters.incident.remedies.effects import Effect, Outcome, Settled, UseSeen, settle

NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
USE = UseSeen(Outcome.APPLIED, NOON, NOON + MINUTE, 10 * MINUTE, None, None)


def effect(at: timedelta, **more: Any) -> Settled | None:
    return settle(replace(USE, **more), NOON + at)


def test_an_alert_that_ends_after_it_in_time_has_recovered_and_how_long_that_took_is_known() -> None:
    found = effect(3 * MINUTE, resolved_at=NOON + 2.5 * MINUTE)

    assert found == Settled(Effect.RECOVERED, 90.0)


def test_one_that_ends_while_it_is_at_it_took_no_time() -> None:
    assert effect(3 * MINUTE, resolved_at=NOON + 0.5 * MINUTE) == Settled(Effect.RECOVERED, 0.0)


def test_one_that_does_not_end_in_time_had_no_effect() -> None:
    assert effect(10.9 * MINUTE) is None
    assert effect(11 * MINUTE) == Settled(Effect.NO_EFFECT)
    assert effect(20 * MINUTE, resolved_at=NOON + 11.5 * MINUTE) == Settled(Effect.NO_EFFECT)


def test_an_alert_that_becomes_critical_after_it_got_worse() -> None:
    assert effect(2 * MINUTE, grew_at=NOON + 1.5 * MINUTE) == Settled(Effect.WORSE)
    assert effect(2 * MINUTE, grew_at=NOON - MINUTE) is None


def test_other_alerts_count_only_once_they_outlast_its_time() -> None:
    later, before = (NOON + 3 * MINUTE,), (NOON - 3 * MINUTE,)

    assert effect(5 * MINUTE, others=later) is None
    assert effect(11 * MINUTE, others=later) == Settled(Effect.WORSE)
    assert effect(11 * MINUTE, others=before) == Settled(Effect.NO_EFFECT)
    assert effect(5 * MINUTE, others=later, resolved_at=NOON + 4 * MINUTE) is None
    assert effect(11 * MINUTE, others=later, resolved_at=NOON + 4 * MINUTE) == Settled(Effect.WORSE)
    recovered = effect(5 * MINUTE, others=before, resolved_at=NOON + 4 * MINUTE)
    assert recovered == Settled(Effect.RECOVERED, 180.0)


def test_one_that_broke_off_had_no_effect_unless_the_alert_has_ended() -> None:
    assert effect(2 * MINUTE, outcome=Outcome.FAILED) == Settled(Effect.NO_EFFECT)
    ended = effect(2 * MINUTE, outcome=Outcome.FAILED, resolved_at=NOON + 1.5 * MINUTE)
    assert ended == Settled(Effect.RECOVERED, 30.0)


@pytest.mark.parametrize("resolved", [None, NOON])
def test_what_was_not_done_has_no_effect_of_its_own(resolved: datetime | None) -> None:
    assert effect(MINUTE, outcome=Outcome.NOT_APPLIED, resolved_at=resolved) == Settled(Effect.NOT_RUN)


def test_nothing_is_said_while_it_is_under_way() -> None:
    assert effect(30 * MINUTE, outcome=Outcome.OPEN, ended_at=None, resolved_at=NOON) is None
