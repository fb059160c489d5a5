"""Which statements the store runs, decided from their text before the engine sees them.

The engine's own grants (`engine_settings.py`) limit statements to Toban's database. This module refuses what
grants can't forbid: a second statement after the first, access to files by the scalar function `file()`, by
INFILE and by OUTFILE, and everything that would change the connection for the next request.
"""

import re
from dataclasses import dataclass

from toban.engine.telemetry.child.refusal import BAD_REQUEST, NO_PRIVILEGE, RequestRefusal

_ALLOWED = frozenset(
    (
        "SELECT", "WITH", "INSERT", "CREATE", "ALTER", "DROP", "TRUNCATE", "OPTIMIZE",
        "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK",
    )
)  # fmt: skip
_INSERT = re.compile(
    rb"\A\s*(INSERT\s+INTO\b[^;]*?)\s+FORMAT\s+(\w+)[ \t]*;?[ \t]*(?:\r?\n|\Z)", re.IGNORECASE | re.DOTALL
)
_INTO = re.compile(r"\s*INSERT\s+INTO\s+[\"`]?(\w+)[\"`]?\s*\(", re.IGNORECASE)
_TEXT = re.compile(r"'(?:[^'\\]|\\.|'')*'", re.DOTALL)
_NAME = re.compile(r'"([^"\\]*)"|`([^`\\]*)`')
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*\Z", re.IGNORECASE)
# Comments, here-documents, curly quotes, escapes in names: Toban never writes them, and with each of them the
# engine might read the text differently.
_UNREADABLE = re.compile(r"--|/\*|['\"`#$\\\u2018\u2019\u201c\u201d]")
_FILES = re.compile(r"\bINTO\s+OUTFILE\b|\bFROM\s+INFILE\b|\bfile\s*\(", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Insert:
    """An INSERT with its rows: `head` is everything before FORMAT."""

    head: str
    format: str
    rows: bytes

    @property
    def table(self) -> str:
        """The table's name, without quotes; empty if it can't be read."""
        found = _INTO.match(self.head)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Query:
    """Any other statement; `streams` says whether its answer may be sent while it is being produced."""

    text: str
    format: str | None
    streams: bool


def read(text: bytes, rows: bytes = b"") -> Insert | Query:
    """Return the statement in *text* with separately sent *rows*; raise `RequestRefusal` if forbidden."""
    insert = _INSERT.match(text)
    if insert is not None:
        head = insert[1].decode()
        _permit(head)
        return Insert(head, insert[2].decode(), text[insert.end() :] + rows)
    whole = _decoded(text + b"\n" + rows if rows else text).strip().removesuffix(";").rstrip()
    bare = _permit(whole)
    stated = _FORMAT.search(bare)
    return Query(
        text=whole,
        format=stated[1] if stated else None,
        streams=_verb(bare) in ("SELECT", "WITH"),
    )


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as exc:
        raise RequestRefusal(BAD_REQUEST, "the statement is not UTF-8") from exc


def _permit(text: str) -> str:
    """Return *text* without its literals and quotes, or raise `RequestRefusal`."""
    bare = _NAME.sub(lambda name: name[1] or name[2] or "", _TEXT.sub("0", text))
    if _UNREADABLE.search(bare):
        raise RequestRefusal(BAD_REQUEST, "comments, here-documents and escaped names are not supported")
    if ";" in bare:
        raise RequestRefusal(BAD_REQUEST, "one request runs one statement")
    if _verb(bare) not in _ALLOWED:
        raise RequestRefusal(NO_PRIVILEGE, f"{_verb(bare)} is not a statement that the telemetry store runs")
    if _FILES.search(bare):
        raise RequestRefusal(NO_PRIVILEGE, "the telemetry store opens no files for a statement")
    return bare


def _verb(bare: str) -> str:
    word = re.match(r"[\s(]*(\w+)", bare)
    return word[1].upper() if word else ""
