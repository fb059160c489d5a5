"""Rows of logs by time and level, drawn."""

from datetime import UTC, datetime, timedelta

from toban.engine.telemetry.logs.search import Span
from toban.faces.web.logs.chart import CHART_HEIGHT, histogram

NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_each_bar_stands_on_its_worst_level_and_the_highest_fills_the_drawing() -> None:
    found = {(NOON, "INFO"): 60, (NOON, "ERROR"): 40, (NOON + MINUTE, "INFO"): 50}

    drawn = histogram(found, Span(NOON, NOON + 3 * MINUTE), MINUTE)

    first, second, third = drawn.bars
    assert [(each.kind, each.y, each.height) for each in first.pieces] == [
        ("error", 60.0, 40.0),
        ("info", 0.0, 60.0),
    ]
    assert [(each.kind, each.y, each.height) for each in second.pieces] == [("info", 50.0, 50.0)]
    assert third.pieces == ()
    assert (drawn.highest, drawn.total) == (100, 150)
    assert drawn.totals == (("ERROR", "error", 40), ("INFO", "info", 110))


def test_one_error_among_thousands_is_seen_within_the_drawing() -> None:
    drawn = histogram(
        {(NOON, "CRITICAL"): 1, (NOON, "ERROR"): 1, (NOON, "INFO"): 100_000},
        Span(NOON, NOON + MINUTE),
        MINUTE,
    )

    pieces = drawn.bars[0].pieces
    assert all(each.height >= 1 for each in pieces)
    assert min(each.y for each in pieces) >= 0
    assert sum(each.height for each in pieces) <= CHART_HEIGHT


def test_levels_that_nobody_knows_come_last_and_keep_their_names() -> None:
    drawn = histogram(
        {(NOON, "重大"): 1, (NOON, ""): 2, (NOON, "TRACE"): 3}, Span(NOON, NOON + MINUTE), MINUTE
    )

    assert drawn.totals == (("TRACE", "trace", 3), ("", "other", 2), ("重大", "other", 1))


def test_the_last_bar_ends_with_the_stretch() -> None:
    drawn = histogram({}, Span(NOON, NOON + 2.5 * MINUTE), MINUTE)

    assert [bar.end for bar in drawn.bars] == [NOON + MINUTE, NOON + 2 * MINUTE, NOON + 2.5 * MINUTE]
    assert (drawn.highest, drawn.total) == (0, 0)
