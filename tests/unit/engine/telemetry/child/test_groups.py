"""Which inserts are written together, and what each of them is told."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from toban.engine.telemetry.child.groups import Groups
from toban.engine.telemetry.child.refusal import NOT_ENOUGH_SPACE, REPEATED, UNKNOWN, Refused

CANNOT_PARSE = 27


class Table:
    """What is written to; the first write waits until it is let go."""

    def __init__(self, *, holds_first: bool = False) -> None:
        self.writes: list[list[bytes]] = []
        self.refused: dict[bytes, Exception] = {}
        self.is_writing = threading.Event()
        self.let_go = threading.Event()
        if not holds_first:
            self.let_go.set()

    def write(self, blocks: Sequence[bytes]) -> None:
        self.writes.append(list(blocks))
        self.is_writing.set()
        assert self.let_go.wait(10)
        for block in blocks:
            if block in self.refused:
                raise self.refused[block]


class Writers:
    """Threads that insert; those after the first wait in the order in which they came."""

    def __init__(self, table: Table, groups: Groups | None = None) -> None:
        self.table = table
        self.groups = groups or Groups()
        self._threads = ThreadPoolExecutor(16)

    def send(self, token: str, kind: str = "logs") -> Future[None]:
        came = self._threads.submit(self.groups.insert, kind, token, token.encode(), self.table.write)
        if token == "first":
            assert self.table.is_writing.wait(10)
        return came

    def send_in_order(self, *tokens: str) -> list[Future[None]]:
        sent = []
        for number, token in enumerate(tokens, 1):
            sent.append(self.send(token))
            while len(self.groups._waiting["logs"]) < number:
                time.sleep(0.001)
        return sent


def code_of(future: Future[None]) -> int:
    with pytest.raises(Refused) as refused:
        future.result(10)
    return refused.value.code


def test_what_comes_while_one_is_written_is_written_together() -> None:
    table = Table(holds_first=True)
    writers = Writers(table)
    first = writers.send("first")
    others = writers.send_in_order("a", "b", "c")

    table.let_go.set()

    for each in (first, *others):
        each.result(10)
    assert table.writes == [[b"first"], [b"a", b"b", b"c"]]


def test_what_is_sent_twice_at_once_is_written_once() -> None:
    table = Table(holds_first=True)
    writers = Writers(table)
    sent = [writers.send("first"), writers.send("first")]

    table.let_go.set()

    outcomes = [each.exception(10) for each in sent]
    assert table.writes == [[b"first"]]
    # The second came either while the first was written or after it.
    assert all(each is None or (isinstance(each, Refused) and each.code == REPEATED) for each in outcomes)
    assert None in outcomes


def test_what_has_come_before_is_not_written_again() -> None:
    table = Table()
    writers = Writers(table)
    writers.send("a").result(10)

    assert code_of(writers.send("a")) == REPEATED
    writers.send("a", kind="spans").result(10)

    assert table.writes == [[b"a"], [b"a"]]


def test_only_the_latest_are_known_again() -> None:
    table = Table()
    writers = Writers(table, Groups(most_known=2))
    for token in ("a", "b", "c", "a"):
        writers.send(token).result(10)

    assert code_of(writers.send("c")) == REPEATED


def test_a_group_has_a_bound() -> None:
    table = Table(holds_first=True)
    writers = Writers(table, Groups(largest=2))
    first = writers.send("first")
    others = writers.send_in_order("a", "b", "large", "c")

    table.let_go.set()

    for each in (first, *others):
        each.result(10)
    assert table.writes == [[b"first"], [b"a", b"b"], [b"large"], [b"c"]]


def test_rows_that_do_not_parse_hold_up_no_others() -> None:
    table = Table(holds_first=True)
    table.refused[b"bad"] = Refused(CANNOT_PARSE, "no JSON")
    writers = Writers(table)
    first = writers.send("first")
    good, bad, better = writers.send_in_order("good", "bad", "better")

    table.let_go.set()

    for each in (first, good, better):
        each.result(10)
    assert code_of(bad) == CANNOT_PARSE
    assert table.writes[1:] == [[b"good", b"bad", b"better"], [b"good"], [b"bad"], [b"better"]]
    # Nothing of it is there: it is no repetition when it comes again.
    assert code_of(writers.send("bad")) == CANNOT_PARSE


def test_what_failed_with_others_is_to_be_looked_for() -> None:
    table = Table(holds_first=True)
    table.refused[b"b"] = Refused(NOT_ENOUGH_SPACE, "the disk is full")
    writers = Writers(table)
    first = writers.send("first")
    sent = writers.send_in_order("a", "b")

    table.let_go.set()

    first.result(10)
    assert [code_of(each) for each in sent] == [NOT_ENOUGH_SPACE, NOT_ENOUGH_SPACE]
    assert [code_of(writers.send(token)) for token in ("a", "b")] == [REPEATED, REPEATED]


def test_a_failure_that_nobody_foresaw_leaves_nobody_waiting() -> None:
    table = Table(holds_first=True)
    table.refused[b"b"] = OSError("no memory")
    writers = Writers(table)
    first = writers.send("first")
    sent = writers.send_in_order("a", "b")

    table.let_go.set()

    first.result(10)
    told = [each.exception(10) for each in sent]
    assert sorted(type(each).__name__ for each in told) == ["OSError", "Refused"]
    assert [each.code for each in told if isinstance(each, Refused)] == [UNKNOWN]
    writers.send("c").result(10)
