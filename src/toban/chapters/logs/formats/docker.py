"""Docker's json-file: `{"log": "…\\n", "stream": "stderr", "time": "…"}`, one piece of a line each. Pure.

https://docs.docker.com/engine/logging/drivers/json-file/
"""

from collections.abc import Iterator, Mapping

import orjson

from toban.chapters.logs.formats import text
from toban.chapters.logs.formats.convert import Record, Surroundings, completed, decoded, dumped
from toban.chapters.logs.formats.json_objects import enveloped

_PIECE = 16 * 1024 - 4
"""From this many bytes on, a text without a line end is a piece of a line: Docker cuts at 16 KiB."""


def ndjson(body: bytes, _surroundings: Surroundings) -> bytes:
    """Convert the file's lines; the pieces of a long line are joined in the place of the last piece."""
    return b"\n".join(_lines(enveloped(body).split(b"\n")))


def _lines(lines: list[bytes]) -> Iterator[bytes]:
    waiting: dict[object, Record] = {}
    for line in lines:
        written = _object(line)
        log, stream = written.get("log"), str(written.get("stream"))
        if not isinstance(log, str):
            yield line
            continue
        before = waiting.pop(stream, None)
        whole = {**written, "log": f"{before['log']}{log}"} if before else written
        if _is_piece(log):
            waiting[stream] = whole
            yield b""
        else:
            yield dumped(_record(whole))
    # Incomplete lines are not held back for a later batch.
    yield from (dumped(_record(each)) for each in waiting.values())


def record(line: str, surroundings: Surroundings) -> Record:
    """Return the record of one line of the file; a line in another format is text."""
    written = _object(line.encode("utf-8", "replace"))
    return _record(written) if isinstance(written.get("log"), str) else text.record(line, surroundings)


def _object(line: bytes) -> Record:
    try:
        written = orjson.loads(line) if line else {}
    except orjson.JSONDecodeError:
        return {"log": decoded(line)}
    return written if isinstance(written, dict) else {}


def _is_piece(log: str) -> bool:
    return not log.endswith("\n") and len(log.encode()) >= _PIECE


def _record(written: Mapping[str, object]) -> Record:
    log = str(written["log"]).rstrip("\r\n")
    envelope = {name: value for name, value in written.items() if name != "log"}
    return completed(text.unwrapped(log), {**envelope, "level": text.level_in(log)})
