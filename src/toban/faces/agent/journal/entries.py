"""The entries of a journal as they are sent: what journalctl writes, as far as the server takes it."""

from collections.abc import Iterator
from typing import IO, NamedTuple

import orjson
import structlog

from toban.chapters.logs.intake.limits import LONGEST_LINE

_LONGEST_ENTRY = 16 * 1024 * 1024
"""Bytes of an entry that are read; one with a core dump in it is longer."""

_LONGEST_FIELD = 4096
"""Bytes of a field beside the message, of an entry that is too long for the server."""

_LONGEST_FIELDS = LONGEST_LINE // 8
"""Bytes of all of these together."""

_LONGEST_MESSAGE = LONGEST_LINE // 8
"""Characters: written in JSON one takes up to six bytes."""

_MOST_FIELDS = 150
"""Fields of whoever wrote an entry. The server takes 200, with those that it finds in the message, and makes
nothing of the journal's own beyond the few that it knows."""

_MORE = "MORE_FIELDS"
"""What holds those beyond."""

_FIRST = frozenset(
    (
        "MESSAGE",
        "PRIORITY",
        "SYSLOG_IDENTIFIER",
        "SYSLOG_FACILITY",
        "SYSLOG_PID",
        "MESSAGE_ID",
        "ERRNO",
        "CODE_FILE",
        "CODE_LINE",
        "CODE_FUNC",
        "UNIT",
        "USER_UNIT",
        "CONTAINER_NAME",
    )
)
"""Fields that mean the same in every entry."""

log = structlog.get_logger(__name__)


class Entry(NamedTuple):
    """One entry as it is sent, and where it stands."""

    cursor: str
    line: bytes


def entries_in(told: IO[bytes]) -> Iterator[Entry]:
    """Yield the entries that journalctl has *told*; what is none, or too long, is told and passed over."""
    while line := told.readline(_LONGEST_ENTRY):
        if not line.endswith(b"\n"):
            while (rest := told.readline(_LONGEST_ENTRY)) and not rest.endswith(b"\n"):
                pass
            log.warning("journal_entry_too_long", limit=_LONGEST_ENTRY)
            continue
        try:
            entry = orjson.loads(line)
            cursor = str(entry["__CURSOR"])
        except (orjson.JSONDecodeError, KeyError, TypeError) as flaw:
            log.warning("journal_entry_unreadable", reason=str(flaw))
            continue
        yield Entry(cursor, fitting(entry, line))


def fitting(entry: dict[str, object], line: bytes) -> bytes:
    """Return *line*, in which *entry* is written, or one with as much of it as the server takes."""
    own = [name for name in entry if not name.startswith("_")]
    if len(own) > _MOST_FIELDS:
        entry = _gathered(entry, own)
        line = orjson.dumps(entry) + b"\n"
    return line if len(line) <= LONGEST_LINE else _shortened(entry)


def _gathered(entry: dict[str, object], own: list[str]) -> dict[str, object]:
    """Return *entry* with those of its *own* fields that are too many in one."""
    # By their names: journalctl writes them in another order each time.
    rest = sorted(own, key=lambda name: (name not in _FIRST, name))[_MOST_FIELDS - 1 :]
    kept = {name: value for name, value in entry.items() if name not in rest}
    return {**kept, _MORE: [f"{name}={_text(entry[name])}" for name in rest]}


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _shortened(entry: dict[str, object]) -> bytes:
    """Return *entry* with what the server takes of it: its shortest fields, and its message's beginning."""
    sizes = {name: len(orjson.dumps({name: value})) for name, value in entry.items()}
    short: dict[str, object] = {}
    room = _LONGEST_FIELDS
    for name in sorted(sizes, key=sizes.__getitem__):
        room -= sizes[name]
        if sizes[name] > _LONGEST_FIELD or room < 0:
            break
        short[name] = entry[name]
    message = entry.get("MESSAGE")
    if isinstance(message, str | list):
        short["MESSAGE"] = message[:_LONGEST_MESSAGE]
    return orjson.dumps(short) + b"\n"
