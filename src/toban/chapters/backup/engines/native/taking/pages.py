"""Checksums of PostgreSQL's pages, many at a time.

The algorithm (FNV-1a in 32 lanes) is that of PostgreSQL's src/include/storage/checksum_impl.h.
"""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from toban.chapters.backup.engines.native.restoring.incremental import BLOCK

_LANES = 32
_PRIME = np.uint32(16777619)
_OFFSETS = np.array(
    [
        0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C,
        0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
        0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2, 0x304A0979, 0x85AA43D4,
        0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E, 0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756,
    ],
    dtype=np.uint32,
)  # fmt: skip
_CHECKSUM_AT = 4
"""The offset of the checksum in the page, in units of 16 bits."""

_UPPER_AT = 7
"""The offset of the end of free space, likewise; that is 0 on an unused page, which has no checksum."""

_RELATION = re.compile(r"(?:global|base/\d+|pg_tblspc/\d+/[^/]+/\d+)/\d+(?:_(?:fsm|vm|init))?(?:\.(\d+))?")
_SEGMENT_BLOCKS = 131072


def first_block(path: str) -> int | None:
    """Return which block of its relation the file at *path* begins with; None if it has no pages."""
    match = _RELATION.fullmatch(path)
    return int(match[1] or 0) * _SEGMENT_BLOCKS if match else None


def damaged(content: bytes | memoryview, numbers: Sequence[int], *, before: int) -> list[int]:
    """Return which of *numbers*, the block numbers of the pages in *content*, have a wrong checksum.

    A page that the server wrote at or after the LSN *before*, the backup's start, may be half old and half
    new: the log makes it whole, and its checksum says nothing.
    """
    words = np.frombuffer(content, dtype="<u4").reshape(-1, BLOCK // 4 // _LANES, _LANES).copy()
    halves = words.reshape(len(numbers), -1).view("<u2")
    stored, is_used = halves[:, _CHECKSUM_AT].copy(), halves[:, _UPPER_AT] != 0
    lsn = words[:, 0, 0].astype(np.uint64) << np.uint64(32) | words[:, 0, 1]
    halves[:, _CHECKSUM_AT] = 0
    blocks = np.asarray(numbers, dtype=np.uint32)
    # The checksum includes the block number: a page in the wrong place is found, too.
    computed = (_mixed(words) ^ blocks) % np.uint32(65535) + np.uint32(1)
    is_bad = (computed != stored) & is_used & (lsn < np.uint64(before))
    return [int(block) for block in blocks[is_bad]]


def _mixed(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    sums = np.broadcast_to(_OFFSETS, (words.shape[0], _LANES))
    for row in range(words.shape[1]):
        sums = _round(sums ^ words[:, row, :])
    # Two rounds of zeroes, so that the last words are mixed as well as the first.
    sums = _round(_round(sums))
    folded: npt.NDArray[np.uint32] = np.bitwise_xor.reduce(sums, axis=1)
    return folded


def _round(mixed: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    return (mixed * _PRIME) ^ (mixed >> np.uint32(17))
