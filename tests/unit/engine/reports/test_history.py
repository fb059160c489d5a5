"""Verdicts of a month, from the changes that the evidence holds."""

from datetime import UTC, datetime, timedelta

from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import Verdict
from toban.engine.reports.history import RecordedVerdict, history
from toban.engine.reports.verdicts import RowHistory

START = datetime(2026, 10, 1, tzinfo=UTC)
CUT = datetime(2026, 11, 1, tzinfo=UTC)
OK, WARNING, BAD, UNKNOWN = (
    Verdict.CONFORMING, Verdict.WARNING, Verdict.DEVIATING, Verdict.NOT_MEASURABLE,
)  # fmt: skip


def change(day: float, verdict: Verdict, before: Verdict | None) -> RecordedVerdict:
    return RecordedVerdict(int(day), START + timedelta(days=day), verdict, before)


def shown(verdict: Verdict, holds_until: datetime | None = None) -> ClauseStatus:
    return ClauseStatus(verdict=verdict, holds_until=holds_until)


def of(*changes: RecordedVerdict, **more: object) -> RowHistory:
    around = {"before": None, "after": None, "current": None, **more}
    return history(around["before"], changes, around["after"], around["current"], CUT)  # type: ignore[arg-type]


def test_the_last_verdict_counts_if_the_next_change_confirms_it() -> None:
    found = of(change(1, OK, None), after=change(40, BAD, OK))

    assert (found.verdict, found.lapses) == (OK, 0)


def test_a_verdict_that_lapsed_before_the_next_change_is_not_known_at_the_end() -> None:
    found = of(change(1, OK, None), after=change(40, OK, UNKNOWN))

    assert (found.verdict, found.lapses, found.since) == (UNKNOWN, 1, None)


def test_without_a_later_change_the_current_status_decides() -> None:
    assert of(change(1, OK, None), current=shown(OK)).verdict is OK
    assert of(change(1, OK, None), current=shown(OK, CUT + timedelta(seconds=1))).verdict is OK
    assert of(change(1, OK, None), current=shown(OK, CUT)).verdict is UNKNOWN
    assert of(change(1, OK, None)).verdict is UNKNOWN


def test_a_row_without_changes_in_the_month_keeps_that_of_before() -> None:
    assert of(before=change(-5, BAD, OK), current=shown(BAD)).verdict is BAD
    assert of(before=change(-5, BAD, OK), current=shown(BAD)).troubles == 0


def test_a_warning_that_becomes_a_deviation_is_one_trouble() -> None:
    steps = (change(1, OK, None), change(2, WARNING, OK), change(3, BAD, WARNING), change(4, OK, BAD))

    assert of(*steps, change(5, BAD, OK), current=shown(BAD)).troubles == 2


def test_a_trouble_that_comes_back_over_a_lapse_counts_anew() -> None:
    assert of(change(1, BAD, None), change(9, BAD, UNKNOWN), current=shown(BAD)).troubles == 2
    assert of(change(9, BAD, UNKNOWN), before=change(-1, BAD, OK), current=shown(BAD)).lapses == 1
