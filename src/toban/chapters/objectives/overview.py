"""What the first screen shows about service levels: what is left of the month's error budget."""

from datetime import datetime
from zoneinfo import ZoneInfo

from toban.chapters.objectives import periods, rules
from toban.chapters.objectives.report import budget_left
from toban.chapters.objectives.rules import SliceTally
from toban.chapters.objectives.service import kept
from toban.chapters.objectives.sli import LevelPlan, Sli
from toban.design.clauses.objectives import Objective
from toban.design.values.metric import Metric
from toban.engine.editions.edition import Edition
from toban.engine.evidence.verdict import Verdict
from toban.engine.extension import Link
from toban.engine.overview import EditionStatus, FigureTrend, OverviewFigure
from toban.message import NOTHING, Message, plain


def error_budget(edition: Edition, plan: LevelPlan, seen: EditionStatus) -> OverviewFigure:
    """Return how much of the month's availability budget is left, and how it decreased."""
    objective = next(
        (each for each in edition.design.of(Objective) if each.metric is Metric.AVAILABILITY), None
    )
    zone = edition.bindings.system.zone
    if objective is None:
        missing = Message("objectives.no-availability-target")
        return OverviewFigure(_link("levels"), plain("—"), missing, trend=_trend(None, seen.now, zone))
    row = seen.rows.get(objective.id)
    left = budget_left(row.value) if row is not None else NOTHING
    verdict = row.verdict if row is not None and left else Verdict.NOT_MEASURABLE
    measured = next((each for each in plan.slis if each.objective.id == objective.id), None)
    link = _link("evidence", objective.id)
    target = plain(str(objective.target))
    return OverviewFigure(link, left, target, verdict, _trend(measured, seen.now, zone))


def _link(page: str, *arguments: str) -> Link:
    return Link(page, Message("objectives.error-budget-remaining"), arguments)


def _trend(measured: Sli | None, now: datetime, zone: ZoneInfo) -> FigureTrend:
    """Plot the share of the month's budget left at the end of each day that has measurements."""
    start, end = month = periods.month_span(now.astimezone(zone).date(), zone)
    points: list[tuple[datetime, float]] = []
    if measured is not None:
        so_far = SliceTally()
        for day, known in sorted(kept(measured.indicator, start.date(), end.date()).items()):
            so_far += known
            budget = rules.budget(measured.metric, measured.limit, periods.length(month), so_far)
            if budget is not None and known.covered > 0:
                morning, night = periods.day_span(day, zone)
                # Before the first day nothing was spent.
                points += [*([] if points else [(morning, 1.0)]), (min(night, now), budget.share_left)]
    return FigureTrend(tuple(points), start, end, 0.0, 1.0)
