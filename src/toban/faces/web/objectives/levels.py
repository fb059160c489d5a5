"""Service levels: what the document promises, what it came to by day, month and year, and what is left."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from toban.chapters.objectives import periods
from toban.chapters.objectives.operation import OPERATION
from toban.chapters.objectives.report import figure, period
from toban.chapters.objectives.rules import Budget, Burn, Span, Tally
from toban.chapters.objectives.service import kept, kept_burns
from toban.chapters.objectives.sli import Sli
from toban.design.clauses.objectives import Objective
from toban.design.values.metric import Metric
from toban.engine.bindings.edition import Edition
from toban.engine.clock import system_clock
from toban.faces.document.address import evidence_address
from toban.faces.document.live import LiveRow
from toban.faces.document.recorded import in_readers_language
from toban.faces.web.calendar import months
from toban.faces.web.calendar.pages import month_named
from toban.faces.web.frame import Sight, frame, in_force, look
from toban.faces.web.objectives import charts as level_charts
from toban.faces.web.objectives.charts import BudgetChart, DayBar, LevelDay
from toban.faces.words.verdicts import length, took

_DAY = timedelta(days=1)
_YEARS = 3
"""Years that are compared: this one and those before."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A day, a month or a year: what an objective came to in it."""

    name: str
    unplanned: str
    """Without planned maintenance, in words; `—` where nothing is known."""
    counted: str
    """With it."""
    is_kept: bool | None
    """None: nothing is known."""
    share_known: float
    """Of what has passed of it, in percent."""
    planned: str
    """How long planned maintenance took of what is known; empty for none."""
    left: str
    """Of the error budget; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An objective on the page."""

    objective: Objective
    row: LiveRow
    address: str
    measured_by: str
    unbound: str
    """Why it is not measured; empty for one that is."""
    stretches: tuple[Stretch, ...] = ()
    by_day: tuple[Stretch, ...] = ()
    by_month: tuple[Stretch, ...] = ()
    by_year: tuple[Stretch, ...] = ()
    burns: tuple[tuple[Burn, datetime], ...] = ()
    bars: tuple[tuple[DayBar, str], ...] = ()
    """Each with what it says."""
    chart: BudgetChart | None = None
    left_now: str = ""


@require_safe
def levels(request: HttpRequest) -> HttpResponse:
    """Show every objective of chapter 1, in the month and the year of `?month=`."""
    edition, now = in_force(), system_clock()
    sight = look(edition, now)
    today = now.astimezone(sight.zone).date()
    month = min(month_named(request.GET.get("month", ""), today), months.month_of(today))
    context = {
        **frame(sight, "levels"),
        "month": month,
        "before": months.month_of(month, -1),
        "after": months.month_of(month, 1) if month < months.month_of(today) else None,
        "this_month": months.month_of(today),
        "shown": list(_shown(sight, edition, month)),
        "days": (months.month_of(month, 1) - month).days,
    }
    return render(request, "objectives/levels.html", context)


def _shown(sight: Sight, edition: Edition, month: date) -> Iterator[Shown]:
    plan = edition.plan(OPERATION).levels
    measured = {each.objective.id: each for each in plan.slis}
    for objective in edition.design.of(Objective):
        row, address = sight.rows[objective.id], evidence_address(objective.id)
        if objective.id in measured:
            yield _measured(measured[objective.id], row, address, sight, month)
        else:
            yield Shown(
                objective,
                row,
                address,
                "",
                in_readers_language(plan.unbound.get(objective.id, "")) or row.reason,
            )


def _measured(of: Sli, row: LiveRow, address: str, sight: Sight, month: date) -> Shown:
    zone, now = sight.zone, sight.now
    today = now.astimezone(zone).date()
    days = kept(of.indicator, date(today.year - _YEARS + 1, 1, 1), today + _DAY)
    if month < date(today.year - _YEARS + 1, 1, 1):
        days |= kept(of.indicator, date(month.year, 1, 1), date(month.year + 1, 1, 1))
    drawn = level_charts.level_days(of, month, days, zone, now)
    month_span, year_span = periods.month_span(month, zone), periods.year_span(month, zone)
    by_day = [_day(of, day) for day in drawn]
    stretches = [
        _period(of, _("今日"), days, periods.day_span(today, zone), sight),
        _period(of, f"{month.year}/{month.month}", days, month_span, sight, has_budget=True),
        _period(of, f"{month.year}", days, year_span, sight),
    ]
    return Shown(
        objective=of.objective,
        row=row,
        address=address,
        measured_by=of.measured_by,
        unbound="",
        stretches=tuple(stretches),
        by_day=tuple(reversed(by_day)),
        by_month=tuple(_by_month(of, month.year, days, sight)),
        by_year=tuple(_by_year(of, days, sight)),
        burns=tuple(kept_burns(of)),
        bars=tuple(zip(level_charts.bars(drawn), map(_said, drawn, by_day), strict=True)),
        chart=level_charts.budget_chart(drawn, (months.month_of(month, 1) - month).days),
        left_now=stretches[1].left,
    )


def _by_month(of: Sli, year: int, days: Mapping[date, Tally], sight: Sight) -> Iterator[Stretch]:
    today = sight.now.astimezone(sight.zone).date()
    for number in range(12, 0, -1):
        first = date(year, number, 1)
        if first <= today:
            span = periods.month_span(first, sight.zone)
            yield _period(of, f"{year}/{number}", days, span, sight, has_budget=True)


def _by_year(of: Sli, days: Mapping[date, Tally], sight: Sight) -> Iterator[Stretch]:
    for year in sorted({day.year for day, known in days.items() if known.covered > 0}, reverse=True):
        yield _period(of, f"{year}", days, periods.year_span(date(year, 1, 1), sight.zone), sight)


def _period(
    of: Sli, name: str, days: Mapping[date, Tally], span: Span, sight: Sight, *, has_budget: bool = False
) -> Stretch:
    found = period(of, days, span, sight.zone, sight.now)
    budget = found.budget if has_budget and found.known.covered > 0 else None
    left = _left(of.metric, budget) if budget is not None else ""
    return _stretch(of, name, found.known, found.share_known, left)


def _day(of: Sli, day: LevelDay) -> Stretch:
    left = f"{day.budget_left:.0%}" if day.budget_left is not None and day.known.covered > 0 else ""
    return _stretch(of, f"{day.date.month}/{day.date.day}", day.known, day.share_known, left)


def _stretch(of: Sli, name: str, known: Tally, share_known: float, left: str = "") -> Stretch:
    best = known.mean_unplanned if known.mean_unplanned is not None else known.mean
    return Stretch(
        name=name,
        unplanned=_figure(of, known.mean_unplanned),
        counted=_figure(of, known.mean),
        is_kept=None if best is None else level_charts.keeps(of, best),
        share_known=share_known * 100,
        planned=length(timedelta(seconds=known.planned_covered)) if known.planned_covered > 0 else "",
        left=left,
    )


def _figure(of: Sli, mean: float | None) -> str:
    return figure(of.metric, mean) if mean is not None else "—"


def _left(metric: Metric, budget: Budget) -> str:
    """Say what is left of *budget*: of an availability also as time."""
    share = f"{budget.share_left:.0%}"
    if metric is not Metric.UP:
        return share
    if budget.left < timedelta(0):
        return _("%(length)s超過") % {"length": took(-budget.left)}
    return f"{took(budget.left)} ({share})"


def _said(day: LevelDay, stretch: Stretch) -> str:
    if day.known.mean is None:
        return _("%(day)s 測定なし") % {"day": stretch.name}
    said = f"{stretch.name} {stretch.unplanned if stretch.unplanned != '—' else stretch.counted}"
    if stretch.planned:
        said += _("、計画メンテナンス %(length)s") % {"length": stretch.planned}
    if day.has_gap:
        said += _("、分かっているのは %(share)s") % {"share": f"{stretch.share_known:.0f}%"}
    return said
