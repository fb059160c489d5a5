"""What has answered a failure, and whether in time."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.incident.gameday.watching import (
    Check,
    Part,
    Seen,
    Terms,
    check_from_json,
    checks,
    is_over,
    why_failed,
)
from toban.message import NOTHING, Message

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
UNTIL = NOON + 15 * MINUTE
TERMS = Terms(
    {
        Part.ALERT: MINUTE,
        Part.TOLD: None,
        Part.INCIDENT: None,
        Part.RESPONSE: 5 * MINUTE,
        Part.REMEDY: None,
        Part.RECOVERED: HOUR,
        Part.REPORT: None,
    }
)
ALL = {part: NOON + (number + 1) * 10 * SECOND for number, part in enumerate(Part)}


def seen(**changed: datetime | None) -> Seen:
    """Return a failure that all have answered, but for what is *changed*."""
    times = {**ALL, **{Part(name): at for name, at in changed.items()}}
    return Seen(NOON, {part: at for part, at in times.items() if at is not None})


def test_all_that_answer_in_time_are_enough() -> None:
    found = checks(seen(), TERMS)

    assert [each.part for each in found] == list(Part)
    assert all(each.is_passed for each in found)
    assert why_failed(found) == NOTHING


@pytest.mark.parametrize("part", list(Part))
def test_one_that_does_not_answer_is_named(part: Part) -> None:
    found = checks(seen(**{part.value: None}), TERMS)

    assert [each.part for each in found if not each.is_passed] == [part]
    assert str(Message(f"incident-gameday.part-{part}")) in str(why_failed(found))


def test_the_limit_itself_is_in_time() -> None:
    assert all(each.is_passed for each in checks(seen(alert=NOON + MINUTE), TERMS))


def test_a_moment_beyond_the_limit_is_too_late() -> None:
    found = checks(seen(alert=NOON + MINUTE + timedelta(microseconds=1)), TERMS)

    assert [each.part for each in found if not each.is_passed] == [Part.ALERT]


def test_what_was_there_before_the_failure_was_complete_took_no_time() -> None:
    (alert, *_) = checks(seen(alert=NOON - SECOND), TERMS)

    assert alert.took == timedelta(0)


def test_what_nobody_needs_is_not_asked_for() -> None:
    terms = Terms({part: limit for part, limit in TERMS.limits.items() if part is not Part.TOLD})
    found = checks(seen(told=None), terms)

    assert Part.TOLD not in [each.part for each in found]
    assert why_failed(found) == NOTHING


def test_it_says_why_no_remedy_was_carried_out() -> None:
    why = Message("incident-gameday.remedy-in-shadow", remedy="プロセス再起動")
    shown = Seen(NOON, {Part.ALERT: NOON}, why_no_remedy=why)

    assert "プロセス再起動 は試行中なので、記録しただけです" in str(why_failed(checks(shown, TERMS)))


def test_it_is_watched_until_all_have_answered() -> None:
    assert is_over(seen(), TERMS, until=UNTIL, now=NOON + MINUTE)
    assert not is_over(seen(report=None), TERMS, until=UNTIL, now=NOON + MINUTE)


def test_it_is_watched_until_the_time_is_up() -> None:
    early = UNTIL - timedelta(microseconds=1)

    assert not is_over(Seen(NOON), TERMS, until=UNTIL, now=early)
    assert is_over(Seen(NOON), TERMS, until=UNTIL, now=UNTIL)


def test_where_no_remedy_is_going_to_help_only_the_first_parts_are_waited_for() -> None:
    first = {part: ALL[part] for part in (Part.ALERT, Part.TOLD)}
    hopeless = Seen(NOON, first, is_hopeless=True)

    assert not is_over(hopeless, TERMS, until=UNTIL, now=NOON)
    with_incident = Seen(NOON, {**first, Part.INCIDENT: NOON}, is_hopeless=True)
    assert is_over(with_incident, TERMS, until=UNTIL, now=NOON)


@pytest.mark.parametrize("check", checks(seen(report=None), TERMS))
def test_a_check_is_kept_as_json(check: Check) -> None:
    assert check_from_json(check.as_json()) == check
