"""Compressed bodies are unpacked within bounds."""

import gzip
import os
import zlib
from collections.abc import Callable

import cramjam
import pytest
import zstandard

from toban.faces.ingest.senders import TooLarge
from toban.faces.ingest.unpacking import (
    JSON_MARKS,
    MOST_VALUES,
    PROTOBUF_MARKS,
    first_line,
    lines_in,
    refuse_too_many,
    unpacked,
)

MIB = 1024 * 1024
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.compress,
    "br": lambda body: bytes(cramjam.brotli.compress(body, level=1)),
}
REAL = b'{"level":"INFO","message":"GET /items/42 took 12 ms","at":"2026-11-27T09:30:00+09:00"}\n'


@pytest.mark.parametrize("encoding", PACKERS)
def test_logs_that_repeat_themselves_are_unpacked(encoding: str) -> None:
    body = b"".join(REAL.replace(b"42", str(number).encode()) for number in range(20_000))

    assert unpacked(PACKERS[encoding](body), encoding, 32 * MIB) == body


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd", "br"])
def test_a_small_body_does_not_become_a_large_one(encoding: str) -> None:
    """Line feeds are packed 1,000-fold by gzip and 30,000-fold by zstd."""
    bomb = PACKERS[encoding](b"{}" + b"\n" * (32 * MIB))

    with pytest.raises(TooLarge):
        unpacked(bomb, encoding, 64 * MIB)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_the_first_line_is_known_before_the_body_is_whole(encoding: str) -> None:
    packed = PACKERS[encoding](b'{"dsn":"x"}\n' + os.urandom(512 * 1024))

    assert first_line(packed[: 200 * 1024], encoding, 8192) == b'{"dsn":"x"}'
    assert first_line(packed[:3], encoding, 8192) is None


def test_a_first_line_without_end_is_refused() -> None:
    with pytest.raises(TooLarge):
        first_line(zstandard.compress(b"x" * 100_000), "zstd", 8192)
    with pytest.raises(ValueError, match="in a header or in the address"):
        first_line(b"x", "br", 8192)


@pytest.mark.parametrize(
    ("unit", "marks"),
    [(b"{},", JSON_MARKS), (b"[],", JSON_MARKS), (b"1,", JSON_MARKS), (b"\x0a\x00", PROTOBUF_MARKS)],
)
def test_more_values_than_a_parser_may_read_in_one_step_are_refused(unit: bytes, marks: bytes) -> None:
    refuse_too_many(unit * (MOST_VALUES // 4), marks)
    with pytest.raises(TooLarge):
        refuse_too_many(unit * (MOST_VALUES + 1), marks)


def test_lines_are_counted_over_all_pieces() -> None:
    assert lines_in(b"x\n" * MIB) == MIB
