"""The search of errors: `TimeoutError environment:production release:shop@1.4* -region:tokyo`. Pure.

It is written like the search of logs (`engine/search_parts.py`): terms side by side must all hold, a word or
a quoted text is looked for, `field:value` compares. The fields are those of an error's events, by the names
that Sentry's searches have for them; any other name is a tag.

A term holds of an error if it does of any event that is kept of it; two may hold of two different events. A
term that is turned round holds if none of them has it.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from toban.chapters.errors.intake.event import ErrorEvent, known_level
from toban.engine.search_parts import BadSearch, Part, parts_of, term

MOST_TERMS = 10
"""Each may cost a walk along all that is written in errors."""
LONGEST_NAME, LONGEST_VALUE = 100, 400
"""Characters by which an error is found, else the beginning: PostgreSQL indexes no more than 2.7 kB."""
MOST_VALUES = 100
"""Values of one event by which its error is found."""

SAID = ("type", "value", "message", "transaction")
"""Where words are looked for, besides the title, the place and the release."""
_USERS = ("user.id", "user.email", "user.username", "user.ip_address")
_TAG = "tags."


class Match(StrEnum):
    """How a value is compared; whatever its case and its width."""

    WHOLE = "whole"
    BEGINS = "begins"
    ENDS = "ends"
    PART = "part"
    ANY = "any"
    """It is there at all."""


@dataclass(frozen=True, slots=True)
class Field:
    """What a name in a search stands for."""

    names: tuple[str, ...] = ()
    """Of values of kept events, see `values_of`."""
    columns: tuple[str, ...] = ()
    """Of the error itself."""
    is_text: bool = False
    """A part of it is enough."""


_FIELDS: Mapping[str, Field] = {
    "title": Field(("type", "value", "message"), ("title",), is_text=True),
    "message": Field(("message", "value"), (), is_text=True),
    "culprit": Field((), ("culprit",), is_text=True),
    "type": Field(("type",)),
    "value": Field(("value",), (), is_text=True),
    "transaction": Field(("transaction",)),
    "release": Field(("release",), ("last_release",)),
    "environment": Field(("environment",)),
    "level": Field(("level",), ("level",)),
    "platform": Field(("platform",), ("platform",)),
    "logger": Field(("logger",)),
    "server": Field(("server",)),
    "url": Field(("url",)),
    "user": Field(_USERS),
    **{each: Field((each,)) for each in _USERS},
    "project": Field((), ("project",)),
    "assignee": Field((), ("assignee",)),
}
_ALSO = {
    "error.type": "type",
    "error.value": "value",
    "env": "environment",
    "server_name": "server",
    "platform.name": "platform",
    "user.ip": "user.ip_address",
    "app": "project",
    "assigned": "assignee",
}
"""What Sentry and its users call them, too."""
_COUNTS = {"count": "count", "timesseen": "count", "times_seen": "count", "users": "users"}
_IDS = {"id": "event_id", "trace": "trace_id", "traceid": "trace_id"}


@dataclass(frozen=True, slots=True)
class Words:
    """A text that stands somewhere; or the id of an event or a trace."""

    text: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Has:
    """A field with a value."""

    field: Field
    match: Match
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class OfEvent:
    """An event's own column, as it stands there."""

    column: str
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """A number of the error's own."""

    column: str
    relation: str
    number: int
    negated: bool = False


type Term = Words | Has | OfEvent | Compared

_OF_TAGS = re.compile(r"tags(?:\[(?P<inside>[^\]]+)\]|\.(?P<behind>.+))")
_NUMBER = re.compile(r"\d{1,15}")
_WRITABLE = re.compile(r"[^\W_][^\s:\"<>=\[\]]*")
_WORDS_OF_ITS_OWN = ("has", "is", "tags")


def read_search(written: str) -> tuple[Term, ...]:
    """Read a search, or raise `BadSearch`; an empty one finds everything."""
    return tuple(map(_term, parts_of(written, MOST_TERMS)))


def of_tag(name: str, value: str) -> str:
    """Write the term that holds of errors with this tag; empty where the language has none for its name."""
    if not _WRITABLE.fullmatch(name):
        return ""
    is_field = name.lower() in {*_FIELDS, *_ALSO, *_COUNTS, *_IDS, *_WORDS_OF_ITS_OWN}
    return term(f"tags[{name}]" if is_field else name, value)


def _term(part: Part) -> Term:
    if not part.field:
        if part.value in ("AND", "OR") and not part.is_quoted:
            raise BadSearch(
                "%(word)s は使えません: 並べた条件をすべて満たすものを探します。語なら引用符で囲んでください",
                word=part.value,
            )
        return Words(part.value, part.negated)
    name = part.field.lower()
    if name in _COUNTS:
        if not _NUMBER.fullmatch(part.value):
            raise part.not_a_number()
        return Compared(_COUNTS[name], part.relation or "=", int(part.value), part.negated)
    if part.relation:
        raise BadSearch("「%(part)s」: 大小を比べられるのは count と users だけです", part=part.written)
    if name in _IDS:
        return OfEvent(_IDS[name], part.value.replace("-", "").lower(), part.negated)
    if name == "has":
        return Has(_field(part.value.lower()), Match.ANY, "", part.negated)
    if name == "is":
        raise BadSearch("「%(part)s」: 状態は状態の欄 (--state) で選んでください", part=part.written)
    if not part.is_quoted and part.value.startswith("["):
        raise BadSearch("「%(part)s」: 値は一つだけ書いてください", part=part.written)
    return _compared(_field(name), part.value, is_plain=not part.is_quoted, negated=part.negated)


def _field(name: str) -> Field:
    """Return what *name*, in small letters, stands for: a field, or a tag."""
    of_tags = _OF_TAGS.fullmatch(name)
    if of_tags is not None:
        return Field((_name_of_tag(of_tags["inside"] or of_tags["behind"]),))
    known = _FIELDS.get(_ALSO.get(name, name), Field())
    # What is a field of one SDK is a tag of another.
    return Field((*known.names, _name_of_tag(name)), known.columns, known.is_text)


def _name_of_tag(name: str) -> str:
    return folded(f"{_TAG}{name}")[:LONGEST_NAME]


def _compared(field: Field, value: str, *, is_plain: bool, negated: bool) -> Has:
    if field.columns == ("level",):
        level = known_level(value)
        if level is None:
            raise BadSearch(
                "「%(value)s」というレベルはありません: fatal error warning info debug のどれかです",
                value=value,
            )
        return Has(field, Match.WHOLE, level, negated)
    begins, ends = is_plain and value.endswith("*"), is_plain and value.startswith("*")
    bare = value[ends : len(value) - begins]
    if is_plain and value.strip("*") == "":
        return Has(field, Match.ANY, "", negated)
    if field.is_text or (begins and ends):
        return Has(field, Match.PART, bare, negated)
    match = Match.BEGINS if begins else Match.ENDS if ends else Match.WHOLE
    return Has(field, match, bare, negated)


def folded(text: str) -> str:
    """Return *text* as it is compared: whatever its case, its width and its blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def values_of(event: ErrorEvent) -> list[tuple[str, str]]:
    """Return by what the error of *event* is found, names and values as they are compared; each once."""
    found = {
        (folded(name)[:LONGEST_NAME], folded(value)[:LONGEST_VALUE]): None
        for name, value in _values(event)
        if value
    }
    return list(found)[:MOST_VALUES]


def _values(event: ErrorEvent) -> Iterator[tuple[str, str]]:
    # What names the event first: of very many tags the last ones are left out.
    for each in reversed(event.raised):
        yield from (("type", each.kind), ("value", each.value))
    for name in ("message", "transaction", "release", "environment", "level", "platform", "logger", "server"):
        yield name, str(getattr(event, name))
    url = event.request.get("url")
    if isinstance(url, str):
        yield "url", url
    yield from ((name, event.user.get(name.removeprefix("user."), "")) for name in _USERS)
    yield from ((f"{_TAG}{name}", value) for name, value in event.tags.items())
