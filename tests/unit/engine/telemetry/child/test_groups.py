"""Which inserts are written together, and the answer to each of them."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256

import pytest

from toban.engine.telemetry.child.groups import Groups
from toban.engine.telemetry.child.refusal import NOT_ENOUGH_SPACE, REPEATED, UNKNOWN, RequestRefusal
from toban.engine.telemetry.store import InsertRepeated
from toban.engine.telemetry.tokens import InsertToken

CANNOT_PARSE = 27
TOO_MANY_PARTITIONS = 252


class Table:
    """The table written to; the first write blocks until it is released."""

    def __init__(self, *, holds_first: bool = False) -> None:
        self.writes: list[list[bytes]] = []
        self.too_many = 1000
        self.refused: dict[bytes, Exception] = {}
        self.is_writing = threading.Event()
        self.let_go = threading.Event()
        if not holds_first:
            self.let_go.set()

    def write(self, blocks: Sequence[bytes]) -> None:
        self.writes.append(list(blocks))
        self.is_writing.set()
        assert self.let_go.wait(10)
        if len(blocks) >= self.too_many:
            raise RequestRefusal(TOO_MANY_PARTITIONS, "too many partitions")
        for block in blocks:
            if block in self.refused:
                raise self.refused[block]


class Writers:
    """Threads that insert; those after the first wait in the order of their arrival."""

    def __init__(self, table: Table, groups: Groups | None = None) -> None:
        self.table = table
        self.groups = groups or Groups()
        self._threads = ThreadPoolExecutor(16)

    def send(self, name: str, *, cut: int = 0, seen: str = "", kind: str = "logs") -> Future[None]:
        token = InsertToken.of(sha256(name.encode()).hexdigest(), cut, seen)
        rows = f"{name}{cut or ''}".encode()
        came = self._threads.submit(self.groups.insert, kind, kind, token, rows, self.table.write)
        if name == "first":
            assert self.table.is_writing.wait(10)
        return came

    def send_in_order(self, *names: str) -> list[Future[None]]:
        sent = []
        for number, name in enumerate(names, 1):
            sent.append(self.send(name))
            until = time.monotonic() + 10
            while len(self.groups._waiting["logs"]) < number:
                assert time.monotonic() < until
                time.sleep(0.001)
        return sent


def refusal_of(future: Future[None]) -> RequestRefusal:
    with pytest.raises(RequestRefusal) as refused:
        future.result(10)
    return refused.value


def code_of(future: Future[None]) -> int:
    return refusal_of(future).code


def seen_by(future: Future[None]) -> str:
    """Return the state that a refused repetition reports as seen by its writer."""
    refusal = refusal_of(future)
    assert refusal.code == REPEATED
    return InsertRepeated(str(refusal)).seen


def test_batches_that_arrive_during_a_write_are_written_together() -> None:
    table = Table(holds_first=True)
    writers = Writers(table)
    first = writers.send("first")
    others = writers.send_in_order("a", "b", "c")

    table.let_go.set()

    for each in (first, *others):
        each.result(10)
    assert table.writes == [[b"first"], [b"a", b"b", b"c"]]


def test_a_batch_sent_twice_at_once_is_written_once() -> None:
    table = Table(holds_first=True)
    writers = Writers(table)
    sent = [writers.send("first"), writers.send("first")]

    table.let_go.set()

    outcomes = [each.exception(10) for each in sent]
    assert table.writes == [[b"first"]]
    # The second insert arrived either during the first write or after it.
    assert all(
        each is None or (isinstance(each, RequestRefusal) and each.code == REPEATED) for each in outcomes
    )
    assert None in outcomes


def test_a_batch_seen_before_is_not_written_again() -> None:
    table = Table()
    writers = Writers(table)
    writers.send("a").result(10)

    assert code_of(writers.send("a")) == REPEATED
    writers.send("a", kind="spans").result(10)

    assert table.writes == [[b"a"], [b"a"]]


def test_batches_stored_before_the_start_are_recognised() -> None:
    held = InsertToken.of(sha256(b"a").hexdigest(), 0).batch
    table = Table()
    writers = Writers(table, Groups(lambda batch: batch == ("logs", held)))

    assert code_of(writers.send("a")) == REPEATED
    writers.send("a", kind="spans").result(10)
    writers.send("b").result(10)


def test_missing_rows_are_accepted_only_from_a_writer_that_saw_the_latest_state() -> None:
    table = Table()
    writers = Writers(table)
    writers.send("a").result(10)
    seen = seen_by(writers.send("a"))

    writers.send("a", seen=seen).result(10)

    assert seen_by(writers.send("a", seen=seen)) != seen, "another may have looked before that was written"
    assert table.writes == [[b"a"], [b"a"]]


def test_a_look_taken_at_another_process_does_not_count() -> None:
    writers, others = Writers(Table()), Writers(Table())
    for each in (writers, others):
        each.send("a").result(10)

    assert code_of(writers.send("a", seen=seen_by(others.send("a")))) == REPEATED


def test_a_repetition_waits_for_the_running_write_of_its_batch() -> None:
    table = Table()
    writers = Writers(table)
    writers.send("first").result(10)
    table.let_go.clear()
    table.is_writing.clear()
    rest = writers.send("first", cut=1)

    again = writers._threads.submit(
        writers.groups.insert,
        "logs",
        "logs",
        InsertToken.of(sha256(b"first").hexdigest(), 0),
        b"",
        table.write,
    )
    time.sleep(0.05)
    assert not again.done()
    table.let_go.set()

    rest.result(10)
    writers.send("first", seen=seen_by(again)).result(10)


def test_two_writers_of_missing_rows_write_them_once() -> None:
    table = Table()
    writers = Writers(table)
    writers.send("first").result(10)
    seen = seen_by(writers.send("first"))
    table.let_go.clear()
    table.is_writing.clear()
    sent = [writers.send("first", seen=seen), writers.send("first", seen=seen)]

    table.let_go.set()

    outcomes = [each.exception(10) for each in sent]
    assert None in outcomes
    assert len(table.writes) == 2


def test_only_the_latest_batches_are_recognised() -> None:
    table = Table()
    writers = Writers(table, Groups(most_known=2))
    for token in ("a", "b", "c", "a"):
        writers.send(token).result(10)

    assert code_of(writers.send("c")) == REPEATED
    assert len(writers.groups._known) == 2


def test_a_group_has_a_size_limit() -> None:
    table = Table(holds_first=True)
    writers = Writers(table, Groups(largest=2))
    first = writers.send("first")
    others = writers.send_in_order("a", "b", "large", "c")

    table.let_go.set()

    for each in (first, *others):
        each.result(10)
    assert table.writes == [[b"first"], [b"a", b"b"], [b"large"], [b"c"]]


def test_rows_that_do_not_parse_do_not_affect_others() -> None:
    table = Table(holds_first=True)
    table.refused[b"bad"] = RequestRefusal(CANNOT_PARSE, "no JSON")
    writers = Writers(table)
    first = writers.send("first")
    good, bad, better = writers.send_in_order("good", "bad", "better")

    table.let_go.set()

    for each in (first, good, better):
        each.result(10)
    assert code_of(bad) == CANNOT_PARSE
    assert table.writes[1:] == [[b"good", b"bad", b"better"], [b"good"], [b"bad"], [b"better"]]
    # Nothing of it was stored: when it is sent again it is not a repetition.
    assert code_of(writers.send("bad")) == CANNOT_PARSE


def test_a_group_with_too_many_partitions_is_written_batch_by_batch() -> None:
    table = Table(holds_first=True)
    writers = Writers(table)
    first = writers.send("first")
    sent = writers.send_in_order("a", "b")
    table.too_many = 2

    table.let_go.set()

    for each in (first, *sent):
        each.result(10)
    assert table.writes[1:] == [[b"a", b"b"], [b"a"], [b"b"]]


def test_a_batch_that_stored_nothing_is_not_a_repetition() -> None:
    table = Table()
    table.refused[b"a"] = RequestRefusal(NOT_ENOUGH_SPACE, "the disk is full", stored_nothing=True)
    writers = Writers(table)

    assert code_of(writers.send("a")) == NOT_ENOUGH_SPACE
    table.refused.clear()

    writers.send("a").result(10)


def test_a_batch_that_failed_in_a_group_must_be_looked_up() -> None:
    table = Table(holds_first=True)
    table.refused[b"b"] = RequestRefusal(NOT_ENOUGH_SPACE, "the disk is full")
    writers = Writers(table)
    first = writers.send("first")
    sent = writers.send_in_order("a", "b")

    table.let_go.set()

    first.result(10)
    assert [code_of(each) for each in sent] == [NOT_ENOUGH_SPACE, NOT_ENOUGH_SPACE]
    assert [code_of(writers.send(token)) for token in ("a", "b")] == [REPEATED, REPEATED]


def test_an_unexpected_failure_leaves_no_writer_waiting() -> None:
    table = Table(holds_first=True)
    table.refused[b"b"] = OSError("no memory")
    writers = Writers(table)
    first = writers.send("first")
    sent = writers.send_in_order("a", "b")

    table.let_go.set()

    first.result(10)
    told = [each.exception(10) for each in sent]
    assert sorted(type(each).__name__ for each in told) == ["OSError", "RequestRefusal"]
    assert [each.code for each in told if isinstance(each, RequestRefusal)] == [UNKNOWN]
    writers.send("c").result(10)
