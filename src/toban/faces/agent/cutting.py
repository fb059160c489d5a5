"""Where a batch of a log file ends, and how it is sent. Pure."""

import re

from toban.chapters.logs.limits import LONGEST_LINE

MOST = 960 * 1024
"""Bytes of a batch: packed it stays below the 1 MiB that proxies let through by default."""

_LONG = re.compile(rb"[^\n]{%d}(?=[^\n])" % LONGEST_LINE)
_NOTHING = b"\0\r\n \t"


def end_of(chunk: bytes, *, is_last: bool) -> int:
    """Return how many bytes of *chunk*, the next of a file, are a batch.

    A line that has no end yet waits for it, unless *is_last*: nothing more will come. One longer than a batch
    does not wait.
    """
    whole = chunk.rfind(b"\n") + 1
    if whole:
        return whole
    return len(chunk) if is_last or len(chunk) >= MOST else 0


def body_of(batch: bytes) -> bytes:
    """Return what is sent: lines longer than the server takes are cut. Empty where nothing is said."""
    return _LONG.sub(rb"\g<0>\n", batch) if batch.strip(_NOTHING) else b""
