"""Errors as pages and the terminal query them: lists, one event, frequencies, a week's comparison."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
import zstandard
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Length

from toban.chapters.errors.intake.payload import LARGEST
from toban.chapters.errors.models import ErrorGroup, ErrorHour, StoredEvent
from toban.chapters.errors.reviewing.review import ErrorWeek, ReviewedError, Week, review
from toban.chapters.errors.rules import ErrorState
from toban.chapters.errors.searching.finding import condition
from toban.chapters.errors.searching.search import ErrorTerm

_GROWN = 4
"""Stored as our own JSON, an event may be at most this many times the size sent."""


@dataclass(frozen=True, slots=True)
class ErrorSearch:
    """Which errors to find; empty fields do not restrict."""

    state: str = ""
    """An `ErrorState`; or `new`: open, first seen since `fresh`; or `regressed`: open, and was resolved."""
    terms: tuple[ErrorTerm, ...] = ()
    project: str = ""
    level: str = ""
    assignee: str = ""
    fresh: datetime | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """How much was received in a period and is kept."""

    events: int
    bytes: int
    """Size of the stored events."""
    hours: int
    """Number of hourly counts, one per error and hour."""


def amount(start: datetime | None, end: datetime) -> Amount:
    """Return how much is kept from *start* (None: the beginning) until before *end*."""
    events = StoredEvent.objects.filter(received_at__lt=end)
    hours = ErrorHour.objects.filter(hour__lt=end)
    if start is not None:
        events, hours = events.filter(received_at__gte=start), hours.filter(hour__gte=start)
    found = events.aggregate(count=Count("pk"), size=Coalesce(Sum(Length("content")), 0))
    return Amount(found["count"], found["size"], hours.count())


def found(search: ErrorSearch) -> QuerySet[ErrorGroup]:
    """Return the errors that match *search*, last seen first."""
    groups = _of(search).order_by("-last_seen", "-pk")
    return groups.filter(_in_state(search.state, search.fresh))


def counts(search: ErrorSearch, states: Collection[str]) -> Mapping[str, int]:
    """Return how many open errors match *search* in each of *states*, ignoring the search's own state.

    This takes a single pass over the table, since a pass can be expensive: see `finding`.
    """
    numbers = {each: Count("pk", filter=_in_state(each, search.fresh)) for each in states}
    return _of(search).filter(state=ErrorState.OPEN).aggregate(**numbers)


def _of(search: ErrorSearch) -> QuerySet[ErrorGroup]:
    groups = ErrorGroup.objects.all()
    for term in search.terms:
        groups = groups.filter(condition(term))
    for name in ("project", "level", "assignee"):
        if wanted := getattr(search, name):
            groups = groups.filter(**{name: wanted})
    return groups


def _in_state(state: str, fresh: datetime | None) -> Q:
    match state:
        case "new":
            return Q(state=ErrorState.OPEN, regressed_at=None, first_seen__gte=fresh)
        case "regressed":
            return Q(state=ErrorState.OPEN) & ~Q(regressed_at=None)
        case "":
            return Q()
        case _:
            return Q(state=state)


def event_of(stored: StoredEvent) -> Mapping[str, object]:
    """Return the whole event, as `ErrorEvent` was written: its fields by name."""
    text = zstandard.decompress(bytes(stored.content), max_output_size=_GROWN * LARGEST)
    event: Mapping[str, object] = orjson.loads(text)
    return event


def by_hours(
    numbers: Collection[int], start: datetime, end: datetime, step: timedelta
) -> Mapping[int, Sequence[int]]:
    """Return, for each error, how often it happened in each *step* from *start* to *end*."""
    steps = -(-(end - start) // step)
    counts: dict[int, list[int]] = {number: [0] * steps for number in numbers}
    hours = ErrorHour.objects.filter(group__in=numbers, hour__gte=start, hour__lt=end)
    for number, hour, count in hours.values_list("group", "hour", "count"):
        counts[number][(hour - start) // step] += count
    return counts


def weekly(week: Week, project: str = "") -> list[tuple[ErrorGroup, ReviewedError]]:
    """Return every error of *week* or the one before, with its trend; ignored ones are left out."""
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for place, span in enumerate((week, week.before)):
        hours = ErrorHour.objects.filter(hour__gte=span.start, hour__lt=span.end)
        for number, count in hours.values_list("group").annotate(total=Sum("count")).order_by():
            counts[number][place] = count
    groups = ErrorGroup.objects.filter(pk__in=counts).exclude(state=ErrorState.IGNORED)
    if project:
        groups = groups.filter(project=project)
    by_number = {group.pk: group for group in groups}
    errors = [
        ErrorWeek(number, group.first_seen, group.regressed_at, *counts[number])
        for number, group in by_number.items()
    ]
    return [(by_number[each.number], each) for each in review(errors, week)]
