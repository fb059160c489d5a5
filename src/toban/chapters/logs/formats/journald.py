"""The journal as written by `journalctl -o json`: one object per entry. Pure.

Fields: https://www.freedesktop.org/software/systemd/man/latest/systemd.journal-fields.html
"""

from collections.abc import Mapping

import orjson

from toban.chapters.logs.formats import text
from toban.chapters.logs.formats.convert import Record, Surroundings, completed, decoded, dumped
from toban.chapters.logs.formats.json_objects import enveloped
from toban.chapters.logs.formats.severity import SEVERITIES

JOURNAL = "journal"
"""The name an agent sends instead of a file if its lines are journal entries."""

_MICROSECONDS = 1e6
_NAMED = {
    "_HOSTNAME": "host",
    "_SYSTEMD_UNIT": "unit",
    "_PID": "pid",
    "CONTAINER_NAME": "container",
    "CODE_FILE": "file",
    "CODE_LINE": "line",
    "CODE_FUNC": "function",
}
_READ = frozenset(("MESSAGE", "message", "PRIORITY", "SYSLOG_IDENTIFIER", "SYSLOG_TIMESTAMP", "SYSLOG_RAW"))


def ndjson(body: bytes, _surroundings: Surroundings) -> bytes:
    """Convert entries; anything but an object is left for the line reader to refuse."""
    return b"\n".join(map(_line, enveloped(body).split(b"\n")))


def _line(line: bytes) -> bytes:
    try:
        entry = orjson.loads(line) if line else None
        return dumped(_record(entry)) if isinstance(entry, dict) else line
    # What is nested so deep that it can only be read is left for the line reader, too.
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return line


def record(line: str, surroundings: Surroundings) -> Record:
    """Return an entry's record; a line in another format is text."""
    entry = text.unwrapped(line)
    return _record(entry) if entry.keys() & {"MESSAGE", "PRIORITY"} else text.record(line, surroundings)


def _record(entry: Mapping[str, object]) -> Record:
    """Return an entry's record: the journal's own fields, and those of the program that wrote it."""
    envelope: Record = {
        "timestamp": _seconds(entry),
        "level": SEVERITIES.get(str(entry.get("PRIORITY", "")), ""),
        "service": entry.get("SYSLOG_IDENTIFIER") or entry.get("_SYSTEMD_UNIT") or entry.get("_COMM"),
    }
    envelope |= {name: entry[field] for field, name in _NAMED.items() if field in entry}
    own = {
        field.lower(): value
        for field, value in entry.items()
        # Fields with an underscore are the journal's own: the same twenty for each entry.
        if not field.startswith("_") and field not in _READ and field not in _NAMED
    }
    return completed(
        text.unwrapped(_message(entry.get("MESSAGE", entry.get("message")))), {**envelope, **own}
    )


def _message(written: object) -> str:
    """Return the text; if not UTF-8 it is given as a list of bytes, and if too long as null."""
    if isinstance(written, list) and all(isinstance(each, int) and 0 <= each < 256 for each in written):
        return decoded(bytes(written))
    if isinstance(written, list):
        return " ".join(map(str, written))
    return written if isinstance(written, str) else ""


def _seconds(entry: Mapping[str, object]) -> float | None:
    written = entry.get("_SOURCE_REALTIME_TIMESTAMP") or entry.get("__REALTIME_TIMESTAMP")
    try:
        return int(str(written)) / _MICROSECONDS
    except ValueError:
        return None
