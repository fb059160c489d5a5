"""The end of a batch, and the time of the next attempt."""

import pytest

from toban.chapters.logs.intake.limits import LONGEST_LINE
from toban.faces.agent.courier import pause
from toban.faces.agent.files.cutting import MOST, body_of, end_of


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
