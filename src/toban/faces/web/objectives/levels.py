"""Service levels: what the document promises, the results by day, month and year, and what is left."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from toban.chapters.objectives import periods
from toban.chapters.objectives.coverage import coverage, measured_since
from toban.chapters.objectives.operation import OPERATION
from toban.chapters.objectives.report import figure, period, remains
from toban.chapters.objectives.rules import Burn, SliceTally
from toban.chapters.objectives.service import kept, kept_burns
from toban.chapters.objectives.sli import Sli
from toban.design.clauses.objectives import Objective
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence import status
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
    """None if too little is known to say that it is kept."""
    share_known: float
    """The known share of the time that has passed, in percent."""
    planned: str
    """How much of the known time was planned maintenance; empty if there was none."""
    left: str
    """What is left of the error budget; empty if there is none."""


@dataclass(frozen=True, slots=True)
class LevelHistory:
    """An objective's days, and since when they should be known."""

    of: Sli
    days: Mapping[date, SliceTally]
    since: datetime
    sight: Sight


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
    since = status.judged_since(list(measured))
    for objective in edition.design.of(Objective):
        row, address = sight.rows[objective.id], evidence_address(objective.id)
        if objective.id in measured:
            in_force = since.get(objective.id, sight.now)
            yield _measured(measured[objective.id], row, address, sight, month, in_force)
        else:
            yield ShownObjective(
                objective,
                row,
                address,
                "",
                str(plan.why_not.get(objective.id) or row.reason),
            )


def _measured(
    of: Sli, row: LiveRow, address: str, sight: Sight, month: date, in_force: datetime
) -> ShownObjective:
    zone, now = sight.zone, sight.now
    today = now.astimezone(zone).date()
    days = kept(of.indicator, date(today.year - _YEARS + 1, 1, 1), today + _DAY)
    if month < date(today.year - _YEARS + 1, 1, 1):
        days |= kept(of.indicator, date(month.year, 1, 1), date(month.year + 1, 1, 1))
    history = LevelHistory(of, days, measured_since(days, in_force, zone, now), sight)
    drawn = level_charts.level_days(of, month, days, zone, now)
    month_span, year_span = periods.month_span(month, zone), periods.year_span(month, zone)
    stretches = [
        _period(history, _("今日"), periods.day_span(today, zone)),
        _period(history, f"{month.year}/{month.month}", month_span, has_budget=True),
        _period(history, f"{month.year}", year_span),
    ]
    return ShownObjective(
        objective=of.objective,
        row=row,
        address=address,
        measured_by=of.measured_by,
        unbound="",
        stretches=tuple(stretches),
        by_month=tuple(_by_month(history, month.year)),
        by_year=tuple(_by_year(history)),
        burns=tuple(kept_burns(of)),
        days=_days(of, drawn, zone),
        budget=level_charts.budget_chart(of.objective.name, drawn, zone, stretches[1].left),
        left_now=stretches[1].left,
    )


def _by_month(of: LevelHistory, year: int) -> Iterator[LevelStretch]:
    sight = of.sight
    today = sight.now.astimezone(sight.zone).date()
    for number in range(12, 0, -1):
        first = date(year, number, 1)
        if first <= today:
            span = periods.month_span(first, sight.zone)
            yield _period(of, f"{year}/{number}", span, has_budget=True)


def _by_year(of: LevelHistory) -> Iterator[LevelStretch]:
    for year in sorted({day.year for day, known in of.days.items() if known.covered > 0}, reverse=True):
        yield _period(of, f"{year}", periods.year_span(date(year, 1, 1), of.sight.zone))


def _period(history: LevelHistory, name: str, span: Span, *, has_budget: bool = False) -> LevelStretch:
    of, zone, now = history.of, history.sight.zone, history.sight.now
    found = period(of, history.days, span, zone, now)
    budget = found.budget if has_budget and found.known.covered > 0 else None
    left = str(remains(of.metric, budget)) if budget is not None else ""
    stretch = _stretch(of, name, found.known, found.share_known, left)
    due = max(span[0], history.since), min(span[1], now)
    is_known = coverage(history.days, due, zone).is_enough(of.needed)
    return stretch if is_known or stretch.is_kept is False else replace(stretch, is_kept=None)


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
