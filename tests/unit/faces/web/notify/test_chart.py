"""What was measured around an alert, drawn."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.engine.telemetry.samples import Point
from toban.faces.web.notify.chart import Limit, draw, span

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def points(*values: float, every: timedelta = MINUTE) -> list[Point]:
    return [Point(NOON + number * every, value, value, value) for number, value in enumerate(values)]


@pytest.mark.parametrize(
    ("lasted", "before", "after"),
    [
        (4 * MINUTE, 30 * MINUTE, 15 * MINUTE),
        (4 * HOUR, 2 * HOUR, 2 * HOUR),
    ],
)
def test_the_trouble_stands_in_the_middle(lasted: timedelta, before: timedelta, after: timedelta) -> None:
    start, end = span(NOON, NOON + lasted, NOON + 100 * HOUR)

    assert (NOON - start, end - NOON - lasted) == (before, after)


def test_what_goes_on_is_drawn_up_to_now() -> None:
    assert span(NOON, None, NOON + HOUR) == (NOON - 30 * MINUTE, NOON + HOUR)


def test_nothing_is_drawn_that_is_still_to_come() -> None:
    assert span(NOON, NOON + HOUR, NOON + HOUR + MINUTE)[1] == NOON + HOUR + MINUTE


def test_limits_stand_where_their_values_are() -> None:
    drawn = draw(points(0, 50), [Limit("critical", 100, "100%以上")], [], NOON, NOON + 4 * MINUTE, "%")

    (limit,) = drawn.limits
    # Eight hundredths of room above the highest.
    assert limit.share == pytest.approx(100 - 100 / 1.08, abs=0.01)
    assert drawn.path == "M0.0 1000.0h0L250.0 537.0"
    assert (drawn.low, drawn.high, drawn.last) == (0, 50, 50)


def test_moments_within_the_drawing_are_marked() -> None:
    marks = [(NOON + MINUTE, "breach"), (NOON + 9 * MINUTE, "over")]

    drawn = draw(points(1, 2), [], marks, NOON, NOON + 4 * MINUTE, "%")

    assert [(mark.kind, mark.share) for mark in drawn.marks] == [("breach", 25.0)]


def test_the_line_breaks_off_where_nothing_was_measured() -> None:
    measured = [each for each in points(*[1.0] * 12) if not 4 <= each.at.minute <= 8]

    drawn = draw(measured, [], [], NOON, NOON + HOUR, "%")

    assert drawn.path.count("M") == 2


def test_a_row_that_is_measured_seldom_is_one_line_all_the_same() -> None:
    drawn = draw(points(1, 1, 1, every=HOUR), [], [], NOON, NOON + 3 * HOUR, "%")

    assert drawn.path.count("M") == 1
