"""A search of errors as a condition on their table.

Costs: a whole value is looked up in an index. `value*`, `*value*` and `has:` scan the rows of one name. Words
and parts of a text scan every distinct exception, message and transaction of the stored events, once for each
term; an error has as many as it has stored events, at most 70. A page makes three such scans.

With 10,000 errors of 50 stored events, each with its own id and message (3 million values), a scan takes on
SQLite and PostgreSQL: whole values 1 to 12 ms, `value*` 40 to 60 ms, a word 75 to 150 ms, and the same for
each further one; `value:` or `has:` matching every event up to 300 ms on SQLite.
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
    """Return the condition for errors that match *term*."""
    return reduce(operator.or_, map(_of_one, (term, *term.others)))


def _of_one(term: ErrorTerm) -> Q:
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
