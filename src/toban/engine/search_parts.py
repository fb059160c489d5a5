"""The search syntax, for logs, spans and errors alike: `level:ERROR "card declined" -health`. Pure.

A search is a list of terms. A term is a word or a quoted text, alone or as the value of a field. `:>=` and
the like compare. A `*` at either end of a value matches anything. A minus or `NOT` before a term, or `!`
before a term with a field, negates it. `OR` between two terms joins them: one is enough. Logs, spans and
errors define their own fields and how a `SearchTerm` becomes a condition.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto
from typing import Self

from toban.message import Message

LONGEST = 1000
"""The maximum length of a search, in characters."""

_PART = re.compile(
    r"""(?P<not>-|!(?=[^\s:"]+:))?
    (?:(?P<field>[^\s:"<>=/-][^\s:"<>=]*)
        # Neither https://… nor C:\… is a field with a value.
        (?P<relation>:(?!//|\\)(?:>=|<=|>|<)?|(?:>=|<=|>|<)(?=\d)))?
    (?:"(?P<quoted>(?:[^"\\]|\\.)*)"
        |/(?P<pattern>(?:[^/\\\s]|\\.|[ ](?!\s))+)/(?=\s|$)
        |(?P<word>[^\s"]+))\s*""",
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
    PATTERN = "pattern"
    """A regular expression."""
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
    others: tuple["SearchTerm[Where]", ...] = ()
    """Terms of which one is enough instead, none of which has others."""


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
_BEGINNING = re.compile(r"(\d{1,2})(?:\*+|[xX]{1,2})")
"""The beginning of a number, as in 5* and 5xx."""
_OPERATORS = ("AND", "OR", "NOT")


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
    is_pattern: bool = False
    """Whether the value is a regular expression."""

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        quoted, is_pattern = match["quoted"], match["pattern"] is not None and not match["field"]
        value = match["pattern"] if is_pattern else match["word"] or f"/{match['pattern']}/"
        return cls(
            written=match[0].rstrip(),
            field=match["field"] or "",
            relation=(match["relation"] or ":").removeprefix(":"),
            value=re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else value,
            is_quoted=quoted is not None,
            negated=match["not"] is not None,
            is_pattern=is_pattern,
        )

    @property
    def operator(self) -> str:
        """`AND`, `OR` or `NOT`; empty for a term."""
        return self.written if self.written in _OPERATORS else ""

    def words[Where](self, where: Where) -> SearchTerm[Where]:
        """Return the condition that *where* contains the value, which was written without a field."""
        if self.is_pattern:
            return SearchTerm(where, Match.PATTERN, self._pattern(), self.negated)
        if self.is_quoted:
            return SearchTerm(where, Match.PART, self.value, self.negated)
        return SearchTerm(where, Match.PART, self._star()[1] or self.value, self.negated)

    @classmethod
    def plain(cls, value: str) -> Self:
        """Return the part for a value that was written alone, as in a form whose input names the field."""
        return cls(value, "", "", value, is_quoted=False, negated=False)

    def term[Where](self, field: SearchField[Where]) -> SearchTerm[Where]:
        """Return the condition on *field*; raises `BadSearch`."""
        if (
            field.kind is FieldKind.NUMBER
            and not self.relation
            and (found := _BEGINNING.fullmatch(self.value))
        ):
            return SearchTerm(field.where, Match.BEGINS, found[1], self.negated)
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
        bare = value.removeprefix("*").removesuffix("*")
        if "*" in bare:
            raise BadSearch(Message("engine.search-star-inside", part=self.written))
        return match, bare

    def _pattern(self) -> str:
        # Commands that read a search without a pattern don't wait for it.
        import re2  # noqa: PLC0415

        options = re2.Options()
        options.log_errors = False
        try:
            re2.compile(self.value, options)
        except re2.error as flaw:
            reason = flaw.args[0].decode() if isinstance(flaw.args[0], bytes) else str(flaw)
            raise BadSearch(Message("engine.search-bad-pattern", part=self.written, reason=reason)) from flaw
        return self.value

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


@dataclass(frozen=True, slots=True)
class SearchGroup:
    """Parts of which one is enough: usually just one."""

    written: str
    parts: tuple[SearchPart, ...]

    def term[Where](self, read: Callable[[SearchPart], SearchTerm[Where]]) -> SearchTerm[Where]:
        """Return the parts as one term, each as *read* reads it."""
        first, *others = map(read, self.parts)
        return replace(first, others=tuple(others))


def groups_of(written: str, most: int) -> list[SearchGroup]:
    """Return the parts of a search as `AND`, `OR` and `NOT` join them; raises `BadSearch`."""
    parts = parts_of(written, most)
    has_or = any(part.operator == "OR" for part in parts)
    groups: list[SearchGroup] = []
    waiting: list[str] = []
    for part in parts:
        if part.operator:
            waiting.append(part.operator)
            continue
        if has_or and not part.is_quoted and part.written.lstrip("-!").startswith("("):
            raise BadSearch(Message("engine.search-no-parentheses", part=part.written))
        joined, negated = _joined(waiting, is_first=not groups)
        waiting = []
        here = replace(part, negated=part.negated != negated)
        text = f"NOT {part.written}" if negated else part.written
        if joined:
            last = groups.pop()
            groups.append(SearchGroup(f"{last.written} OR {text}", (*last.parts, here)))
        else:
            groups.append(SearchGroup(text, (here,)))
    if waiting:
        raise BadSearch(Message("engine.search-operator-alone", operator=waiting[-1]))
    return groups


def _joined(operators: Sequence[str], *, is_first: bool) -> tuple[bool, bool]:
    """Return whether *operators* before a term join it to the one before, and whether they negate it."""
    negated = operators[-1:] == ["NOT"]
    between = list(operators[:-1] if negated else operators)
    if between not in ([], ["AND"], ["OR"]) or (between and is_first):
        raise BadSearch(Message("engine.search-operator-alone", operator=operators[0]))
    return between == ["OR"], negated


def term(field: str, value: str, *, negated: bool = False) -> str:
    """Return the term that matches exactly the entries whose *field* is *value*."""
    written = value if _PLAIN.fullmatch(value) else quoted(value)
    return f"{'-' if negated else ''}{field}:{written}"


def quoted(text: str) -> str:
    """Return the term that matches the entries that contain *text*."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
