"""The search of errors: `TimeoutError environment:production release:shop@1.4* -region:tokyo`. Pure.

It is read like every search (`engine/search_parts.py`); all its terms must match. The fields are those of an
error's events, named as in Sentry's searches; any other name is a tag.

A term matches an error if it matches any of its stored events; two terms may match two different events. A
negated term matches if none of them has it.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from toban.chapters.errors.intake.event import ErrorEvent, known_level
from toban.engine.search_parts import (
    BadSearch,
    FieldKind,
    Match,
    SearchField,
    SearchPart,
    SearchTerm,
    groups_of,
    term,
)
from toban.message import Message

MOST_TERMS = 10
"""Each may require a scan of all text in errors."""
LONGEST_NAME, LONGEST_VALUE = 100, 400
"""Searchable characters, counted from the beginning: PostgreSQL indexes at most 2.7 kB."""
MOST_VALUES = 100
"""Values of one event that find its error."""

SAID = ("type", "value", "message", "transaction")
"""Where words are searched, besides the title, the place and the release."""
_USERS = ("user.id", "user.email", "user.username", "user.ip_address")
_TAG = "tags."


@dataclass(frozen=True, slots=True)
class ValuePlace:
    """Where the value of a field is stored."""

    names: tuple[str, ...] = ()
    """Names of values of stored events, see `values_of`."""
    columns: tuple[str, ...] = ()
    """Columns of the error itself."""
    of_event: tuple[str, ...] = ()
    """Columns of a stored event."""


type ErrorTerm = SearchTerm[ValuePlace]

ANYWHERE = ValuePlace(SAID, ("title", "culprit", "last_release"))
"""Where a word is searched."""


def _level(written: str) -> str:
    level = known_level(written)
    if level is None:
        raise BadSearch(Message("errors.no-such-level", level=written))
    return level


def _id(written: str) -> str:
    return written.replace("-", "").lower()


_FIELDS: Mapping[str, SearchField[ValuePlace]] = {
    "title": SearchField(ValuePlace(("type", "value", "message"), ("title",)), FieldKind.TEXT),
    "message": SearchField(ValuePlace(("message", "value")), FieldKind.TEXT),
    "culprit": SearchField(ValuePlace((), ("culprit",)), FieldKind.TEXT),
    "type": SearchField(ValuePlace(("type",))),
    "value": SearchField(ValuePlace(("value",)), FieldKind.TEXT),
    "transaction": SearchField(ValuePlace(("transaction",))),
    "release": SearchField(ValuePlace(("release",), ("last_release",))),
    "environment": SearchField(ValuePlace(("environment",))),
    "level": SearchField(ValuePlace(("level",), ("level",)), as_kept=_level),
    "platform": SearchField(ValuePlace(("platform",), ("platform",))),
    "logger": SearchField(ValuePlace(("logger",))),
    "server": SearchField(ValuePlace(("server",))),
    "url": SearchField(ValuePlace(("url",))),
    "user": SearchField(ValuePlace(_USERS)),
    **{each: SearchField(ValuePlace((each,))) for each in _USERS},
    "project": SearchField(ValuePlace((), ("project",))),
    "assignee": SearchField(ValuePlace((), ("assignee",))),
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
"""Other names used by Sentry and its users."""
_ALONE: Mapping[str, SearchField[ValuePlace]] = {
    **dict.fromkeys(
        ("count", "timesseen", "times_seen"), SearchField(ValuePlace((), ("count",)), FieldKind.COUNT)
    ),
    "users": SearchField(ValuePlace((), ("users",)), FieldKind.COUNT),
    "id": SearchField(ValuePlace(of_event=("event_id",)), as_kept=_id),
    **dict.fromkeys(("trace", "traceid"), SearchField(ValuePlace(of_event=("trace_id",)), as_kept=_id)),
}
"""Names that are never a tag."""

_OF_TAGS = re.compile(r"tags(?:\[(?P<inside>[^\]]+)\]|\.(?P<behind>.+))")
_ID = re.compile(r"[0-9a-f]{32}")
"""The id of an event or of a trace."""
_WRITABLE = re.compile(r"[^\W_][^\s:\"<>=\[\]]*")
_WORDS_OF_ITS_OWN = ("has", "is", "tags")


def read_search(written: str) -> tuple[ErrorTerm, ...]:
    """Read a search, or raise `BadSearch`; an empty search finds everything."""
    return tuple(group.term(_term) for group in groups_of(written, MOST_TERMS))


def of_tag(name: str, value: str) -> str:
    """Write the term that matches errors with this tag; empty if its name can't be written in a search."""
    if not _WRITABLE.fullmatch(name):
        return ""
    is_field = name.lower() in {*_FIELDS, *_ALSO, *_ALONE, *_WORDS_OF_ITS_OWN}
    return term(f"tags[{name}]" if is_field else name, value)


def _term(part: SearchPart) -> ErrorTerm:
    name = part.field.lower()
    if not name:
        return _words(part)
    field = _ALONE.get(name) or _field(name)
    if part.relation and field.kind is not FieldKind.COUNT:
        raise BadSearch(Message("errors.only-numbers-compare", part=part.written))
    if name == "has":
        return SearchTerm(_field(part.value.lower()).where, Match.ANY, "", part.negated)
    if name == "is":
        raise BadSearch(Message("errors.state-has-own-field", part=part.written))
    if not part.is_quoted and part.value.startswith("["):
        raise BadSearch(Message("errors.one-value-per-term", part=part.written))
    return part.term(field)


def _words(part: SearchPart) -> ErrorTerm:
    if part.is_pattern:
        # SQLite would run it in this process, without a bound on its time.
        raise BadSearch(Message("errors.no-patterns-in-search", part=part.written))
    if _ID.fullmatch(part.value):
        return SearchTerm(
            ValuePlace(of_event=("event_id", "trace_id")), Match.WHOLE, part.value, part.negated
        )
    return part.words(ANYWHERE)


def _field(name: str) -> SearchField[ValuePlace]:
    """Return what *name*, in lower case, refers to: a field, or a tag."""
    of_tags = _OF_TAGS.fullmatch(name)
    if of_tags is not None:
        return SearchField(ValuePlace((_name_of_tag(of_tags["inside"] or of_tags["behind"]),)))
    known = _FIELDS.get(_ALSO.get(name, name), SearchField(ValuePlace()))
    # A field in one SDK is a tag in another.
    names = (*known.where.names, _name_of_tag(name))
    return replace(known, where=replace(known.where, names=names))


def _name_of_tag(name: str) -> str:
    return folded(f"{_TAG}{name}")[:LONGEST_NAME]


def folded(text: str) -> str:
    """Return *text* as it is compared: without case, width and spacing."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def values_of(event: ErrorEvent) -> list[tuple[str, str]]:
    """Return the names and values that find the error of *event*, as they are compared; each once."""
    found = {
        (folded(name)[:LONGEST_NAME], folded(value)[:LONGEST_VALUE]): None
        for name, value in _values(event)
        if value
    }
    return list(found)[:MOST_VALUES]


def _values(event: ErrorEvent) -> Iterator[tuple[str, str]]:
    # Identifying values first: if there are very many tags, the last ones are left out.
    for each in reversed(event.raised):
        yield from (("type", each.kind), ("value", each.value))
    for name in ("message", "transaction", "release", "environment", "level", "platform", "logger", "server"):
        yield name, str(getattr(event, name))
    url = event.request.get("url")
    if isinstance(url, str):
        yield "url", url
    yield from ((name, event.user.get(name.removeprefix("user."), "")) for name in _USERS)
    yield from ((f"{_TAG}{name}", value) for name, value in event.tags.items())
