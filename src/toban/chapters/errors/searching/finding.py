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
from collections.abc import Iterator
from functools import reduce

from django.db.models import Q

from toban.chapters.errors.models import ErrorValue, StoredEvent
from toban.chapters.errors.searching.search import LONGEST_VALUE, ErrorTerm, folded
from toban.engine.search_parts import Match

_AS_WRITTEN = {
    Match.WHOLE: "exact",
    Match.BEGINS: "startswith",
    Match.ENDS: "endswith",
    Match.PART: "contains",
}
_IN_ANY_CASE = {
    Match.WHOLE: "iexact",
    Match.BEGINS: "istartswith",
    Match.ENDS: "iendswith",
    Match.PART: "icontains",
    Match.EQUAL: "exact",
    Match.ABOVE: "gt",
    Match.AT_LEAST: "gte",
    Match.BELOW: "lt",
    Match.AT_MOST: "lte",
}


def condition(term: ErrorTerm) -> Q:
    """Return what holds of the errors of which *term* does."""
    found = reduce(operator.or_, _anywhere(term))
    return ~found if term.negated else found


def _anywhere(term: ErrorTerm) -> Iterator[Q]:
    where, is_any = term.field, term.match is Match.ANY
    for column in where.columns:
        yield ~Q(**{column: ""}) if is_any else Q(**{f"{column}__{_IN_ANY_CASE[term.match]}": term.value})
    for column in where.of_event:
        asked = {} if is_any else {f"{column}__{_AS_WRITTEN[term.match]}": term.value}
        yield Q(pk__in=StoredEvent.objects.filter(**asked).values("group"))
    if where.names:
        text = folded(term.value)[:LONGEST_VALUE]
        asked = {} if is_any else {f"value__{_AS_WRITTEN[term.match]}": text}
        yield Q(pk__in=ErrorValue.objects.filter(name__in=where.names, **asked).values("group"))
