"""The parameters in the URL of the log page."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.engine.telemetry.logs.search import RowPosition, TimeSpan
from toban.faces.logs.choice import (
    BARS,
    LENGTHS,
    BadRange,
    LogChoice,
    choice,
    moment_in,
    place_in,
    place_text,
    span_of,
    step_of,
    written,
)

TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 26, 11, 23, 45, 678901, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_choice_survives_being_written_as_a_query() -> None:
    asked = {"q": 'level:ERROR "a  b"', "from": "2026-11-26T09:00", "to": "2026-11-26T10:00"}

    chosen = choice(asked)

    assert chosen == LogChoice('level:ERROR "a  b"', "1h", "2026-11-26T09:00", "2026-11-26T10:00")
    assert chosen.query == "q=level%3AERROR+%22a++b%22&from=2026-11-26T09%3A00&to=2026-11-26T10%3A00"


def test_an_invalid_length_means_the_default() -> None:
    assert choice({"last": "forever"}).last == "1h"


@pytest.mark.parametrize("last", LENGTHS)
def test_a_relative_time_range_is_rounded_out_to_whole_bars(last: str) -> None:
    span = span_of(LogChoice(last=last), TOKYO, NOW)

    step = step_of(span)
    assert span.start <= NOW - LENGTHS[last]
    assert span.end > NOW
    assert (span.end - span.start) % step == timedelta(0)
    assert (span.end - span.start) / step <= BARS


def test_typed_times_are_in_the_documents_zone() -> None:
    span = span_of(LogChoice(begin="2026-11-26T09:00", end="2026-11-26T10:00:30"), TOKYO, NOW)

    assert span == TimeSpan(
        datetime(2026, 11, 26, 0, 0, tzinfo=UTC), datetime(2026, 11, 26, 1, 0, 30, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("chosen", "length"),
    [(LogChoice(end="2026-11-26T10:00"), HOUR), (LogChoice(begin="2026-11-26T19:23:45.678901"), HOUR)],
)
def test_one_end_of_a_time_range_is_enough(chosen: LogChoice, length: timedelta) -> None:
    span = span_of(chosen, TOKYO, NOW)

    assert span.end - span.start == pytest.approx(length, abs=timedelta(milliseconds=1))


def test_the_repeated_hour_of_a_clock_change_counts_as_two_hours() -> None:
    span = span_of(LogChoice(begin="2026-10-25T02:00", end="2026-10-25T03:00"), BERLIN, NOW)

    assert span.end - span.start == 2 * HOUR


@pytest.mark.parametrize(
    "chosen",
    [
        LogChoice(begin="yesterday"),
        LogChoice(begin="1999-12-31T23:59"),
        LogChoice(end="2200-01-01T00:00"),
        LogChoice(begin="2026-11-26T10:00", end="2026-11-26T10:00"),
    ],
)
def test_an_invalid_time_range_is_refused(chosen: LogChoice) -> None:
    with pytest.raises(BadRange):
        span_of(chosen, TOKYO, NOW)


@pytest.mark.parametrize(
    "at",
    [datetime(2026, 11, 26, 0, 0, tzinfo=UTC), datetime(2026, 11, 26, 0, 0, 7, tzinfo=UTC)],
)
def test_a_written_moment_is_read_back(at: datetime) -> None:
    assert moment_in(written(at, TOKYO), TOKYO) == at


def test_a_page_position_is_read_back_as_it_was_written() -> None:
    place = RowPosition(1_764_156_000_123, 2**64 - 1, 10_000)

    assert place_in(place_text(place)) == place


@pytest.mark.parametrize(
    "text", ["", "1", "1-2", "1-2-3-4", "a-1-1", "²-1-1", "-1-1-1", f"1-{2**64}-1", f"1-1-{2**32 - 1}"]
)
def test_an_invalid_page_position_is_ignored(text: str) -> None:
    assert place_in(text) is None
