"""The output of runs, in the real store."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.engine.telemetry.output import OutputLine
from toban.engine.telemetry.store import StoreUnavailable, Telemetry

NOW = datetime.now(UTC).replace(microsecond=123_000)


def lines(run: int, count: int, fence: int = 1) -> list[OutputLine]:
    return [
        OutputLine(run, fence, number, NOW + timedelta(seconds=number), "command", f"行 {number} \"'\\\t\0")
        for number in range(1, count + 1)
    ]


def test_lines_are_read_back_as_they_were_written(telemetry: Telemetry) -> None:
    telemetry.write_output(lines(1, 3), token="one")

    assert telemetry.output(1, limit=10) == lines(1, 3)


def test_lines_are_read_page_by_page_in_the_order_of_their_claims(telemetry: Telemetry) -> None:
    telemetry.write_output(lines(2, 2, fence=2), token="second claim")
    telemetry.write_output(lines(2, 2, fence=1), token="first claim")

    first = telemetry.output(2, limit=3)
    rest = telemetry.output(2, after=(first[-1].fence, first[-1].number), limit=3)

    assert [(line.fence, line.number) for line in (*first, *rest)] == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_the_same_lines_sent_again_are_stored_once(telemetry: Telemetry) -> None:
    telemetry.write_output(lines(3, 2), token="again")
    telemetry.write_output(lines(3, 2), token="again")
    telemetry.write_output(lines(3, 2), token="in doubt, and sent as new")

    assert telemetry.output(3, limit=10) == lines(3, 2)


def test_a_run_that_wrote_nothing_has_no_lines(telemetry: Telemetry) -> None:
    assert telemetry.output(4, limit=10) == []


def test_an_unreachable_store_is_reported() -> None:
    with pytest.raises(StoreUnavailable):
        Telemetry("http://toban:x@127.0.0.1:9/toban").write_output(lines(5, 1), token="one")
