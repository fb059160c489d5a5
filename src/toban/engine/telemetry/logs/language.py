"""The language of searches: `level:ERROR service:shop-api "card declined" -health status:>=500`. Pure.

The syntax is that of every search (`engine/search_parts.py`); all terms must match. A word, a quoted text or
a pattern is looked for in the message, regardless of case, and of width where the word is not ASCII.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from toban.engine.search_parts import (
    BadSearch,
    FieldKind,
    SearchField,
    SearchPart,
    groups_of,
)
from toban.engine.telemetry.logs.search import MESSAGE, Column, LogTerm
from toban.engine.telemetry.logs.words import kind_of
from toban.message import Message

MOST_TERMS = 30

FIELDS = {
    "kind": "kind",
    "level": "level",
    "service": "service",
    "userId": "user_id",
    "requestId": "request_id",
    "traceId": "trace_id",
    "spanId": "span_id",
    "ip": "ip",
    "method": "method",
    "route": "route",
    "status": "status",
    "durationMs": "duration_ms",
    "sender": "sender",
}
"""The name of a field in a search → its column; every other name is one of the sender's own fields."""

_KNOWN: Mapping[str, SearchField[Column]] = {
    **{name.lower(): SearchField(column) for name, column in FIELDS.items()},
    MESSAGE: SearchField(MESSAGE, FieldKind.TEXT),
    "kind": SearchField("kind", as_kept=kind_of),
    "level": SearchField("level", as_kept=str.upper),
    "method": SearchField("method", as_kept=str.upper),
    "status": SearchField("status", FieldKind.NUMBER),
    "durationms": SearchField("duration_ms", FieldKind.NUMBER),
}
_OWN_FIELD = re.compile(r"[\w@-]+(?:\.[\w@-]+)*")


@dataclass(frozen=True, slots=True)
class ParsedSearch:
    """A parsed search."""

    written: str
    terms: tuple[LogTerm, ...]
    parts: tuple[str, ...]
    """The text of each term, as it was written."""

    def without(self, part: str) -> str:
        """Return the search without one of its `parts`."""
        return " ".join(each for each in self.parts if each != part)


def read_search(written: str) -> ParsedSearch:
    """Parse a search, or raise `BadSearch`; an empty one finds everything."""
    groups = groups_of(written, MOST_TERMS)
    terms = tuple(group.term(_term) for group in groups)
    return ParsedSearch(written.strip(), terms, tuple(group.written for group in groups))


def _term(part: SearchPart) -> LogTerm:
    if not part.field:
        return part.words(MESSAGE)
    return part.term(_KNOWN.get(part.field.lower()) or _own_field(part.field))


def _own_field(name: str) -> SearchField[Column]:
    """Return one of the sender's own fields; its column is its path."""
    if not _OWN_FIELD.fullmatch(name):
        raise BadSearch(Message("telemetry.unsearchable-field", name=name))
    return SearchField(tuple(name.split(".")))
