"""Chapter 1 at work: levels from the telemetry store, day by day, and what follows from them.

Whole days are kept in the state database. Today and yesterday are recomputed in each step: samples may arrive
late, if the store was unavailable.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from django.db import transaction

from toban.chapters.objectives import duties, periods, report, rules
from toban.chapters.objectives.bindings import STATUS
from toban.chapters.objectives.coverage import Coverage, coverage, judged_span, measured_since
from toban.chapters.objectives.models import BurnRate, LevelDay
from toban.chapters.objectives.publishing import public
from toban.chapters.objectives.report import ObjectiveReport
from toban.chapters.objectives.rules import Burn, Slice, SliceTally
from toban.chapters.objectives.sli import Indicator, LevelPlan, Sli
from toban.design.calendar import days_from
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.evidence import status
from toban.engine.notify import alerts
from toban.engine.notify.duty import overrides
from toban.engine.notify.planned import planned
from toban.engine.spans import Span
from toban.engine.telemetry.store import StoreUnavailable, Telemetry
from toban.message import NOTHING, message_of

_BACK = 60
"""Days before today that are computed when an objective is measured for the first time."""


_PARTS = 10
"""The number of slices of a short window."""

_SOON = timedelta(days=35)
"""How early a deputy is announced."""


class Objectives:
    """The service levels of the edition in force. One thread drives `step`."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def step(
        self, plan: LevelPlan, design: Design, bindings: Bindings, now: datetime, digest: str
    ) -> Sequence[ObjectiveReport]:
        """Compute, show the rows' statuses and report what burns; return the levels."""
        since = status.judged_since([sli.objective.id for sli in plan.slis])
        levels = [
            self._level(sli, design, bindings, since.get(sli.objective.id, now), now) for sli in plan.slis
        ]
        for _, of in public.indicators(STATUS.of(bindings)):
            # The objectives report an unavailable store; the days are computed when it is back.
            with suppress(StoreUnavailable):
                self._count(of, design, bindings, now)
        updates = [
            *(report.status(level, now) for level in levels),
            *duties.statuses(design, bindings, overrides.between(now, now + _SOON), now),
        ]
        signals = [signal for level in levels for signal in report.signals(level, now)]
        with transaction.atomic():
            status.show(updates, now, digest)
            alerts.report(signals, now, digest)
        return levels

    def known(
        self, of: Indicator, design: Design, bindings: Bindings, span: Span, step: timedelta
    ) -> SliceTally:
        """Return what is known of *span*, measured in *step*s; raise `StoreUnavailable`."""
        spans = planned(of.target, design, bindings.system, span)
        return rules.tally(self._slices(of, span, step, spans), spans)

    def _level(
        self, sli: Sli, design: Design, bindings: Bindings, in_force: datetime, now: datetime
    ) -> ObjectiveReport:
        zone = bindings.system.zone
        today = now.astimezone(zone).date()
        month, year = periods.month_span(today, zone), periods.year_span(today, zone)
        try:
            current = self._count(sli.indicator, design, bindings, now)
            burns = self._burns(sli, design, bindings, now)
            trouble = NOTHING
        except StoreUnavailable as error:
            current, burns, trouble = self._so_far(sli.indicator, today), (), message_of(error)
        first = min(year[0].date(), today - timedelta(days=1))
        days = kept(sli.indicator, first, today) | {today: current}
        since = measured_since(days, in_force, zone, now)
        return ObjectiveReport(
            sli=sli,
            today=current,
            month=_sum(days, month[0].date()),
            year=_sum(days, year[0].date()),
            month_span=month,
            year_span=year,
            judged=coverage(days, judged_span(month[0], since, now), zone),
            burns=burns,
            trouble=trouble,
            now=now,
        )

    def _count(self, of: Indicator, design: Design, bindings: Bindings, now: datetime) -> SliceTally:
        """Store the past days and today so far, and return the latter.

        Today and yesterday are recomputed each time, older days only if they are not stored.
        """
        zone = bindings.system.zone
        today = now.astimezone(zone).date()
        first, yesterday = today - timedelta(days=_BACK), today - timedelta(days=1)
        known = kept(of, first, yesterday)
        days = [day for day in days_from(first, _BACK + 1) if day not in known]
        span = (periods.day_span(days[0], zone)[0], now)
        slices: dict[date, list[Slice]] = {day: [] for day in days}
        spans = planned(of.target, design, bindings.system, span)
        for each in self._slices(of, span, rules.SLICE, spans):
            slices.setdefault(each.start.astimezone(zone).date(), []).append(each)
        counted = {day: rules.tally(slices[day], spans) for day in days}
        # One commit, since there are many days the first time.
        with transaction.atomic():
            for day, tally in counted.items():
                _keep(of, day, tally)
        return counted[today]

    def _so_far(self, of: Indicator, today: date) -> SliceTally:
        return kept(of, today, today + timedelta(days=1)).get(today, SliceTally())

    def _slices(self, of: Indicator, span: Span, step: timedelta, spans: Iterable[Span]) -> Iterator[Slice]:
        """Yield the measurements of *span*, cut where one of the planned *spans* begins or ends."""
        for each in self._means(of, span, step):
            pieces = rules.cut((each.start, each.end), spans)
            if len(pieces) == 1:
                yield each
            else:
                for start, end in pieces:
                    yield from self._means(of, (start, end), end - start)

    def _means(self, of: Indicator, span: Span, step: timedelta) -> Iterator[Slice]:
        """Yield the measurements of *span*; a *step* of five minutes follows the store's own grid."""
        # In one zone, subtracting datetimes only compares their clocks.
        start, end = (moment.astimezone(UTC) for moment in span)
        # The span must be a multiple of the step, or the store would use a longer step.
        first = start if step < rules.SLICE else rules.on_grid(start)
        points = -((first - end) // step)
        for point in self._telemetry.series(
            of.metric, of.target, of.instance or None, first, first + points * step, points
        ):
            piece = (max(point.at, start), min(point.at + step, end))
            if piece[0] < piece[1]:
                yield Slice(*piece, point.mean)

    def _burns(self, sli: Sli, design: Design, bindings: Bindings, now: datetime) -> Sequence[Burn]:
        """Return the burn rates in each rule's windows, and store them for the page."""
        allowed = rules.allowed_share(sli.metric, sli.limit)
        if allowed is None:
            return ()

        def rate(window: timedelta, needed: float) -> float | None:
            span = (now - window, now)
            spans = planned(sli.target, design, bindings.system, span)
            step = min(window / _PARTS, rules.SLICE)
            known = rules.tally(self._slices(sli.indicator, span, step, spans), spans)
            if not Coverage(timedelta(seconds=known.covered), window).reaches(needed):
                return None
            # Planned maintenance burns nothing: otherwise it would be reported as trouble once it is over.
            return rules.burn_rate(known.share_unplanned(sli.metric), allowed)

        # The short window only shows that it goes on: one measurement is enough.
        burns = [Burn(rule, rate(rule.long, sli.needed), rate(rule.short, 0.0)) for rule in rules.BURN_RULES]
        for burn in burns:
            _keep_burn(sli, burn, now)
        return burns


def kept(of: Indicator, first: date, before: date) -> dict[date, SliceTally]:
    """Return the stored days from *first* (inclusive) to *before* (exclusive)."""
    days = LevelDay.objects.filter(
        objective=of.key, measured_by=of.measured_by, day__gte=first, day__lt=before
    )
    return {
        each.day: SliceTally(each.covered, each.amount, each.planned_covered, each.planned_amount)
        for each in days
    }


def _keep(of: Indicator, day: date, counted: SliceTally) -> None:
    LevelDay.objects.update_or_create(
        objective=of.key,
        day=day,
        defaults={
            "covered": counted.covered,
            "amount": counted.amount,
            "planned_covered": counted.planned_covered,
            "planned_amount": counted.planned_amount,
            "measured_by": of.measured_by,
        },
    )


def _keep_burn(sli: Sli, burn: Burn, now: datetime) -> None:
    BurnRate.objects.update_or_create(
        objective=sli.objective.id,
        long_seconds=int(burn.rule.long.total_seconds()),
        defaults={"long": burn.long, "short": burn.short, "measured_by": sli.measured_by, "counted_at": now},
    )


def kept_burns(sli: Sli) -> list[tuple[Burn, datetime]]:
    """Return the burn rates when last computed, and that time; most severe rule first."""
    found = {
        each.long_seconds: each
        for each in BurnRate.objects.filter(objective=sli.objective.id, measured_by=sli.measured_by)
    }
    known = [(rule, found.get(int(rule.long.total_seconds()))) for rule in rules.BURN_RULES]
    return [(Burn(rule, each.long, each.short), each.counted_at) for rule, each in known if each is not None]


def _sum(days: Mapping[date, SliceTally], first: date) -> SliceTally:
    return sum((tally for day, tally in days.items() if day >= first), SliceTally())
