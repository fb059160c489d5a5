"""A search of errors as a condition on their table.

What it costs: a whole value is looked up in an index; `value*`, `*value*` and `has:` walk along the rows of
one name. Words, and parts of a text, walk along every distinct exception, message and transaction that kept
events have, once for each term: of one error there are as many as events are kept, 70. A page makes three
such walks.

With 10,000 errors of 50 kept events, each with an id and a message of its own (3 million values), a walk
takes on SQLite and PostgreSQL: whole values 1 to 12 ms, `value*` 40 to 60 ms, a word 75 to 150 ms, and as
much again for each further one; `value:` or `has:` of what every event has up to 300 ms on SQLite.
"""

import operator
import re
from functools import reduce

from django.db.models import Q

from toban.chapters.errors.models import ErrorValue, StoredEvent
from toban.chapters.errors.search import (
    LONGEST_VALUE,
    SAID,
    Compared,
    Has,
    Match,
    OfEvent,
    Term,
    Words,
    folded,
)

_ID = re.compile(r"[0-9a-f]{32}")
"""Of an event or of a trace."""
_IN_VALUES = {
    Match.WHOLE: "value",
    Match.BEGINS: "value__startswith",
    Match.ENDS: "value__endswith",
    Match.PART: "value__contains",
}
_IN_COLUMNS = {
    Match.WHOLE: "iexact",
    Match.BEGINS: "istartswith",
    Match.ENDS: "iendswith",
    Match.PART: "icontains",
}
_RELATIONS = {"=": "exact", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


def condition(term: Term) -> Q:
    """Return what holds of the errors of which *term* does."""
    match term:
        case Words():
            found = _said(term.text)
        case Has():
            found = _has(term)
        case OfEvent():
            found = _of_event(term.column, term.value)
        case Compared():
            found = Q(**{f"{term.column}__{_RELATIONS[term.relation]}": term.number})
    return ~found if term.negated else found


def _said(text: str) -> Q:
    if _ID.fullmatch(text):
        return _of_event("event_id", text) | _of_event("trace_id", text)
    columns = (Q(**{f"{each}__icontains": text}) for each in ("title", "culprit", "last_release"))
    return reduce(operator.or_, columns) | _with_value(SAID, Match.PART, text)


def _has(term: Has) -> Q:
    found = _with_value(term.field.names, term.match, term.value)
    for column in term.field.columns:
        if term.match is Match.ANY:
            found |= ~Q(**{column: ""})
        else:
            found |= Q(**{f"{column}__{_IN_COLUMNS[term.match]}": term.value})
    return found


def _with_value(names: tuple[str, ...], match: Match, value: str) -> Q:
    rows = ErrorValue.objects.filter(name__in=names)
    if match is not Match.ANY:
        rows = rows.filter(**{_IN_VALUES[match]: folded(value)[:LONGEST_VALUE]})
    return Q(pk__in=rows.values("group"))


def _of_event(column: str, value: str) -> Q:
    return Q(pk__in=StoredEvent.objects.filter(**{column: value}).values("group"))
