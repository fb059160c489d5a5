"""The language of searches: `level:ERROR service:shop-api "card declined" -health status:>=500`. Pure.

Terms stand side by side (`engine/search_parts.py`) and must all hold. A word or a quoted text is looked for
in the message, whatever its case. `field:value` compares a field, `field:>=5` a number; a `*` at the end of a
value stands for any rest.
"""

import re
from dataclasses import dataclass

from toban.engine.search_parts import BadSearch, Part, parts_of
from toban.engine.telemetry.logs.search import Compared, Contains, Is, StartsWith, Term
from toban.engine.telemetry.logs.words import kind_of

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

_BY_NAME = {name.lower(): column for name, column in FIELDS.items()}
_MESSAGE = "message"
"""What others call what words are looked for in."""
_NUMBERS = frozenset(("status", "duration_ms"))
_OWN_FIELD = re.compile(r"[\w@-]+(?:\.[\w@-]+)*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Search:
    """A search that was understood."""

    written: str
    terms: tuple[Term, ...]
    parts: tuple[str, ...]
    """What stands for each term, as it was written."""

    def without(self, part: str) -> str:
        """Return the search without one of its `parts`."""
        return " ".join(each for each in self.parts if each != part)


def read_search(written: str) -> Search:
    """Read a search, or raise `BadSearch`; an empty one finds everything."""
    parts = parts_of(written, MOST_TERMS)
    return Search(written.strip(), tuple(map(_term, parts)), tuple(part.written for part in parts))


def _term(part: Part) -> Term:
    if not part.field:
        return Contains(part.value, negated=part.negated)
    if part.field.lower() == _MESSAGE and not part.relation:
        return Contains(part.value if part.is_quoted else part.value.strip("*"), negated=part.negated)
    column = _column(part.field)
    if part.relation or column in _NUMBERS:
        if not _NUMBER.fullmatch(part.value):
            raise part.not_a_number()
        return Compared(column, part.relation or "=", float(part.value), negated=part.negated)
    if not part.is_quoted and part.value.endswith("*"):
        return StartsWith(column, part.value[:-1], negated=part.negated)
    return Is(column, _value(column, part.value), negated=part.negated)


def _column(name: str) -> str | tuple[str, ...]:
    """Return a column's name, or the path of a field of the sender's own."""
    known = _BY_NAME.get(name.lower())
    if known is not None:
        return known
    if not _OWN_FIELD.fullmatch(name):
        raise BadSearch("「%(name)s」という項目は探せません", name=name)
    return tuple(name.split("."))


def _value(column: str | tuple[str, ...], value: str) -> str:
    """Return *value* as the column holds it: アプリログ is kept as application, error as ERROR."""
    match column:
        case "kind":
            return kind_of(value)
        case "level" | "method":
            return value.upper()
        case _:
            return value
