"""Chapter 1 at work: levels from the telemetry store, day by day, and what follows from them.

Whole days are kept in the state database. Today and yesterday are counted anew at each step: samples may
arrive late, when the store was away.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from toban.chapters.objectives import detection, duties, periods, report, rules
from toban.chapters.objectives.models import LevelDay
from toban.chapters.objectives.report import Level
from toban.chapters.objectives.rules import Slice, Span, Tally
from toban.chapters.objectives.sli import LevelPlan, Sli
from toban.design.clauses.objectives import MaintenanceWindow
from toban.design.reader import Design
from toban.design.values.metric import Metric
from toban.engine.bindings.model import Bindings
from toban.engine.evidence import status
from toban.engine.notify import alerts, overrides
from toban.engine.notify.models import Maintenance
from toban.engine.telemetry.store import StoreUnavailable, Telemetry

_BACK = 60
"""Days before today that are counted when an objective is measured for the first time."""


_SOON = timedelta(days=35)
"""How far ahead somebody who stands in for another is told of."""


class Objectives:
    """The service levels of the edition in force. One thread drives `step`."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def step(
        self, plan: LevelPlan, design: Design, bindings: Bindings, now: datetime, digest: str
    ) -> Sequence[Level]:
        """Count, show the rows' statuses and report what burns; return the levels."""
        levels = [self._level(sli, design, bindings, now) for sli in plan.slis]
        updates = [
            *(report.status(level, now) for level in levels),
            *duties.statuses(design, bindings, overrides.between(now, now + _SOON), now),
            *detection.statuses(design, now),
        ]
        signals = [signal for level in levels for signal in report.signals(level, now)]
        with transaction.atomic():
            status.show(updates, now, digest)
            alerts.report(signals, now, digest)
        return levels

    def _level(self, sli: Sli, design: Design, bindings: Bindings, now: datetime) -> Level:
        zone = bindings.system.zone
        today = now.astimezone(zone).date()
        month, year = periods.month_span(today, zone), periods.year_span(today, zone)
        try:
            current = self._count(sli, design, bindings, now)
            burning = self._burning(sli, now)
            trouble = ""
        except StoreUnavailable as error:
            current, burning, trouble = Tally(), None, str(error)
        days = _kept(sli, year[0].date(), today) | {today: current}
        return Level(
            sli=sli,
            today=current,
            month=_sum(days, month[0].date()),
            year=_sum(days, year[0].date()),
            month_span=month,
            year_span=year,
            burning=burning,
            trouble=trouble,
            now=now,
        )

    def _count(self, sli: Sli, design: Design, bindings: Bindings, now: datetime) -> Tally:
        """Keep the days that are over, and return today so far."""
        zone = bindings.system.zone
        today = now.astimezone(zone).date()
        known = set(_kept(sli, today - timedelta(days=_BACK), today))
        yesterday = today - timedelta(days=1)
        for back in range(_BACK, 0, -1):
            day = today - timedelta(days=back)
            if day == yesterday or day not in known:
                _keep(sli, day, self._day(sli, design, bindings, day))
        return self._tally(sli, design, bindings, (periods.day_span(today, zone)[0], now))

    def _day(self, sli: Sli, design: Design, bindings: Bindings, day: date) -> Tally:
        return self._tally(sli, design, bindings, periods.day_span(day, bindings.system.zone))

    def _tally(self, sli: Sli, design: Design, bindings: Bindings, span: Span) -> Tally:
        planned = periods.planned_spans(
            design.of(MaintenanceWindow),
            _announced(sli.target, span),
            span,
            zone=bindings.system.zone,
            keeps_holidays=bindings.system.keeps_holidays,
        )
        return rules.tally(self._slices(sli, span, rules.SLICE), planned)

    def _slices(self, sli: Sli, span: Span, step: timedelta) -> Iterator[Slice]:
        start, end = span
        if end - start < step:
            return
        points = max(int(periods.length(span) / step), 1)
        series = self._telemetry.series(sli.metric, sli.target, sli.instance or None, start, end, points)
        for point in series:
            yield Slice(max(point.at, start), min(point.at + step, end), point.mean)

    def _burning(self, sli: Sli, now: datetime) -> rules.Burning | None:
        allowed = rules.allowed_share(sli.metric, sli.limit)
        if allowed is None:
            return None
        rates = [
            (rule, self._rate(sli, now, rule.long, allowed), self._rate(sli, now, rule.short, allowed))
            for rule in rules.BURN_RULES
        ]
        return rules.burning(rates)

    def _rate(self, sli: Sli, now: datetime, window: timedelta, allowed: float) -> float | None:
        slices = self._slices(sli, (now - window, now), window / 10)
        mean = rules.tally(slices, ()).mean
        share = rules.bad_share(sli.metric, mean) if mean is not None else None
        return rules.burn_rate(share, allowed)


def _announced(target: str, span: Span) -> Iterator[Span]:
    announced = Maintenance.objects.filter(starts_at__lt=span[1], ends_at__gt=span[0])
    for each in announced:
        if not each.targets or target in each.targets:
            yield each.starts_at, each.ends_at


def _kept(sli: Sli, first: date, before: date) -> dict[date, Tally]:
    days = LevelDay.objects.filter(
        objective=sli.objective.id, measured_by=sli.measured_by, day__gte=first, day__lt=before
    )
    return {
        each.day: Tally(each.covered, each.amount, each.planned_covered, each.planned_amount) for each in days
    }


def _keep(sli: Sli, day: date, counted: Tally) -> None:
    LevelDay.objects.update_or_create(
        objective=sli.objective.id,
        day=day,
        defaults={
            "covered": counted.covered,
            "amount": counted.amount,
            "planned_covered": counted.planned_covered,
            "planned_amount": counted.planned_amount,
            "measured_by": sli.measured_by,
        },
    )


def _sum(days: Mapping[date, Tally], first: date) -> Tally:
    return sum((tally for day, tally in days.items() if day >= first), Tally())


def by_day(sli: Sli, zone: ZoneInfo, now: datetime, days: int) -> list[tuple[date, float | None]]:
    """Return the level of each of the last *days* that are over, oldest first; None is a gap."""
    today = now.astimezone(zone).date()
    kept = _kept(sli, today - timedelta(days=days), today)
    found = []
    for back in range(days, 0, -1):
        day = today - timedelta(days=back)
        mean = kept[day].mean_unplanned if day in kept else None
        found.append((day, rules.in_unit(sli.metric, mean) if mean is not None else None))
    return found


def is_availability(sli: Sli) -> bool:
    """Whether the objective has an error budget of time."""
    return sli.metric is Metric.UP
