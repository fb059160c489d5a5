"""The messages of a log stream, and the log between the network and the store."""

import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.chapters.backup.engines.native.protocol.segments import WalSegment, assemble
from toban.chapters.backup.engines.native.protocol.stream import (
    Keepalive,
    LogGap,
    LogReceived,
    Portion,
    WalTail,
    read_message,
    status_update,
)

SIZE = 1 << 20
FIRST = WalSegment(1, 7, SIZE)


def log(start: int, content: bytes) -> LogReceived:
    return LogReceived(start, memoryview(content))


def test_server_messages_are_parsed() -> None:
    part = struct.pack("!cqqq", b"w", 0x16B374D848, 0x16B374D900, 1) + b"log"
    asking = struct.pack("!cqqB", b"k", 0x16B374D848, 1, 1)

    received = read_message(memoryview(part))

    assert isinstance(received, LogReceived)
    assert (received.start, bytes(received.content)) == (0x16B374D848, b"log")
    assert read_message(memoryview(asking)) == Keepalive(wants_answer=True)
    with pytest.raises(ValueError, match="no message"):
        read_message(memoryview(b"x"))


def test_the_reply_states_the_received_and_the_durable_position() -> None:
    second = datetime(2000, 1, 1, 0, 0, 1, tzinfo=UTC)

    assert status_update(20, 10, second) == struct.pack("!cqqqqB", b"r", 20, 10, 0, 1_000_000, 0)


@given(st.lists(st.tuples(st.integers(1, SIZE * 5 // 4), st.booleans()), max_size=12))
def test_every_byte_is_passed_on_at_its_position_however_it_arrived(steps: list[tuple[int, bool]]) -> None:
    tail, at, whole = WalTail(FIRST), FIRST.start, {}
    pieces: dict[int, dict[int, bytes]] = {}

    def keep(portion: Portion) -> None:
        if portion.is_whole:
            whole[portion.segment.number] = portion.content
        else:
            pieces.setdefault(portion.segment.number, {})[portion.offset] = portion.content

    for length, wants_piece in steps:
        for portion in tail.take_in(log(at, bytes_at(at, length))):
            keep(portion)
        at += length
        if wants_piece and (piece := tail.piece()) is not None:
            assert piece.end == at
            keep(piece)

    last = tail.piece()
    if last is not None:
        keep(last)
    assert tail.received == at
    for number, content in whole.items():
        assert content == bytes_at(number * SIZE, SIZE)
    assert sorted(whole) == list(range(FIRST.number, tail.segment.number))
    known = at - tail.segment.start
    if known:
        assert assemble(pieces[tail.segment.number], SIZE) == (
            bytes_at(tail.segment.start, known).ljust(SIZE, b"\0"),
            known,
        )


def test_log_that_does_not_continue_the_last_position_is_a_gap() -> None:
    tail = WalTail(FIRST)
    list(tail.take_in(log(FIRST.start, b"abc")))

    with pytest.raises(LogGap, match="から続きません"):
        list(tail.take_in(log(FIRST.start + 4, b"e")))


def test_there_is_no_piece_without_new_log() -> None:
    tail = WalTail(FIRST)
    list(tail.take_in(log(FIRST.start, b"abc")))

    assert tail.piece() == Portion(FIRST, 0, b"abc")
    assert tail.piece() is None


def bytes_at(start: int, length: int) -> bytes:
    """Return bytes that differ from position to position and are cheap to compute."""
    period = bytes(range(251))
    shift = start % len(period)
    return (period * (length // len(period) + 2))[shift : shift + length]
