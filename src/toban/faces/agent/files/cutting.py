"""Where a batch of a log file ends, and how it is sent. Pure."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE

from toban.chapters.logs.intake.limits import LONGEST_LINE

MOST = 960 * 1024
"""Bytes of a batch: compressed, it stays below the 1 MiB that proxies let through by default."""

_NOTHING = b"\0\r\n \t"


_UTF16 = {BOM_UTF16_LE: b"\n\0", BOM_UTF16_BE: b"\0\n"}
"""The end of a line in UTF-16, by the byte order mark at the beginning of the file."""


def mark_of(beginning: bytes) -> bytes:
    """Return the byte order mark of a file in UTF-16, by its *beginning*; empty for any other."""
    return beginning[:2] if beginning[:2] in _UTF16 else b""


def end_of(chunk: bytes, *, is_last: bool, mark: bytes = b"") -> int:
    """Return how many bytes of *chunk*, the next part of a file with this *mark*, form a batch.

    A line without an end waits for it, unless *is_last*: nothing more will come. A line longer than a batch
    does not wait.
    """
    whole = _end_of_lines(chunk, _UTF16[mark]) if mark else chunk.rfind(b"\n") + 1
    if whole:
        return whole
    # In UTF-16, half a character waits for its other half.
    count = len(chunk) - len(chunk) % 2 if mark else len(chunk)
    return count if is_last or len(chunk) >= MOST else 0


def _end_of_lines(chunk: bytes, end: bytes) -> int:
    at = chunk.rfind(end)
    # At an odd offset, these are halves of two characters.
    while at % 2 and at > 0:
        at = chunk.rfind(end, 0, at + 1)
    return at + 2 if at >= 0 else 0


def body_of(batch: bytes, mark: bytes = b"") -> bytes:
    """Return the bytes to send: lines longer than the server takes are split. Empty if there is no text.

    In UTF-16, every body begins with the *mark*, by which the server knows the encoding.
    """
    if not batch.removeprefix(mark).strip(_NOTHING):
        return b""
    if mark:
        return mark + batch.removeprefix(mark)
    lines = batch.split(b"\n")
    if max(map(len, lines)) <= LONGEST_LINE:
        return batch
    return b"\n".join(piece for line in lines for piece in _pieces(line))


def _pieces(line: bytes) -> list[bytes]:
    return [line[at : at + LONGEST_LINE] for at in range(0, len(line), LONGEST_LINE)] or [b""]
