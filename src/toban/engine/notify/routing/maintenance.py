"""Planned maintenance: the times at which the document itself says that the service may be down."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from toban.design.calendar import BusinessCalendar, periods_on
from toban.design.clauses.objectives import MaintenanceWindow
from toban.engine.notify.routing.silences import APPROVAL
from toban.engine.notify.signal import PERSONAL


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """A maintenance window that is open now."""

    citation: str
    until: datetime


def open_window(
    windows: Iterable[MaintenanceWindow], *, zone: ZoneInfo, business: BusinessCalendar, now: datetime
) -> OpenWindow | None:
    """Return the window that is open at *now*, the last to end if there are several; the end is excluded."""
    found = [
        OpenWindow(str(window.origin), end)
        for window in windows
        for start, end in _occurrences(window, zone, now, business)
        if start <= now < end
    ]
    return max(found, key=lambda window: window.until, default=None)


@dataclass(frozen=True, slots=True)
class AnnouncedMaintenance:
    """Maintenance that a person has announced."""

    citation: str
    """Who announced it, and why."""
    targets: frozenset[str]
    """The document's targets; empty for the whole system."""
    until: datetime


def window_for(
    labels: Mapping[str, str], announced: Iterable[AnnouncedMaintenance], by_document: OpenWindow | None
) -> OpenWindow | None:
    """Return the maintenance that an alert with *labels* falls into: the document's, or an announced one.

    What is told about approvals is about people, not about what is maintained; so is what is personal.
    """
    if labels == APPROVAL or PERSONAL in labels:
        return None
    target = labels.get("target", "")
    found = [
        OpenWindow(each.citation, each.until)
        for each in announced
        if not each.targets or target in each.targets
    ]
    windows = [*found, *([by_document] if by_document else [])]
    return max(windows, key=lambda window: window.until, default=None)


def _occurrences(
    window: MaintenanceWindow, zone: tzinfo, now: datetime, business: BusinessCalendar
) -> Iterator[tuple[datetime, datetime]]:
    own = ZoneInfo(window.schedule.zone) if window.schedule.zone else zone
    today = now.astimezone(own).date()
    # Yesterday's window may end today.
    for day in (today - timedelta(days=1), today):
        for period in periods_on(window.schedule, day, business):
            yield period.start.replace(tzinfo=own), period.end.replace(tzinfo=own)
