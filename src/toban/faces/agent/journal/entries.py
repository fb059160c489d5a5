"""The entries of a journal as they are sent: what journalctl writes, within the server's limits."""

from collections.abc import Iterator
from typing import IO, NamedTuple

import orjson
import structlog

from toban.chapters.logs.intake.limits import LONGEST_LINE

_LONGEST_ENTRY = 16 * 1024 * 1024
"""Bytes that are read of an entry; one that contains a core dump is longer."""

_LONGEST_FIELD = 4096
"""Bytes of a field other than the message, in an entry that is too long for the server."""

_LONGEST_FIELDS = LONGEST_LINE // 8
"""Bytes of all such fields together."""

_LONGEST_MESSAGE = LONGEST_LINE // 8
"""Characters: in JSON, one takes up to six bytes."""

_MOST_FIELDS = 150
"""Fields set by the program that wrote an entry. The server takes 200, including those it finds in the
message, and ignores the journal's own fields except the few that it knows."""

_MORE = "MORE_FIELDS"
"""The field that holds the surplus ones."""

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


class JournalEntry(NamedTuple):
    """One entry as it is sent, and its place in the journal."""

    cursor: str
    line: bytes


def entries_in(told: IO[bytes]) -> Iterator[JournalEntry]:
    """Yield the entries in *told*, journalctl's output; anything else, or too long, is logged and skipped."""
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
        yield JournalEntry(cursor, fitting(entry, line))


def fitting(entry: dict[str, object], line: bytes) -> bytes:
    """Return *line*, which holds *entry*, or a line with as much of it as the server takes."""
    own = [name for name in entry if not name.startswith("_")]
    if len(own) > _MOST_FIELDS:
        entry = _gathered(entry, own)
        line = orjson.dumps(entry) + b"\n"
    return line if len(line) <= LONGEST_LINE else _shortened(entry)


def _gathered(entry: dict[str, object], own: list[str]) -> dict[str, object]:
    """Return *entry* with the surplus of its *own* fields gathered into one."""
    # Sorted by name: journalctl writes them in another order each time.
    rest = sorted(own, key=lambda name: (name not in _FIRST, name))[_MOST_FIELDS - 1 :]
    kept = {name: value for name, value in entry.items() if name not in rest}
    return {**kept, _MORE: [f"{name}={_text(entry[name])}" for name in rest]}


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _shortened(entry: dict[str, object]) -> bytes:
    """Return *entry* within the server's limit: its shortest fields, and the beginning of its message."""
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
