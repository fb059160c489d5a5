"""Ends of runs that accumulate while others are being written."""

import threading
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import pytest

from toban.engine.runs.claiming.claim import Claim, Fenced, Success
from toban.engine.runs.claiming.endings import Endings

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


def end(run_id: int) -> Success:
    return Success(Claim(run_id, 1, "B001", NOON, {}, {}))


class Tables:
    """Tables that record which ends were written together; the first write blocks until released."""

    def __init__(self, *, fenced: Collection[int] = (), trouble: Exception | None = None) -> None:
        self.written: list[list[int]] = []
        self.may_go_on = threading.Event()
        self._fenced = fenced
        self.trouble = trouble

    def write_all(self, ends: Sequence[Success]) -> Collection[int]:
        self.written.append([each.held.run_id for each in ends])
        assert self.may_go_on.wait(10)
        if self.trouble is not None:
            raise self.trouble
        return self._fenced


def written_by_threads(tables: Tables, count: int) -> dict[int, Exception | None]:
    """End runs 1 to *count* while run 0's end is being written, and return the outcome of each thread."""
    endings = Endings(tables.write_all)
    told: dict[int, Exception | None] = {}
    are_at_it = threading.Barrier(count + 1)

    def write(run_id: int) -> None:
        if run_id:
            are_at_it.wait(10)
        try:
            endings.write(end(run_id))
            told[run_id] = None
        except (Fenced, OSError) as error:
            told[run_id] = error

    threads = [threading.Thread(target=write, args=(run_id,)) for run_id in range(count + 1)]
    threads[0].start()
    while not tables.written:
        threading.Event().wait(0.001)
    for thread in threads[1:]:
        thread.start()
    are_at_it.wait(10)
    # From there the threads soon reach the point where they wait for the writer.
    threading.Event().wait(0.05)
    tables.may_go_on.set()
    for thread in threads:
        thread.join()
    return told


def test_ends_that_arrive_during_a_write_are_written_together() -> None:
    tables = Tables()

    told = written_by_threads(tables, 20)

    first, *others = tables.written
    assert first == [0]
    # However the threads are scheduled, they do not arrive one by one.
    assert len(others) < 20
    assert sorted(run_id for each in others for run_id in each) == list(range(1, 21))
    assert told == dict.fromkeys(range(21))


def test_only_replaced_workers_are_told_that_they_were_replaced() -> None:
    told = written_by_threads(Tables(fenced={2}), 3)

    assert {run_id for run_id, error in told.items() if isinstance(error, Fenced)} == {2}


def test_a_write_error_is_raised_for_every_end_being_written() -> None:
    told = written_by_threads(Tables(trouble=OSError("away")), 2)

    assert all(isinstance(error, OSError) for error in told.values())


def test_an_end_can_be_written_again_after_an_error() -> None:
    tables = Tables(trouble=OSError("away"))
    tables.may_go_on.set()
    endings = Endings(tables.write_all)
    with pytest.raises(OSError, match="away"):
        endings.write(end(1))

    tables.trouble = None
    endings.write(end(1))

    assert tables.written == [[1], [1]]


def test_the_first_of_several_that_end_at_once_is_not_written_alone() -> None:
    tables = Tables()
    tables.may_go_on.set()
    second_may_come, asked = threading.Event(), 0

    def in_progress() -> int:
        nonlocal asked
        asked += 1
        if asked == 1:
            second_may_come.set()
            # Longer than a thread takes to begin, on a busy machine, too.
            threading.Event().wait(0.5)
        return 2

    endings = Endings(tables.write_all, in_progress)

    def write_second() -> None:
        assert second_may_come.wait(10)
        endings.write(end(1))

    second = threading.Thread(target=write_second)
    second.start()
    endings.write(end(0))
    second.join()

    assert tables.written == [[0, 1]]


def test_an_end_does_not_wait_long_for_runs_that_go_on() -> None:
    tables = Tables()
    tables.may_go_on.set()
    began = time.monotonic()

    Endings(tables.write_all, lambda: 5).write(end(0))

    assert tables.written == [[0]]
    assert time.monotonic() - began < 1
