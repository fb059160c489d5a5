"""The month of a report, in the document's zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.engine.orders import NotPossible
from toban.engine.reports.month import month_named

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 10, 31, 15, tzinfo=UTC)
"""In Tokyo, November has just begun."""


def test_a_month_begins_and_ends_by_the_documents_clock() -> None:
    month = month_named("2026-10", TOKYO, NOW)

    assert month.span == (datetime(2026, 9, 30, 15, tzinfo=UTC), NOW)
    assert not month.is_running
    assert (month.last, month.following, month.before) == (
        date(2026, 10, 31),
        date(2026, 11, 1),
        date(2026, 9, 1),
    )


def test_a_month_in_which_clocks_change_has_its_real_length() -> None:
    start, end = month_named("2026-10", BERLIN, NOW + timedelta(days=9)).span

    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(days=31, hours=1)


def test_the_running_month_is_known_up_to_now() -> None:
    month = month_named("2026-10", TOKYO, NOW - timedelta(minutes=1))

    assert month.is_running
    assert month.cut == NOW - timedelta(minutes=1)
    assert month.last == date(2026, 10, 31)


def test_a_month_to_come_is_refused() -> None:
    assert month_named("2026-11", TOKYO, NOW).name == "2026-11"
    with pytest.raises(NotPossible):
        month_named("2026-11", TOKYO, NOW - timedelta(microseconds=1))
