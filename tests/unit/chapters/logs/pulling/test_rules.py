"""What is fetched next, and what is new in it."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from toban.chapters.logs.formats.convert import Surroundings
from toban.chapters.logs.pulling.rules import PullPosition, lines, new, unseen, window
from toban.chapters.logs.pulling.source import LogSourceConfig, PulledEvent

MINUTE = 60_000
HOUR = 60 * MINUTE
NOW = 1795694400_000
CONFIG = LogSourceConfig(late=timedelta(minutes=5), since=timedelta(hours=2))
AROUND = Surroundings(UTC, datetime(2026, 11, 26, tzinfo=UTC))


@pytest.mark.parametrize(
    ("position", "start", "through"),
    [
        (None, NOW - 2 * HOUR, NOW - HOUR),
        (PullPosition(NOW - MINUTE, NOW - MINUTE), NOW - 6 * MINUTE, NOW),
        (PullPosition(NOW - 10 * HOUR, NOW - 10 * HOUR), NOW - 10 * HOUR - 5 * MINUTE, NOW - 9 * HOUR),
        (PullPosition(NOW + HOUR, NOW + HOUR), NOW + 55 * MINUTE, NOW + HOUR),
    ],
    ids=["first", "next", "after a long absence", "the clock was set back"],
)
def test_a_fetch_window_moves_on_and_overlaps_for_late_events(
    position: PullPosition | None, start: int, through: int
) -> None:
    asked = window(position, CONFIG, NOW)

    assert (asked.start, asked.through) == (start, through)


def event(id: str, at: int = NOW, came_at: int = NOW, message: str = "x") -> PulledEvent:  # noqa: A002
    return PulledEvent(id, at, came_at, message, "s")


def test_events_ingested_before_the_last_look_were_already_seen() -> None:
    position = PullPosition(NOW - 10 * MINUTE, NOW - 10 * MINUTE)
    old, late, fresh = (
        event("old", NOW - 17 * MINUTE, NOW - 16 * MINUTE),
        event("late", NOW - 17 * MINUTE, NOW - 5 * MINUTE),
        event("fresh", NOW - 10 * MINUTE, NOW - 16 * MINUTE),
    )

    assert unseen([old, late, fresh], position) == [late, fresh]
    assert unseen([old, late, fresh], None) == [old, late, fresh]


def test_stored_or_repeated_events_are_not_new() -> None:
    assert new([event("a"), event("b"), event("b")], {"a"}) == [event("b")]


def test_a_line_has_the_time_of_its_event_and_keeps_its_own() -> None:
    events = [
        event("1", message='{"time":"2026-11-26T00:00:00Z",\n"level":"ERROR","message":"no"}'),
        event("2", message="2026-11-25 23:59:59 WARN first\n  second"),
    ]

    first, second = map(orjson.loads, lines(events, CONFIG, AROUND).split(b"\n"))

    assert first == {
        "timestamp": 1795694400.0,
        "level": "ERROR",
        "message": "no",
        "loggedAt": "2026-11-26T00:00:00Z",
        "logStream": "s",
        "eventId": "1",
    }
    assert (second["timestamp"], second["level"]) == (1795694400.0, "WARN")
    assert second["message"] == "2026-11-25 23:59:59 WARN first\n  second"
