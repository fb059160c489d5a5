"""What the public may know: the operator's chosen services, their state, days and troubles. Pure.

Nothing here contains a name, a host or a reason that is not in `[status]`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from toban.chapters.objectives import periods
from toban.chapters.objectives.bindings import StatusBinding
from toban.chapters.objectives.coverage import NEEDED, coverage
from toban.chapters.objectives.rules import SliceTally
from toban.chapters.objectives.sli import Indicator
from toban.design.values.metric import Metric
from toban.engine.spans import Span

DAYS = 90
PAST = timedelta(days=30)
"""How long a trouble that is over stays on the page."""
_FRESH = timedelta(minutes=10)
"""A state that nobody has checked for this long is unknown."""
_SHORTEST = timedelta(minutes=1)
"""A shorter trouble is a measurement glitch."""
_ALL, _MOST = 0.99, 0.01
_GOOD, _FAIR = 0.999, 0.99


class ServiceState(StrEnum):
    """The state of a service."""

    OPERATIONAL = "operational"
    MAINTENANCE = "maintenance"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


WORST_FIRST = (
    ServiceState.DOWN,
    ServiceState.DEGRADED,
    ServiceState.UNKNOWN,
    ServiceState.MAINTENANCE,
    ServiceState.OPERATIONAL,
)
TROUBLES = (ServiceState.DOWN, ServiceState.DEGRADED)


class DayKind(StrEnum):
    """The result of a day, without planned maintenance."""

    GOOD = "good"
    """At least 99.9%."""
    FAIR = "fair"
    """At least 99%."""
    POOR = "poor"
    UNKNOWN = "unknown"
    """Too little is known, and what is known is not poor."""


@dataclass(frozen=True, slots=True)
class Spell:
    """A period in which a service kept the same state."""

    service: str
    state: ServiceState
    began_at: datetime
    ended_at: datetime | None
    seen_at: datetime
    """When it was last checked."""


@dataclass(frozen=True, slots=True)
class PublicDay:
    """A day of a service."""

    date: date
    kind: DayKind
    share: float | None
    """The percentage of the known time; None without measurements."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service as the public sees it."""

    name: str
    state: ServiceState
    since: datetime | None
    days: tuple[PublicDay, ...]
    share: float | None
    """The percentage over all the days; None without measurements."""


@dataclass(frozen=True, slots=True)
class PublicMaintenance:
    """Planned maintenance."""

    services: tuple[str, ...]
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class StatusPage:
    """The whole page."""

    title: str
    note: str
    state: ServiceState
    """The worst state of all services."""
    services: tuple[Service, ...]
    troubles: tuple[Spell, ...]
    """Newest first."""
    maintenance: tuple[PublicMaintenance, ...]
    seen_at: datetime | None
    """When any service was last checked."""


def indicators(status: StatusBinding | None) -> list[tuple[str, Indicator]]:
    """Return each public name with what is measured for it."""
    if status is None:
        return []
    return [
        (each.name, Indicator(f"status/{each.name}", Metric.UP, each.target, each.instance))
        for each in status.services
    ]


def state_of(up: float | None, *, has_critical: bool, is_planned: bool) -> ServiceState:
    """Return the state of a service, of which the share *up* answers now; None: no measurements."""
    if is_planned:
        return ServiceState.MAINTENANCE
    if up is None:
        return ServiceState.UNKNOWN
    if up <= _MOST:
        return ServiceState.DOWN
    return ServiceState.DEGRADED if up < _ALL or has_critical else ServiceState.OPERATIONAL


def board(
    status: StatusBinding,
    spells: Sequence[Spell],
    days: Mapping[str, Mapping[date, SliceTally]],
    maintenance: Iterable[PublicMaintenance],
    *,
    zone: ZoneInfo,
    now: datetime,
) -> StatusPage:
    """Build the page; *days* are those of *zone*, by service name."""
    services = tuple(_service(each.name, spells, days[each.name], zone, now) for each in status.services)
    return StatusPage(
        title=status.title,
        note=status.note,
        state=next(
            (state for state in WORST_FIRST if any(each.state is state for each in services)),
            ServiceState.UNKNOWN,
        ),
        services=services,
        troubles=tuple(sorted(_troubles(spells, now), key=lambda spell: spell.began_at, reverse=True)),
        maintenance=tuple(sorted(maintenance, key=lambda window: window.start)),
        seen_at=max((spell.seen_at for spell in spells), default=None),
    )


def _service(
    name: str, spells: Iterable[Spell], days: Mapping[date, SliceTally], zone: ZoneInfo, now: datetime
) -> Service:
    current = next((each for each in spells if each.service == name and each.ended_at is None), None)
    is_fresh = current is not None and now - current.seen_at <= _FRESH
    today = now.astimezone(zone).date()
    shown = tuple(
        _day(day, days.get(day, SliceTally()), zone, now)
        for day in (today - timedelta(days=back) for back in range(DAYS - 1, -1, -1))
    )
    whole = sum((days[day.date] for day in shown if day.date in days), SliceTally())
    return Service(
        name=name,
        state=current.state if current is not None and is_fresh else ServiceState.UNKNOWN,
        since=current.began_at if current is not None and is_fresh else None,
        days=shown,
        share=_percent(whole),
    )


def _day(day: date, known: SliceTally, zone: ZoneInfo, now: datetime) -> PublicDay:
    mean = known.mean_unplanned
    if mean is None:
        return PublicDay(day, DayKind.UNKNOWN, None)
    rounded = round(mean, 6)
    kind = DayKind.GOOD if rounded >= _GOOD else DayKind.FAIR if rounded >= _FAIR else DayKind.POOR
    start, end = periods.day_span(day, zone)
    if kind is not DayKind.POOR and not coverage({day: known}, (start, min(end, now)), zone).reaches(NEEDED):
        kind = DayKind.UNKNOWN
    return PublicDay(day, kind, _percent(known))


def _percent(known: SliceTally) -> float | None:
    mean = known.mean_unplanned
    return None if mean is None else mean * 100


def _troubles(spells: Iterable[Spell], now: datetime) -> Iterable[Spell]:
    for spell in spells:
        end = spell.ended_at or now
        if spell.state in TROUBLES and end - spell.began_at >= _SHORTEST and end > now - PAST:
            yield spell


def windows(planned: Mapping[str, Sequence[Span]]) -> list[PublicMaintenance]:
    """Return the planned periods of each service, merging those at the same time."""
    by_span: dict[Span, list[str]] = {}
    for name, spans in planned.items():
        for span in spans:
            by_span.setdefault(span, []).append(name)
    return [PublicMaintenance(tuple(names), *span) for span, names in by_span.items()]
