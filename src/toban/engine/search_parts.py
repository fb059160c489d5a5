"""How searches are written and read, whatever they look for: `level:ERROR "card declined" -health`. Pure.

Terms stand side by side. A word or a quoted text stands alone or as the value of a field; `:>=` and its like
compare; a `*` at an end of a value stands for any rest; a minus before a term, or `!` before one of a field,
turns it round. Logs, spans and errors each say which fields they have and how a `Term` becomes a condition.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Self

from toban.engine.said import Said

LONGEST = 1000
"""Characters of a search."""

_PART = re.compile(
    r"""(?P<not>-|!(?=[^\s:"]+:))?
    (?:(?P<field>[^\s:"<>=-][^\s:"<>=]*)(?P<relation>:(?:>=|<=|>|<)?))?
    (?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s"]+))\s*""",
    re.VERBOSE,
)
# Whatever else a value holds, a relation or a star at its end among it, quotes take it as it is.
_PLAIN = re.compile(r"[\w/.-]+")


class Match(StrEnum):
    """How a term compares its value."""

    WHOLE = "whole"
    BEGINS = "begins"
    ENDS = "ends"
    PART = "part"
    ANY = "any"
    """It is there at all."""
    AT_LEAST = ">="
    AT_MOST = "<="
    ABOVE = ">"
    BELOW = "<"
    EQUAL = "="
    """As a number, like the four before it."""


@dataclass(frozen=True, slots=True)
class Term[Where]:
    """What a search asks of one field."""

    field: Where
    match: Match
    value: str
    """Empty with `Match.ANY`; a number where it compares numbers."""
    negated: bool = False


class Kind(Enum):
    """What a field holds."""

    VALUE = auto()
    """A text; compared as a number where a relation stands before the value."""
    TEXT = auto()
    """A text of which a part is enough."""
    NUMBER = auto()
    COUNT = auto()
    """A whole number, not negative."""


_STARS = {
    (False, False): Match.WHOLE,
    (False, True): Match.BEGINS,
    (True, False): Match.ENDS,
    (True, True): Match.PART,
}
_NUMBERS = {Kind.COUNT: re.compile(r"\d{1,15}")}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Field[Where]:
    """What a name in a search stands for."""

    where: Where
    kind: Kind = Kind.VALUE
    as_kept: Callable[[str], str] = str
    """Writes a whole value as it is kept, or raises `BadSearch`."""


class BadSearch(Exception):
    """The search can't be read; the message says which part of it.

    It may hold `%(name)s` for what is given by that name, and is an entry of the catalogues.
    """

    def __init__(self, message: str, **values: object) -> None:
        self.said = Said(message, values)
        super().__init__(str(self.said))


@dataclass(frozen=True, slots=True)
class Part:
    """What stands for one term."""

    written: str
    field: str
    """Empty where there is only a value."""
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
        """Return the part of a value that was written alone, as in a form that names its field."""
        return cls(value, "", "", value, is_quoted=False, negated=False)

    def term[Where](self, field: Field[Where]) -> Term[Where]:
        """Return what is asked of *field*; raises `BadSearch`."""
        if self.relation or field.kind in (Kind.NUMBER, Kind.COUNT):
            if not _NUMBERS.get(field.kind, _NUMBER).fullmatch(self.value):
                raise self._not_a_number()
            return Term(field.where, Match(self.relation or "="), self.value, self.negated)
        match, bare = self._star()
        if field.kind is Kind.TEXT and match is not Match.ANY:
            match = Match.PART
        value = field.as_kept(bare) if match is Match.WHOLE else bare
        return Term(field.where, match, value, self.negated)

    def _star(self) -> tuple[Match, str]:
        """Return how the value is compared by the stars at its ends, and the value without them."""
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
                "「%(part)s」: %(relation)s の後には数を書いてください",
                part=self.written,
                relation=self.relation,
            )
        return BadSearch(
            "「%(part)s」: %(field)s には数を書いてください", part=self.written, field=self.field
        )


def parts_of(written: str, most: int) -> list[Part]:
    """Return what stands in a search for its terms, of which it may have *most*; raises `BadSearch`."""
    text = written.strip()
    if len(text) > LONGEST:
        raise BadSearch("検索は %(most)s 文字までです", most=LONGEST)
    parts: list[Part] = []
    place = 0
    while place < len(text):
        match = _PART.match(text, place)
        if match is None:
            part = text[place : place + 20]
            raise BadSearch("「%(part)s」が読めません: 引用符は閉じてください", part=part)
        parts.append(Part.of(match))
        place = match.end()
    if len(parts) > most:
        raise BadSearch("条件は %(most)s 個までです", most=most)
    return parts


def term(field: str, value: str, *, negated: bool = False) -> str:
    """Write the term that holds of what has *value* as its *field*, and of nothing else."""
    written = value if _PLAIN.fullmatch(value) else quoted(value)
    return f"{'-' if negated else ''}{field}:{written}"


def quoted(text: str) -> str:
    """Write the term that holds of what *text* stands in."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
