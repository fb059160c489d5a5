"""Whether a Zstandard file is complete: its reader takes a truncated file for a short one."""

from collections.abc import Callable

type Read = Callable[[int, int], bytes]
"""Reads up to that many bytes from an offset; fewer only at the end."""

_FRAME = b"\x28\xb5\x2f\xfd"
_SKIPPED = b"\x2a\x4d\x18"
"""What follows the first byte of a frame without content; that byte is 0x50 to 0x5f."""

_RLE = 1
"""A block of this kind is one byte long; its size field says how often that byte repeats."""


def is_whole(read: Read, size: int) -> bool:
    """Say whether the *size* bytes that *read* gives are frames of RFC 8878, the last one complete."""
    at = 0
    while at < size:
        end = _end_of_frame(read, at)
        if end is None or end > size:
            return False
        at = end
    return size > 0


def _end_of_frame(read: Read, at: int) -> int | None:
    start = read(at, 8)
    if len(start) < 5:
        return None
    if start[1:4] == _SKIPPED and start[0] & 0xF0 == 0x50:
        return at + 8 + int.from_bytes(start[4:8], "little")
    if start[:4] != _FRAME:
        return None
    flags = start[4]
    is_single, has_checksum = flags & 0x20, flags & 0x04
    content_size = (1 if is_single else 0, 2, 4, 8)[flags >> 6]
    dictionary = (0, 1, 2, 4)[flags & 0x03]
    at += 5 + (0 if is_single else 1) + dictionary + content_size
    while True:
        block = read(at, 3)
        if len(block) < 3:
            return None
        header = int.from_bytes(block, "little")
        at += 3 + (1 if header >> 1 & 3 == _RLE else header >> 3)
        if header & 1:
            return at + (4 if has_checksum else 0)
