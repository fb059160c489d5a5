"""The end of a batch, and the time of the next attempt."""

import pytest

from toban.chapters.logs.intake.limits import LONGEST_LINE
from toban.faces.agent.courier import pause
from toban.faces.agent.files.cutting import MOST, body_of, end_of, mark_of


@pytest.mark.parametrize(
    ("chunk", "is_last", "end"),
    [
        (b"", False, 0),
        (b"a\nb\nc", False, 4),
        (b"c", False, 0),
        (b"c", True, 1),
        (b"a\nc", True, 2),
        (b"x" * MOST, False, MOST),
    ],
)
def test_a_batch_ends_at_the_end_of_a_line(chunk: bytes, is_last: bool, end: int) -> None:
    assert end_of(chunk, is_last=is_last) == end


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_in_utf_16_a_batch_ends_where_a_character_does(codec: str) -> None:
    mark = "\ufeff".encode(codec)

    def end(text: str, more: bytes = b"", *, is_last: bool = False) -> int:
        return end_of(text.encode(codec) + more, is_last=is_last, mark=mark)

    # Halves of 《, Ċ and others are the byte of a line's end.
    assert end("《a\n《Ċ਀") == 6
    assert end("《Ċ਀") == 0
    assert end("《Ċ", b"\x0a", is_last=True) == 4
    assert end("a\n", b"\x0a") == 4
    assert mark_of(mark + b"a") == mark
    assert mark_of(b"2026-11-26") == b""


def test_in_utf_16_every_body_begins_with_the_mark() -> None:
    mark, line = "\ufeff".encode("utf-16-le"), "a\n".encode("utf-16-le")

    assert body_of(line, mark) == body_of(mark + line, mark) == mark + line
    assert body_of(mark, mark) == b""


@pytest.mark.parametrize(
    ("batch", "lengths"),
    [
        (b"a\n", [1, 0]),
        (b"x" * LONGEST_LINE + b"\n", [LONGEST_LINE, 0]),
        (b"x" * (2 * LONGEST_LINE + 1), [LONGEST_LINE, LONGEST_LINE, 1]),
        (b"\0\0\n\r\n", [0]),
    ],
)
def test_lines_are_cut_at_the_servers_limit(batch: bytes, lengths: list[int]) -> None:
    assert [len(line) for line in body_of(batch).split(b"\n")] == lengths


@pytest.mark.parametrize(
    ("attempts", "asked", "seconds"),
    [(1, 0, 1), (2, 0, 2), (7, 0, 60), (2000, 0, 60), (1, 5, 5), (1, 86_400, 60)],
)
def test_pauses_grow_to_a_minute_and_respect_the_server(attempts: int, asked: float, seconds: float) -> None:
    assert pause(attempts, asked) == seconds
