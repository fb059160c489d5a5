"""Planned maintenance in a period: the document's windows, and what people announced."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from toban.design.calendar import BusinessCalendar, periods_on
from toban.design.clauses.objectives import MaintenanceWindow
from toban.design.reader import Design
from toban.engine.bindings.model import System
from toban.engine.notify.models import Maintenance
from toban.engine.spans import Span, merged


def planned(target: str, design: Design, system: System, span: Span) -> Sequence[Span]:
    """Return the planned maintenance of *target* in *span*: the document's and what was announced."""
    return planned_spans(
        design.of(MaintenanceWindow),
        _announced(target, span),
        span,
        zone=system.zone,
        business=system.business,
    )


def _announced(target: str, span: Span) -> Iterator[Span]:
    for each in Maintenance.objects.filter(starts_at__lt=span[1], ends_at__gt=span[0]):
        if not each.targets or target in each.targets:
            yield each.starts_at, each.ends_at


def planned_spans(
    windows: Iterable[MaintenanceWindow],
    announced: Iterable[Span],
    span: Span,
    *,
    zone: ZoneInfo,
    business: BusinessCalendar,
) -> list[Span]:
    """Return the planned maintenance within *span*: the document's windows and what people announced."""
    found: list[Span] = []
    for window in windows:
        own = ZoneInfo(window.schedule.zone) if window.schedule.zone else zone
        for day in _days(span, own):
            found += [
                (period.start.replace(tzinfo=own), period.end.replace(tzinfo=own))
                for period in periods_on(window.schedule, day, business)
            ]
    clipped = ((max(start, span[0]), min(end, span[1])) for start, end in (*found, *announced))
    return merged((start, end) for start, end in clipped if start < end)


def _days(span: Span, zone: ZoneInfo) -> Iterator[date]:
    """Yield every day that overlaps *span*, and the day before: its window may end within *span*."""
    day = span[0].astimezone(zone).date() - timedelta(days=1)
    while day <= span[1].astimezone(zone).date():
        yield day
        day += timedelta(days=1)
