"""Levels and burn rates of which not everything is known: silence is never green."""

from datetime import datetime, timedelta

import pytest
from tests.integration.chapters.objectives.test_service import (
    AVAILABILITY,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    TOKYO,
    Measured,
    count,
    outage,
    shown,
)

from toban.chapters.objectives.models import LevelDay
from toban.engine.evidence.models import ClauseStatus
from toban.engine.notify.models import Alert

pytestmark = pytest.mark.django_db


def played_up(minutes: int, measured: Measured) -> list[tuple[str, str]]:
    """Count each minute from noon on; return the verdicts and when each began."""
    found: list[tuple[str, str]] = []
    for minute in range(minutes + 1):
        count(measured, NOON + minute * MINUTE)
        if not found or found[-1][1] != shown()[0]:
            found.append((f"{minute // 60}:{minute % 60:02}", shown()[0]))
    return found


def test_a_new_row_is_not_measurable_for_an_hour() -> None:
    measured = outage(NOON - DAY, timedelta(0), since=NOON)

    count(measured)
    count(measured, NOON + 2 * MINUTE)
    assert shown() == ("not-measurable", "今月 100.000% (分かっている2分だけ)")
    reason = str(ClauseStatus.objects.get(clause_id=AVAILABILITY).reason)
    assert reason.startswith("測定はまだ2分だけです。判定には1時間以上の測定が要ります\n")

    assert played_up(62, measured) == [("0:00", "not-measurable"), ("1:00", "conforming")]


def test_a_row_is_not_measurable_while_too_much_is_unknown_since_it_came_into_force() -> None:
    count(Measured(lambda _metric, _at: None), NOON - 10 * HOUR)
    measured = outage(NOON - DAY, timedelta(0), since=NOON - 9 * HOUR)

    count(measured)
    # Nine of ten hours, and after ten more nineteen of twenty.
    assert shown() == ("not-measurable", "今月 100.000% (分かっている9時間だけ)")

    count(measured, NOON + 10 * HOUR)
    assert shown()[0] == "conforming"


def test_a_month_that_has_lost_its_budget_deviates_whatever_is_unknown() -> None:
    measured = outage(NOON, HOUR, since=NOON)
    count(measured, NOON)

    count(measured, NOON + 20 * MINUTE)
    assert shown()[0] == "not-measurable"

    count(measured, NOON + 50 * MINUTE)
    assert shown()[0] == "deviating"
    assert Alert.objects.filter(key=f"{AVAILABILITY}/budget", resolved_at=None).exists()


def test_a_new_month_is_judged_from_its_first_minutes() -> None:
    midnight = datetime(2026, 5, 1, tzinfo=TOKYO)
    measured = outage(NOON - 40 * DAY, timedelta(0), since=NOON - 30 * DAY)
    count(measured)

    count(measured, midnight + 2 * MINUTE)

    assert shown()[0] == "conforming"


def test_a_budget_of_which_too_little_is_known_ends_no_alert() -> None:
    count(outage(datetime(2026, 4, 3, 9, tzinfo=TOKYO), HOUR, since=NOON - 30 * DAY))
    key = f"{AVAILABILITY}/budget"

    # Most of the next month's first days is unknown.
    may = datetime(2026, 5, 5, 12, tzinfo=TOKYO)
    count(outage(NOON, timedelta(0), since=may - HOUR), may)
    assert Alert.objects.get(key=key).resolved_at is None

    LevelDay.objects.all().delete()
    count(outage(NOON, timedelta(0), since=NOON - 30 * DAY), may)
    assert Alert.objects.get(key=key).resolved_at is not None


def test_a_burn_alert_needs_its_long_window_covered() -> None:
    measured = outage(NOON, 20 * MINUTE, since=NOON)

    for minute in range(0, 56, 5):
        count(measured, NOON + minute * MINUTE)
        assert not Alert.objects.filter(key=f"{AVAILABILITY}/burn").exists()

    # An outage within a covered hour is announced.
    still = outage(NOON, 2 * HOUR, since=NOON)
    count(still, NOON + HOUR)
    assert Alert.objects.get(key=f"{AVAILABILITY}/burn").condition == "critical"


def test_a_burn_alert_does_not_end_because_measurements_do() -> None:
    measured = outage(NOON - 6 * MINUTE, HOUR, since=NOON - 30 * DAY)
    count(measured)

    count(Measured(lambda metric, at: measured.known(metric, at) if at < NOON else None), NOON + 40 * MINUTE)

    assert Alert.objects.get(key=f"{AVAILABILITY}/burn").resolved_at is None
