"""The public page's data: written when services are measured, read on each request."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from toban.chapters.objectives.bindings import STATUS, StatusBinding
from toban.chapters.objectives.models import ServiceSpell
from toban.chapters.objectives.publishing import public
from toban.chapters.objectives.publishing.public import ServiceState, Spell, StatusPage
from toban.chapters.objectives.service import kept
from toban.chapters.objectives.sli import Indicator
from toban.design.reader import Design
from toban.design.values.metric import Metric
from toban.engine.bindings.model import Bindings
from toban.engine.notify.models import Alert
from toban.engine.notify.planned import planned
from toban.engine.notify.signal import Condition
from toban.engine.spans import Span
from toban.engine.telemetry.store import StoreUnavailable, Telemetry

_LATELY = timedelta(minutes=10)
_POINTS = 10
_NEWEST = 2
"""The mean of these points is "now": they include every instance that is asked each minute."""
_COMING = timedelta(days=30)
_MOST = 500
"""The maximum number of spells to read."""


def look(telemetry: Telemetry, design: Design, bindings: Bindings, now: datetime) -> None:
    """Record the state of every service of `[status]` *now*; an unchanged state continues."""
    for name, of in public.indicators(STATUS.of(bindings)):
        state = public.state_of(
            _up(telemetry, of, now),
            has_critical=_has_critical(of),
            is_planned=bool(planned(of.target, design, bindings.system, (now, now + timedelta(seconds=1)))),
        )
        _note(name, state, now)


def _up(telemetry: Telemetry, of: Indicator, now: datetime) -> float | None:
    start, end = now - _LATELY, now + timedelta(seconds=1)
    try:
        found = list(telemetry.series(Metric.UP, of.target, of.instance or None, start, end, _POINTS))
    except StoreUnavailable:
        return None
    newest = found[-_NEWEST:]
    return sum(point.mean for point in newest) / len(newest) if newest else None


def _has_critical(of: Indicator) -> bool:
    found = Alert.objects.filter(
        resolved_at=None, condition=Condition.CRITICAL, labels__target=of.target
    ).exclude(labels__item="level")
    return (found.filter(labels__instance=of.instance) if of.instance else found).exists()


@transaction.atomic
def _note(name: str, state: ServiceState, now: datetime) -> None:
    current = ServiceSpell.objects.select_for_update().filter(service=name, ended_at=None).first()
    if current is not None and current.state == state:
        current.seen_at = now
        current.save(update_fields=["seen_at"])
        return
    if current is not None:
        current.ended_at = now
        current.save(update_fields=["ended_at"])
    spell = ServiceSpell(service=name, state=state, began_at=now, seen_at=now)
    # Two workers may see the same change: one spell is enough.
    ServiceSpell.objects.bulk_create([spell], ignore_conflicts=True)


def board(status: StatusBinding, design: Design, bindings: Bindings, now: datetime) -> StatusPage:
    """Return the public page as it is *now*."""
    today = now.astimezone(bindings.system.zone).date()
    known = public.indicators(status)
    first, before = today - timedelta(days=public.DAYS - 1), today + timedelta(days=1)
    coming = {name: planned(of.target, design, bindings.system, (now, now + _COMING)) for name, of in known}
    return public.board(
        status,
        _spells([name for name, _ in known], now),
        {name: kept(of, first, before) for name, of in known},
        public.windows(_whole(coming, known, design, bindings, now)),
        zone=bindings.system.zone,
        now=now,
    )


def _whole(
    coming: Mapping[str, Sequence[Span]],
    known: Sequence[tuple[str, Indicator]],
    design: Design,
    bindings: Bindings,
    now: datetime,
) -> Mapping[str, Sequence[Span]]:
    """Restore the real start of an open window, which may be before the requested period."""
    lately = (now - timedelta(days=1), now + timedelta(seconds=1))
    begun = {name: planned(of.target, design, bindings.system, lately) for name, of in known}
    return {
        name: [
            (next((start for start, end in begun[name] if start < span[0] <= end), span[0]), span[1])
            for span in spans
        ]
        for name, spans in coming.items()
    }


def _spells(names: Sequence[str], now: datetime) -> list[Spell]:
    recent = Q(ended_at=None) | Q(ended_at__gt=now - public.PAST)
    found = ServiceSpell.objects.filter(recent, service__in=names).order_by("-began_at")[:_MOST]
    return [
        Spell(each.service, ServiceState(each.state), each.began_at, each.ended_at, each.seen_at)
        for each in found
    ]
