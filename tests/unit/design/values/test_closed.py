"""Closing days."""

from datetime import date

import pytest

from toban.design.values.days_off.closed import read_closed_days


@pytest.mark.parametrize(
    ("day", "is_closed"),
    [
        (date(2026, 12, 28), False),
        (date(2026, 12, 29), True),
        (date(2026, 12, 31), True),
        (date(2027, 1, 1), True),
        (date(2027, 1, 3), True),
        (date(2027, 1, 4), False),
        (date(2027, 7, 1), False),
        (date(2035, 1, 3), True),
    ],
)
def test_yearly_closing_days_may_span_the_new_year(day: date, is_closed: bool) -> None:
    found = read_closed_days("12-29..01-03")

    assert found is not None
    assert found.has(day) is is_closed


def test_closing_days_with_a_year_apply_only_to_that_year() -> None:
    days = read_closed_days("2026-08-13 .. 2026-08-14")

    assert days is not None
    august = [day for day in range(1, 32) if days.has(date(2026, 8, day))]
    assert (august, days.has(date(2027, 8, 13))) == ([13, 14], False)


def test_the_leap_day_applies_in_every_leap_year() -> None:
    leap_day = read_closed_days("02-29")

    assert leap_day is not None
    assert (leap_day.has(date(2028, 2, 29)), leap_day.has(date(2027, 2, 28))) == (True, False)


@pytest.mark.parametrize("text", ["12-29..01-03", "08-15", "2026-08-13", "2026-08-13..2026-08-15"])
def test_closing_days_are_written_back_as_they_were_read(text: str) -> None:
    assert str(read_closed_days(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "年末年始", "13-01", "02-30", "2027-02-29", "2026-12-29..01-03", "2026-08-15..2026-08-13", "1-3"],
)
def test_text_without_valid_days_is_refused(text: str) -> None:
    assert read_closed_days(text) is None
