"""Where a batch of a log file ends, and how it is sent. Pure."""

from toban.chapters.logs.intake.limits import LONGEST_LINE

MOST = 960 * 1024
"""Bytes of a batch: compressed, it stays below the 1 MiB that proxies let through by default."""

_NOTHING = b"\0\r\n \t"


def end_of(chunk: bytes, *, is_last: bool) -> int:
    """Return how many bytes of *chunk*, the next part of a file, form a batch.

    A line without an end waits for it, unless *is_last*: nothing more will come. A line longer than a batch
    does not wait.
    """
    whole = chunk.rfind(b"\n") + 1
    if whole:
        return whole
    return len(chunk) if is_last or len(chunk) >= MOST else 0


def body_of(batch: bytes) -> bytes:
    """Return the bytes to send: lines longer than the server takes are split. Empty if there is no text."""
    if not batch.strip(_NOTHING):
        return b""
    lines = batch.split(b"\n")
    if max(map(len, lines)) <= LONGEST_LINE:
        return batch
    return b"\n".join(piece for line in lines for piece in _pieces(line))


def _pieces(line: bytes) -> list[bytes]:
    return [line[at : at + LONGEST_LINE] for at in range(0, len(line), LONGEST_LINE)] or [b""]
