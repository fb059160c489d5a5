"""The format of an increment's files, at its boundaries."""

import struct

import pytest

from toban.chapters.backup.engines.native.restoring.incremental import (
    BLOCK,
    BadIncrement,
    IncrementHead,
    is_incremental,
    read_head,
    read_numbers,
    runs,
    whole_length,
    whole_path,
)

MAGIC = 0xD3AE1F0D
LAST = 131071
"""The last block of a file of 1 GiB."""


def header(*numbers: int, truncation: int, magic: int = MAGIC) -> bytes:
    plain = struct.pack(f"<III{len(numbers)}I", magic, len(numbers), truncation, *numbers)
    return plain + bytes(-len(plain) % BLOCK if numbers else 0)


def test_a_file_without_blocks_is_only_a_header_without_padding() -> None:
    assert read_head(header(truncation=7), 12) == IncrementHead(0, 7)


def test_a_header_with_blocks_is_padded_to_a_full_block() -> None:
    head = read_head(header(3, truncation=7)[:12], 2 * BLOCK)

    assert (head.header_bytes, head.file_bytes) == (BLOCK, 2 * BLOCK)


def test_a_header_that_fills_its_block_exactly_is_not_padded() -> None:
    count = (BLOCK - 12) // 4

    assert IncrementHead(count, 0).header_bytes == BLOCK
    assert IncrementHead(count + 1, 0).header_bytes == 2 * BLOCK


def test_the_last_block_of_a_full_segment_is_accepted() -> None:
    text = header(0, LAST, truncation=LAST + 1)

    assert read_numbers(text, IncrementHead(2, LAST + 1)) == (0, LAST)


@pytest.mark.parametrize(
    ("text", "size", "words"),
    [
        (header(truncation=0)[:11], 11, "途中で切れて"),
        (header(truncation=0, magic=MAGIC + 1), 12, "で始まって"),
        (header(truncation=LAST + 2), 12, "上限を超えて"),
        (header(1, truncation=2), 2 * BLOCK - 1, "ヘッダーでは"),
    ],
)
def test_a_wrong_header_is_refused(text: bytes, size: int, words: str) -> None:
    with pytest.raises(BadIncrement, match=words):
        read_head(text[:12], size)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [((5, 5), "順番"), ((5, 4), "順番"), ((LAST + 1,), "先のブロック")],
)
def test_wrong_block_numbers_are_refused(numbers: tuple[int, ...], words: str) -> None:
    with pytest.raises(BadIncrement, match=words):
        read_numbers(header(*numbers, truncation=9), IncrementHead(len(numbers), 9))


def test_padding_with_other_bytes_than_zero_is_damage() -> None:
    text = bytearray(header(1, truncation=2))
    text[-1] = 1

    with pytest.raises(BadIncrement, match="0 以外"):
        read_numbers(bytes(text), IncrementHead(1, 2))


@pytest.mark.parametrize(
    ("truncation", "numbers", "blocks"),
    [(0, (), 0), (10, (), 10), (10, (3,), 10), (10, (9,), 10), (10, (10,), 11), (0, (0,), 1)],
)
def test_the_file_extends_to_its_last_block_or_to_the_truncation(
    truncation: int, numbers: tuple[int, ...], blocks: int
) -> None:
    assert whole_length(IncrementHead(len(numbers), truncation), numbers) == blocks


def test_adjacent_blocks_are_written_together() -> None:
    assert runs((1, 2, 3, 7, 9, 10)) == [(1, 3), (7, 1), (9, 2)]
    assert runs(()) == []


def test_incremental_names_are_mapped_to_their_full_path() -> None:
    assert whole_path("base/5/INCREMENTAL.16384.1") == "base/5/16384.1"
    assert whole_path("base/5/16384_vm") == "base/5/16384_vm"
    assert is_incremental("base/5/INCREMENTAL.1")
    assert not is_incremental("INCREMENTAL.x/1")
