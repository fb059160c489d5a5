"""Service levels: what the document promises, the results by day, month and year, and what is left."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from toban.chapters.objectives import periods
from toban.chapters.objectives.operation import OPERATION
from toban.chapters.objectives.report import figure, period, remains
from toban.chapters.objectives.rules import Burn, SliceTally
from toban.chapters.objectives.service import kept, kept_burns
from toban.chapters.objectives.sli import Sli
from toban.design.clauses.objectives import Objective
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.spans import Span
from toban.faces.document.address import evidence_address
from toban.faces.document.live import LiveRow
from toban.faces.web.calendar import months
from toban.faces.web.calendar.pages import month_named
from toban.faces.web.charts import Chart
from toban.faces.web.frame import Sight, frame, in_force, look
from toban.faces.web.objectives import charts as level_charts
from toban.faces.web.objectives.charts import LevelChartDay
from toban.faces.words.verdicts import length

_DAY = timedelta(days=1)
_YEARS = 3
"""Years that are compared: this one and those before."""


@dataclass(frozen=True, slots=True)
class LevelStretch:
    """An objective's result in a day, a month or a year."""

    name: str
    unplanned: str
    """Without planned maintenance, as text; `—` if nothing is known."""
    counted: str
    """With planned maintenance, as text."""
    is_kept: bool | None
    """None if nothing is known."""
    share_known: float
    """The known share of the time that has passed, in percent."""
    planned: str
    """How much of the known time was planned maintenance; empty if there was none."""
    left: str
    """What is left of the error budget; empty if there is none."""


@dataclass(frozen=True, slots=True)
class ShownObjective:
    """An objective on the page."""

    objective: Objective
    row: LiveRow
    address: str
    measured_by: str
    unbound: str
    """Why it is not measured; empty if it is."""
    stretches: tuple[LevelStretch, ...] = ()
    by_month: tuple[LevelStretch, ...] = ()
    by_year: tuple[LevelStretch, ...] = ()
    burns: tuple[tuple[Burn, datetime], ...] = ()
    days: Chart | None = None
    budget: Chart | None = None
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
    }
    return render(request, "objectives/levels.html", context)


def _shown(sight: Sight, edition: Edition, month: date) -> Iterator[ShownObjective]:
    plan = edition.plan(OPERATION).levels
    measured = {each.objective.id: each for each in plan.slis}
    for objective in edition.design.of(Objective):
        row, address = sight.rows[objective.id], evidence_address(objective.id)
        if objective.id in measured:
            yield _measured(measured[objective.id], row, address, sight, month)
        else:
            yield ShownObjective(
                objective,
                row,
                address,
                "",
                str(plan.why_not.get(objective.id) or row.reason),
            )


def _measured(of: Sli, row: LiveRow, address: str, sight: Sight, month: date) -> ShownObjective:
    zone, now = sight.zone, sight.now
    today = now.astimezone(zone).date()
    days = kept(of.indicator, date(today.year - _YEARS + 1, 1, 1), today + _DAY)
    if month < date(today.year - _YEARS + 1, 1, 1):
        days |= kept(of.indicator, date(month.year, 1, 1), date(month.year + 1, 1, 1))
    drawn = level_charts.level_days(of, month, days, zone, now)
    month_span, year_span = periods.month_span(month, zone), periods.year_span(month, zone)
    stretches = [
        _period(of, _("今日"), days, periods.day_span(today, zone), sight),
        _period(of, f"{month.year}/{month.month}", days, month_span, sight, has_budget=True),
        _period(of, f"{month.year}", days, year_span, sight),
    ]
    return ShownObjective(
        objective=of.objective,
        row=row,
        address=address,
        measured_by=of.measured_by,
        unbound="",
        stretches=tuple(stretches),
        by_month=tuple(_by_month(of, month.year, days, sight)),
        by_year=tuple(_by_year(of, days, sight)),
        burns=tuple(kept_burns(of)),
        days=_days(of, drawn, zone),
        budget=level_charts.budget_chart(of.objective.name, drawn, zone, stretches[1].left),
        left_now=stretches[1].left,
    )


def _by_month(of: Sli, year: int, days: Mapping[date, SliceTally], sight: Sight) -> Iterator[LevelStretch]:
    today = sight.now.astimezone(sight.zone).date()
    for number in range(12, 0, -1):
        first = date(year, number, 1)
        if first <= today:
            span = periods.month_span(first, sight.zone)
            yield _period(of, f"{year}/{number}", days, span, sight, has_budget=True)


def _by_year(of: Sli, days: Mapping[date, SliceTally], sight: Sight) -> Iterator[LevelStretch]:
    for year in sorted({day.year for day, known in days.items() if known.covered > 0}, reverse=True):
        yield _period(of, f"{year}", days, periods.year_span(date(year, 1, 1), sight.zone), sight)


def _period(
    of: Sli, name: str, days: Mapping[date, SliceTally], span: Span, sight: Sight, *, has_budget: bool = False
) -> LevelStretch:
    found = period(of, days, span, sight.zone, sight.now)
    budget = found.budget if has_budget and found.known.covered > 0 else None
    left = str(remains(of.metric, budget)) if budget is not None else ""
    return _stretch(of, name, found.known, found.share_known, left)


def _days(of: Sli, days: Sequence[LevelChartDay], zone: ZoneInfo) -> Chart:
    """Draw *days* with a table of everything that is known about them."""
    heads = (
        _("日"),
        _("計画メンテナンスを除く"),
        _("メンテナンスを含む"),
        _("計画メンテナンス"),
        _("分かっている割合"),
        _("今月のエラーバジェット残り"),
    )
    has_budget = days[0].budget_left is not None
    return level_charts.days_chart(
        of.objective.name,
        days,
        zone,
        heads if has_budget else heads[:-1],
        [_cells(of, day, has_budget=has_budget) for day in days],
    )


def _cells(of: Sli, day: LevelChartDay, *, has_budget: bool) -> tuple[str, ...]:
    left = f"{day.budget_left:.0%}" if day.budget_left is not None and day.known.covered > 0 else "—"
    said = _stretch(of, "", day.known, day.share_known)
    missed = f" ■ {_('目標に届いていません')}" if said.is_kept is False else ""
    cells = (said.unplanned + missed, said.counted, said.planned or "—", f"{said.share_known:.1f}%")
    return (*cells, left) if has_budget else cells


def _stretch(of: Sli, name: str, known: SliceTally, share_known: float, left: str = "") -> LevelStretch:
    best = known.mean_unplanned if known.mean_unplanned is not None else known.mean
    return LevelStretch(
        name=name,
        unplanned=_figure(of, known.mean_unplanned),
        counted=_figure(of, known.mean),
        is_kept=None if best is None else level_charts.keeps(of, best),
        share_known=share_known * 100,
        planned=length(timedelta(seconds=known.planned_covered)) if known.planned_covered > 0 else "",
        left=left,
    )


def _figure(of: Sli, mean: float | None) -> str:
    return str(figure(of.metric, mean)) if mean is not None else "—"
