"""The language of searches: `level:ERROR service:shop-api "card declined" -health status:>=500`. Pure.

Terms stand side by side and must all hold. A word or a quoted text is looked for in the message, whatever its
case. `field:value` compares a field, `field:>=5` a number; a `*` at the end of a value stands for any rest. A
minus before a term turns it round.
"""

import re
from dataclasses import dataclass

from toban.engine.said import Said
from toban.engine.telemetry.log_search import Compared, Contains, Is, StartsWith, Term
from toban.engine.telemetry.log_words import kind_of

LONGEST = 1000
"""Characters of a search."""

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
_NUMBERS = frozenset(("status", "duration_ms"))
_TERM = re.compile(
    r"""(?P<not>-)?
    (?:(?P<field>[^\s:"<>=-][^\s:"<>=]*)(?P<relation>:(?:>=|<=|>|<)?))?
    (?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s"]+))""",
    re.VERBOSE,
)
_OWN_FIELD = re.compile(r"[\w@-]+(?:\.[\w@-]+)*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
# Whatever else a value holds, a relation or a star at its end among it, quotes take it as it is.
_PLAIN = re.compile(r"[\w/.-]+")


class BadSearch(Exception):
    """The search can't be read; the message says which part of it.

    It may hold `%(name)s` for what is given by that name, and is an entry of the catalogues.
    """

    def __init__(self, message: str, **values: object) -> None:
        self.said = Said(message, values)
        super().__init__(str(self.said))


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
    if len(written) > LONGEST:
        raise BadSearch("検索は %(most)s 文字までです", most=LONGEST)
    terms: list[Term] = []
    parts: list[str] = []
    place = 0
    text = written.strip()
    while place < len(text):
        match = _TERM.match(text, place)
        if match is None:
            part = text[place : place + 20]
            raise BadSearch("「%(part)s」が読めません: 引用符は閉じてください", part=part)
        terms.append(_term(match))
        parts.append(match[0])
        place = match.end()
        while place < len(text) and text[place].isspace():
            place += 1
    if len(terms) > MOST_TERMS:
        raise BadSearch("条件は %(most)s 個までです", most=MOST_TERMS)
    return Search(text, tuple(terms), tuple(parts))


def term(field: str, value: str, *, negated: bool = False) -> str:
    """Write the term that holds of rows whose *field* is *value*, and of no others."""
    written = value if _PLAIN.fullmatch(value) else quoted(value)
    return f"{'-' if negated else ''}{field}:{written}"


def quoted(text: str) -> str:
    """Write the term that holds of rows in whose message *text* stands."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _term(match: re.Match[str]) -> Term:
    quoted, word = match["quoted"], match["word"]
    value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else word
    negated = match["not"] is not None
    if match["field"] is None:
        return Contains(value, negated=negated)
    column = _column(match["field"])
    relation = match["relation"][1:]
    if relation:
        if not _NUMBER.fullmatch(value):
            raise BadSearch(
                "「%(part)s」: %(relation)s の後には数を書いてください", part=match[0], relation=relation
            )
        return Compared(column, relation, float(value), negated=negated)
    if quoted is None and value.endswith("*") and column not in _NUMBERS:
        return StartsWith(column, value[:-1], negated=negated)
    if column in _NUMBERS:
        if not _NUMBER.fullmatch(value):
            raise BadSearch(
                "「%(part)s」: %(field)s には数を書いてください", part=match[0], field=match["field"]
            )
        return Compared(column, "=", float(value), negated=negated)
    return Is(column, _value(column, value), negated=negated)


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
