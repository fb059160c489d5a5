"""A week compared with the previous one."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.errors.reviewing.review import ErrorTrend, ErrorWeek, review, trend, week_of

TOKYO = ZoneInfo("Asia/Tokyo")
WEEK = week_of(date(2026, 11, 26), TOKYO)
LONG_AGO = datetime(2026, 1, 1, tzinfo=TOKYO)


def test_a_week_goes_from_monday_to_monday_in_the_documents_zone() -> None:
    assert WEEK.start == datetime(2026, 11, 23, tzinfo=TOKYO)
    assert WEEK.end == datetime(2026, 11, 30, tzinfo=TOKYO)
    assert WEEK.before.after == WEEK


@pytest.mark.parametrize(
    ("first_seen", "regressed_at", "count", "before", "went"),
    [
        (WEEK.start, None, 1, 0, ErrorTrend.NEW),
        (WEEK.end - timedelta(seconds=1), None, 9, 0, ErrorTrend.NEW),
        (LONG_AGO, WEEK.start, 3, 0, ErrorTrend.BACK),
        (LONG_AGO, WEEK.start - timedelta(seconds=1), 10, 5, ErrorTrend.GROWS),
        (LONG_AGO, None, 9, 5, ErrorTrend.STAYS),
        (LONG_AGO, None, 4, 1, ErrorTrend.STAYS),
        (LONG_AGO, None, 5, 0, ErrorTrend.GROWS),
        (LONG_AGO, None, 5, 10, ErrorTrend.SHRINKS),
        (LONG_AGO, None, 0, 2, ErrorTrend.GONE),
        (LONG_AGO, None, 0, 0, None),
    ],
)
def test_the_weekly_trend_of_an_error_is_classified(
    first_seen: datetime, regressed_at: datetime | None, count: int, before: int, went: ErrorTrend | None
) -> None:
    assert trend(ErrorWeek(1, first_seen, regressed_at, count, before), WEEK) is went


def test_new_and_growing_errors_come_first_sorted_by_frequency() -> None:
    errors = [
        ErrorWeek(1, LONG_AGO, None, 0, 4),
        ErrorWeek(2, WEEK.start, None, 3, 0),
        ErrorWeek(3, WEEK.start, None, 30, 0),
        ErrorWeek(4, LONG_AGO, None, 50, 20),
        ErrorWeek(5, LONG_AGO, None, 0, 0),
    ]

    assert [each.number for each in review(errors, WEEK)] == [3, 2, 4, 1]
