"""Docker's json-file: `{"log": "…\\n", "stream": "stderr", "time": "…"}`, one piece of a line each. Pure.

https://docs.docker.com/engine/logging/drivers/json-file/
"""

from collections import defaultdict
from collections.abc import Mapping

import orjson

from toban.chapters.logs.formats import text
from toban.chapters.logs.formats.convert import Record, Surroundings, completed, decoded, dumped
from toban.chapters.logs.formats.json_objects import enveloped

_PIECE = 16 * 1024 - 4
"""From this many bytes on, a text without a line end is a piece of a line: Docker cuts at 16 KiB."""


def ndjson(body: bytes, surroundings: Surroundings) -> bytes:
    """Convert the file's lines; the pieces of a long line are joined in the place of the last piece.

    A line that continues the one before of its stream, as in stack traces, is appended to it.
    """
    return b"\n".join(
        row if isinstance(row, bytes) else dumped(row) if row else b""
        for row in _rows(enveloped(body).split(b"\n"), surroundings)
    )


def _rows(lines: list[bytes], surroundings: Surroundings) -> list[Record | bytes]:
    """Return a row for each of *lines*: empty for a piece, the line itself if it is no entry of Docker's."""
    waiting: dict[str, Record] = {}
    streams: dict[str, text.Continued] = defaultdict(text.Continued)
    rows: list[Record | bytes] = []
    for line in lines:
        written = _object(line)
        log, stream = written.get("log"), str(written.get("stream"))
        if not isinstance(log, str):
            rows.append(line)
            continue
        before = waiting.pop(stream, None)
        whole = {**written, "log": f"{before['log']}{log}"} if before else written
        if _is_piece(log):
            waiting[stream] = whole
            rows.append({})
        else:
            rows.append(streams[stream].row(*_read(whole, surroundings)))
    # Incomplete lines are not held back for a later batch.
    return [*rows, *(_read(each, surroundings)[2] for each in waiting.values())]


def record(line: str, surroundings: Surroundings) -> Record:
    """Return the record of one line of the file; a line in another format is text."""
    written = _object(line.encode("utf-8", "replace"))
    is_dockers = isinstance(written.get("log"), str)
    return _read(written, surroundings)[2] if is_dockers else text.record(line, surroundings)


def _object(line: bytes) -> Record:
    try:
        written = orjson.loads(line) if line else {}
    except orjson.JSONDecodeError:
        return {"log": decoded(line)}
    return written if isinstance(written, dict) else {}


def _is_piece(log: str) -> bool:
    return not log.endswith("\n") and len(log.encode()) >= _PIECE


def _read(written: Mapping[str, object], surroundings: Surroundings) -> tuple[str, Record, Record]:
    """Return the line that a container wrote, what it says itself, and its row."""
    line = str(written["log"]).rstrip("\r\n")
    told = text.record(line, surroundings)
    envelope = {name: value for name, value in written.items() if name != "log"}
    if text.is_text(told, line):
        # A program that says no level writes what is wrong to stderr: Docker's own drivers call it an error.
        level = text.level_in(line) or ("ERROR" if written.get("stream") == "stderr" else "")
        return line, told, completed({"message": told["message"]}, {**envelope, "level": level})
    return line, told, completed(told, {**envelope, "level": text.level_in(line)})
