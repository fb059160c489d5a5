"""The search syntax, for logs, spans and errors alike: `level:ERROR "card declined" -health`. Pure.

A search is a list of terms. A term is a word or a quoted text, alone or as the value of a field. `:>=` and
the like compare. A `*` at either end of a value matches anything. A minus before a term, or `!` before a term
with a field, negates it. Logs, spans and errors define their own fields and how a `SearchTerm` becomes a
condition.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Self

from toban.message import Message

LONGEST = 1000
"""The maximum length of a search, in characters."""

_PART = re.compile(
    r"""(?P<not>-|!(?=[^\s:"]+:))?
    (?:(?P<field>[^\s:"<>=-][^\s:"<>=]*)(?P<relation>:(?:>=|<=|>|<)?))?
    (?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s"]+))\s*""",
    re.VERBOSE,
)
# Any other value, such as one with a relation or a star at its end, must be quoted.
_PLAIN = re.compile(r"[\w/.-]+")


class Match(StrEnum):
    """How a term compares its value."""

    WHOLE = "whole"
    BEGINS = "begins"
    ENDS = "ends"
    PART = "part"
    ANY = "any"
    """The field exists at all."""
    AT_LEAST = ">="
    AT_MOST = "<="
    ABOVE = ">"
    BELOW = "<"
    EQUAL = "="
    """Compares numbers, like the four before it."""


@dataclass(frozen=True, slots=True)
class SearchTerm[Where]:
    """A condition of a search on one field."""

    field: Where
    match: Match
    value: str
    """Empty with `Match.ANY`; a number if it compares numbers."""
    negated: bool = False


class FieldKind(Enum):
    """What a field contains."""

    VALUE = auto()
    """A text; compared as a number if a relation precedes the value."""
    TEXT = auto()
    """A text; a part of it is enough for a match."""
    NUMBER = auto()
    COUNT = auto()
    """A whole number, not negative."""


_STARS = {
    (False, False): Match.WHOLE,
    (False, True): Match.BEGINS,
    (True, False): Match.ENDS,
    (True, True): Match.PART,
}
_NUMBERS = {FieldKind.COUNT: re.compile(r"\d{1,15}")}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class SearchField[Where]:
    """The field that a name in a search refers to."""

    where: Where
    kind: FieldKind = FieldKind.VALUE
    as_kept: Callable[[str], str] = str
    """Converts a whole value to its stored form, or raises `BadSearch`."""


class BadSearch(Exception):
    """The search can't be read; the message names the part."""

    def __init__(self, said: Message) -> None:
        super().__init__(said)
        self.said = said


@dataclass(frozen=True, slots=True)
class SearchPart:
    """The written form of one term."""

    written: str
    field: str
    """Empty if there is only a value."""
    relation: str
    """`>=`, `<=`, `>`, `<`, or empty."""
    value: str
    is_quoted: bool
    negated: bool

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        quoted = match["quoted"]
        return cls(
            written=match[0].rstrip(),
            field=match["field"] or "",
            relation=(match["relation"] or ":")[1:],
            value=re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else match["word"],
            is_quoted=quoted is not None,
            negated=match["not"] is not None,
        )

    @classmethod
    def plain(cls, value: str) -> Self:
        """Return the part for a value that was written alone, as in a form whose input names the field."""
        return cls(value, "", "", value, is_quoted=False, negated=False)

    def term[Where](self, field: SearchField[Where]) -> SearchTerm[Where]:
        """Return the condition on *field*; raises `BadSearch`."""
        if self.relation or field.kind in (FieldKind.NUMBER, FieldKind.COUNT):
            if not _NUMBERS.get(field.kind, _NUMBER).fullmatch(self.value):
                raise self._not_a_number()
            return SearchTerm(field.where, Match(self.relation or "="), self.value, self.negated)
        match, bare = self._star()
        if field.kind is FieldKind.TEXT and match is not Match.ANY:
            match = Match.PART
        value = field.as_kept(bare) if match is Match.WHOLE else bare
        return SearchTerm(field.where, match, value, self.negated)

    def _star(self) -> tuple[Match, str]:
        """Return how to compare the value, according to the stars at its ends, and the value without them."""
        value = self.value
        if self.is_quoted or not value:
            return Match.WHOLE, value
        if not value.strip("*"):
            return Match.ANY, ""
        match = _STARS[value.startswith("*"), value.endswith("*")]
        return match, value.removeprefix("*").removesuffix("*")

    def _not_a_number(self) -> BadSearch:
        if self.relation:
            return BadSearch(
                Message("engine.search-compares-numbers", part=self.written, relation=self.relation)
            )
        return BadSearch(Message("engine.search-wants-a-number", part=self.written, field=self.field))


def parts_of(written: str, most: int) -> list[SearchPart]:
    """Return the parts of a search, one for each term; raises `BadSearch` if there are more than *most*."""
    text = written.strip()
    if len(text) > LONGEST:
        raise BadSearch(Message("engine.search-too-long", most=LONGEST))
    parts: list[SearchPart] = []
    place = 0
    while place < len(text):
        match = _PART.match(text, place)
        if match is None:
            part = text[place : place + 20]
            raise BadSearch(Message("engine.search-quote-open", part=part))
        parts.append(SearchPart.of(match))
        place = match.end()
    if len(parts) > most:
        raise BadSearch(Message("engine.search-too-many-terms", most=most))
    return parts


def term(field: str, value: str, *, negated: bool = False) -> str:
    """Return the term that matches exactly the entries whose *field* is *value*."""
    written = value if _PLAIN.fullmatch(value) else quoted(value)
    return f"{'-' if negated else ''}{field}:{written}"


def quoted(text: str) -> str:
    """Return the term that matches the entries that contain *text*."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
