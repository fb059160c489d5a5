"""Why a search finds nothing: names of fields, and levels, that no row of the time has."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from toban.engine.search_parts import Match, SearchTerm
from toban.engine.telemetry.logs.language import FIELDS
from toban.engine.telemetry.logs.search import Column, LogSearch, LogTerm, TimeSpan
from toban.engine.telemetry.logs.words import LEVELS
from toban.message import Message

_MOST = 5
"""Terms that the store is asked about."""


def unknown_names(store: LogSearch, terms: Sequence[LogTerm], span: TimeSpan) -> list[Message]:
    """Name the fields and levels of *terms* that no row of *span* has. Raises `StoreUnavailable`."""
    asked = dict.fromkeys(_doubtful(terms))
    return [_said(each) for each in list(asked)[:_MOST] if not store.newest([each], span, limit=1)]


def _doubtful(terms: Iterable[LogTerm]) -> Iterator[LogTerm]:
    """Yield what to ask for: any value of each sender's own field, and each level that is not a usual one."""
    for term in (each for first in terms for each in (first, *first.others)):
        if not isinstance(term.field, str):
            yield SearchTerm[Column](term.field, Match.ANY, "")
        elif term.field == "level" and term.match is Match.WHOLE and term.value not in LEVELS:
            yield replace(term, negated=False, others=())


def _said(term: LogTerm) -> Message:
    if isinstance(term.field, str):
        near = difflib.get_close_matches(term.value, LEVELS, n=1)
        unknown = Message("telemetry.no-such-level", name=term.value)
    else:
        name = ".".join(term.field)
        near = difflib.get_close_matches(name, FIELDS, n=1)
        unknown = Message("telemetry.no-such-field", name=name)
    return Message("telemetry.unknown-but-near", unknown=unknown, near=near[0]) if near else unknown
