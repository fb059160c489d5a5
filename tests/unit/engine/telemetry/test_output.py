"""The output of runs, waiting for the store."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from toban.engine.telemetry.output import OutputBuffer, OutputLine
from toban.engine.telemetry.store import StoreUnavailable

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


def lines(first: int, count: int, text: str = "x") -> list[OutputLine]:
    return [OutputLine(7, 1, number, NOON, "command", text) for number in range(first, first + count)]


class Store:
    """Accepts lines, or is down as long as the test says."""

    def __init__(self) -> None:
        self.is_away = False
        self.taken: list[tuple[list[int], str]] = []

    def write_output(self, lines: Sequence[OutputLine], *, token: str) -> None:
        self.taken.append(([line.number for line in lines], token))
        if self.is_away:
            raise StoreUnavailable("away")


def test_lines_are_stored_in_order_in_batches() -> None:
    store = Store()
    buffer = OutputBuffer(store)
    buffer.add(lines(1, 5_001))

    buffer.flush()

    assert [len(numbers) for numbers, _ in store.taken] == [5_000, 1]
    assert store.taken[1][0] == [5_001]
    assert buffer.pending == 0


def test_lines_that_may_be_stored_are_resent_alone_with_the_same_token() -> None:
    store = Store()
    buffer = OutputBuffer(store)
    buffer.add(lines(1, 2))
    store.is_away = True
    with pytest.raises(StoreUnavailable):
        buffer.flush()
    buffer.add(lines(3, 1))
    store.is_away = False

    buffer.flush()

    (first, token), (again, same), (rest, other) = store.taken
    assert (first, again, rest) == ([1, 2], [1, 2], [3])
    assert token == same != other


def test_during_a_store_outage_the_oldest_lines_are_dropped_when_space_runs_out() -> None:
    store = Store()
    buffer = OutputBuffer(store, bound=10)

    buffer.add(lines(1, 3, "12345"))
    buffer.flush()

    assert store.taken[0][0] == [2, 3]
    assert buffer.dropped == 1


def test_a_permanently_refused_batch_delays_no_other() -> None:
    store = Store()
    buffer = OutputBuffer(store)
    buffer.add(lines(1, 2))
    store.is_away = True
    with pytest.raises(StoreUnavailable):
        buffer.flush()
    store.is_away = False

    buffer.give_up_batch()
    buffer.add(lines(3, 1))
    buffer.flush()

    assert store.taken[-1][0] == [3]
    assert buffer.dropped == 2
