"""The lines of a timeline in their order, page by page."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Self

from django.db.models import Q

from toban.chapters.incident.models import Incident, TimelineEntry
from toban.chapters.incident.timeline.kinds import EntryKind, TimelineLine

LARGEST_PAGE = 500
"""Lines of one page."""


class TimelinePlace(NamedTuple):
    """The place of a line: the next page begins after it."""

    at: datetime
    number: int

    def __str__(self) -> str:
        """Return it as text for an address; `read` reads it back."""
        return f"{self.at.isoformat()}/{self.number}"

    @classmethod
    def read(cls, written: str) -> Self | None:
        """Return the place that *written* names; None if it names none."""
        at, _, number = written.rpartition("/")
        try:
            place = cls(datetime.fromisoformat(at), int(number))
        except ValueError:
            return None
        return place if place.at.tzinfo is not None else None


def entries(
    incident: Incident,
    after: TimelinePlace | None = None,
    limit: int = 100,
    *,
    kinds: Sequence[EntryKind] = (),
    with_hidden: bool = False,
) -> list[TimelineLine]:
    """Return up to *limit* lines after a place, the oldest first."""
    wanted = Q(incident=incident) if with_hidden else Q(incident=incident, is_hidden=False)
    if after is not None:
        behind = Q(at__gt=after.at) | Q(at=after.at, pk__gt=after.number)
        # The first part alone lets the index begin at the place.
        wanted &= Q(at__gte=after.at) & behind
    if kinds:
        wanted &= Q(kind__in=kinds)
    found = TimelineEntry.objects.filter(wanted).order_by("at", "pk")
    return [line_of(each) for each in found[: min(max(limit, 1), LARGEST_PAGE)]]


def newest(
    incident: Incident, before: TimelinePlace | None, limit: int, *, kinds: Sequence[EntryKind] = ()
) -> list[TimelineLine]:
    """Return up to *limit* lines before a place, the newest first, with those that are hidden."""
    wanted = Q(incident=incident)
    if before is not None:
        wanted &= Q(at__lte=before.at) & (Q(at__lt=before.at) | Q(at=before.at, pk__lt=before.number))
    if kinds:
        wanted &= Q(kind__in=kinds)
    found = TimelineEntry.objects.filter(wanted).order_by("-at", "-pk")
    return [line_of(each) for each in found[: min(max(limit, 1), LARGEST_PAGE)]]


def all_entries(incident: Incident, *, with_hidden: bool = False) -> list[TimelineLine]:
    """Return all lines, the oldest first."""
    found = incident.timeline.order_by("at", "pk")
    return [line_of(each) for each in (found if with_hidden else found.filter(is_hidden=False))]


def place_of(line: TimelineLine) -> TimelinePlace:
    """Return where *line* stands."""
    return TimelinePlace(line.at, line.number)


def line_of(entry: TimelineEntry) -> TimelineLine:
    """Return *entry* as a value."""
    kind = next((each for each in EntryKind if each == entry.kind), EntryKind.NOTE)
    return TimelineLine(
        entry.pk,
        entry.key,
        kind,
        entry.at,
        entry.said,
        entry.by,
        entry.url,
        entry.is_amended,
        entry.is_hidden,
    )
