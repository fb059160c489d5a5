"""A sparkline is aligned with time and has gaps where nothing was measured."""

from datetime import UTC, datetime, timedelta

from toban.faces.web.spark import HEIGHT, WIDTH, strokes

START = datetime(2026, 4, 1, tzinfo=UTC)
END = START + timedelta(hours=6)


def point(minutes: int, value: float) -> tuple[datetime, float]:
    return START + timedelta(minutes=minutes), value


def test_without_measurements_nothing_is_drawn() -> None:
    assert strokes([], START, END) == ""


def test_a_flat_line_is_drawn_in_the_middle() -> None:
    assert strokes([point(0, 5), point(6, 5)], START, END) == f"M0.0 {HEIGHT / 2}h0L1.6 {HEIGHT / 2}"


def test_the_line_has_a_gap_after_more_than_three_points_without_a_value() -> None:
    drawn = strokes([point(0, 1), point(18, 2), point(37, 3)], START, END)

    assert drawn.count("M") == 2


def test_the_last_moment_is_at_the_right_edge() -> None:
    assert strokes([point(360, 1)], START, END).startswith(f"M{WIDTH}.0 ")
