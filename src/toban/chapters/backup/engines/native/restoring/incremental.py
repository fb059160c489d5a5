"""Files of an increment: only the blocks that changed, and how they apply to the full backup's file.

Format of `INCREMENTAL.NAME`, in the byte order of the server: magic, number of blocks, truncation block
length, the block numbers (32 bits each); zeroes up to a multiple of the block size if there are blocks; then
the blocks. PostgreSQL's source: src/backend/backup/basebackup_incremental.c and basebackup.c write it,
src/bin/pg_combinebackup/reconstruct.c reads it.
"""

import struct
from dataclasses import dataclass
from itertools import pairwise

from toban.message import Message

BLOCK = 8192
"""PostgreSQL's block size; increments of a server that was built with another one are refused."""

PREFIX = "INCREMENTAL."
_MAGIC = 0xD3AE1F0D
_HEAD = struct.Struct("<III")
HEAD_BYTES = _HEAD.size
_SEGMENT_BLOCKS = 131072
"""Blocks of one file of a relation: 1 GiB."""


class BadIncrement(Exception):
    """The file is damaged, or is not a file of an increment."""


@dataclass(frozen=True, slots=True)
class IncrementHead:
    """The first words of the file."""

    block_count: int
    truncation_block_length: int
    """Blocks of the full backup's file from here on are not to be used."""

    @property
    def header_bytes(self) -> int:
        """Where the first block begins."""
        plain = HEAD_BYTES + 4 * self.block_count
        return plain if self.block_count == 0 else plain + -plain % BLOCK

    @property
    def file_bytes(self) -> int:
        """How long the whole file must be."""
        return self.header_bytes + self.block_count * BLOCK


def read_head(text: bytes, size: int) -> IncrementHead:
    """Read the first `HEAD_BYTES` of a file of *size* bytes, or raise `BadIncrement`."""
    if len(text) < HEAD_BYTES:
        raise BadIncrement(Message("backup-engines.increment-header-cut-off"))
    magic, count, truncation = _HEAD.unpack(text[:HEAD_BYTES])
    if magic != _MAGIC:
        raise BadIncrement(
            Message("backup-engines.increment-magic-differs", found=f"{magic:#x}", wanted=f"{_MAGIC:#x}")
        )
    if count > _SEGMENT_BLOCKS or truncation > _SEGMENT_BLOCKS:
        raise BadIncrement(Message("backup-engines.increment-too-large", blocks=count, length=truncation))
    head = IncrementHead(count, truncation)
    if head.file_bytes != size:
        raise BadIncrement(
            Message("backup-engines.increment-size-differs", size=size, recorded=head.file_bytes)
        )
    return head


def read_numbers(text: bytes, head: IncrementHead) -> tuple[int, ...]:
    """Read the block numbers of the whole header *text*, or raise `BadIncrement`."""
    numbers = struct.unpack_from(f"<{head.block_count}I", text, HEAD_BYTES)
    if any(number >= _SEGMENT_BLOCKS for number in numbers):
        raise BadIncrement(Message("backup-engines.increment-block-too-far"))
    # The server writes them in order: anything else is damage.
    if any(here >= after for here, after in pairwise(numbers)):
        raise BadIncrement(Message("backup-engines.increment-blocks-unordered"))
    if any(text[HEAD_BYTES + 4 * head.block_count :]):
        raise BadIncrement(Message("backup-engines.increment-padding-not-zero"))
    return numbers


def whole_length(head: IncrementHead, numbers: tuple[int, ...]) -> int:
    """Return the length of the resulting file, in blocks."""
    return max(head.truncation_block_length, numbers[-1] + 1 if numbers else 0)


def runs(numbers: tuple[int, ...]) -> list[tuple[int, int]]:
    """Join neighbouring blocks into runs: (first block, how many)."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and sum(found[-1]) == number:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((number, 1))
    return found


def whole_path(path: str) -> str:
    """Return the path of the file that *path* results in: the same for a file that is sent whole."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{name.removeprefix(PREFIX)}"


def is_incremental(path: str) -> bool:
    """Whether the file holds changed blocks only."""
    return path.rpartition("/")[2].startswith(PREFIX)
