"""From levels to a status for the page and signals for the notifications. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from toban.chapters.objectives import periods, rules
from toban.chapters.objectives.rules import Burn, ErrorBudget, SliceTally
from toban.chapters.objectives.sli import Sli
from toban.design.values.metric import Metric
from toban.engine import amounts
from toban.engine.amounts import length
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import Condition, Signal
from toban.engine.said import recorded
from toban.engine.spans import Span

BUDGET_LEFT = "エラーバジェット残り %(left)s"
"""How the time left is written in an availability's value."""
_BUDGET_PERIOD = timedelta(days=30)
"""A burn rate of 1 uses up the error budget in this time."""


@dataclass(frozen=True, slots=True)
class ObjectiveReport:
    """An objective and its level."""

    sli: Sli
    today: SliceTally
    month: SliceTally
    year: SliceTally
    month_span: Span
    year_span: Span
    burns: Sequence[Burn]
    """Most severe rule first; empty for an objective without a budget."""
    trouble: str
    """Why the telemetry store could not be queried."""
    now: datetime

    @property
    def budget(self) -> ErrorBudget | None:
        """The month's error budget; None if the objective has none."""
        return rules.budget(self.sli.metric, self.sli.limit, periods.length(self.month_span), self.month)

    @property
    def burning(self) -> Burn | None:
        """The most severe rule that is broken."""
        return rules.burning(self.burns)

    @property
    def coverage(self) -> float:
        """The share of the month so far for which there are measurements, 0 to 1."""
        passed = periods.length((self.month_span[0], self.now)).total_seconds()
        return min(self.month.covered / passed, 1.0) if passed > 0 else 0.0


@dataclass(frozen=True, slots=True)
class ObjectivePeriod:
    """A day, a month or a year of an objective: what is known of it so far."""

    known: SliceTally
    share_known: float
    """The known share of the time that has passed in it, 0 to 1."""
    budget: ErrorBudget | None
    """None if the objective does not allow for any share."""


def period(
    of: Sli, days: Mapping[date, SliceTally], span: Span, zone: ZoneInfo, now: datetime
) -> ObjectivePeriod:
    """Sum those of *days* that are in *span*."""
    first, before = (moment.astimezone(zone).date() for moment in span)
    known = sum((tally for day, tally in days.items() if first <= day < before), SliceTally())
    passed = periods.length((span[0], min(span[1], now))).total_seconds()
    share_known = min(known.covered / passed, 1.0) if passed > 0 else 0.0
    return ObjectivePeriod(known, share_known, rules.budget(of.metric, of.limit, periods.length(span), known))


def status(level: ObjectiveReport, now: datetime) -> StatusUpdate:
    """Return what the page shows next to the objective."""
    return StatusUpdate(
        clause_id=level.sli.objective.id,
        verdict=_verdict(level),
        value=_value(level),
        reason=_reason(level),
        observed_at=now,
        proof={
            "measured_by": level.sli.measured_by,
            "today": _figure(level, level.today.mean),
            "month": _figure(level, level.month.mean),
            "month_without_planned": _figure(level, level.month.mean_unplanned),
            "year": _figure(level, level.year.mean),
            "year_without_planned": _figure(level, level.year.mean_unplanned),
            "coverage_of_month": f"{level.coverage:.4f}",
            "budget_left_seconds": level.budget and f"{level.budget.left.total_seconds():.0f}",
        },
    )


def signals(level: ObjectiveReport, now: datetime) -> Iterator[Signal]:
    """Yield what may need a notification: a budget that burns too fast, and one that is used up."""
    if level.trouble or level.month.mean is None:
        return
    burning, key = level.burning, level.sli.objective.id
    if rules.allowed_share(level.sli.metric, level.sli.limit) is not None:
        condition = Condition.OK
        if burning is not None:
            condition = Condition.CRITICAL if burning.rule.is_critical else Condition.WARNING
        yield _signal(level, f"{key}/burn", condition, _burn_words(burning), now)
    if level.budget is not None:
        is_spent = level.budget.left <= timedelta(0)
        spent = recorded("今月のエラーバジェットを使い切りました")
        words = spent if is_spent else recorded("今月のエラーバジェットが残っています")
        yield _signal(level, f"{key}/budget", Condition.WARNING if is_spent else Condition.OK, words, now)


def _signal(level: ObjectiveReport, key: str, condition: Condition, value: str, now: datetime) -> Signal:
    objective = level.sli.objective
    is_ok = condition is Condition.OK
    return Signal(
        key=key,
        clause_id=objective.id,
        citation=str(objective.origin),
        clause_text=objective.text,
        condition=condition,
        subject=f"運用目標 {objective.name}",
        value=value,
        limit="" if is_ok else recorded("目標 %(target)s", target=objective.target),
        began_at=now,
        detected_at=now,
        advice="" if is_ok else recorded("継続中の障害を解消し、今月の残りの変更を見送るか決めてください"),
        labels={"target": level.sli.target, "item": "level"},
    )


def _burn_words(burning: Burn | None) -> str:
    if burning is None:
        return recorded("バーンレートは範囲内です")
    return recorded(
        "バーンレート %(rate)s 倍: このままなら%(left)sでエラーバジェットを使い切ります",
        rate=f"{burning.rate:.1f}",
        left=amounts.about(_BUDGET_PERIOD / burning.rate),
    )


def _verdict(level: ObjectiveReport) -> Verdict:
    objective, metric = level.sli.objective, level.sli.metric
    counted, unplanned = level.month.mean, level.month.mean_unplanned
    if counted is None:
        return Verdict.NOT_MEASURABLE
    comparison, limit = objective.target.comparison, level.sli.limit
    if unplanned is not None and not rules.keeps(comparison, rules.in_unit(metric, unplanned), limit):
        return Verdict.DEVIATING
    if level.burning is not None or not rules.keeps(comparison, rules.in_unit(metric, counted), limit):
        return Verdict.WARNING
    return Verdict.CONFORMING


def _value(level: ObjectiveReport) -> str:
    if level.month.mean is None:
        return ""
    mean = level.month.mean_unplanned or level.month.mean
    parts = [recorded("今月 %(figure)s", figure=figure(level.sli.metric, mean))]
    if level.budget is not None:
        parts.append(recorded(BUDGET_LEFT, left=remains(level.sli.metric, level.budget)))
    return "、".join(parts)


def remains(metric: Metric, budget: ErrorBudget) -> str:
    """Return what is left of *budget*; for an availability, also as time."""
    if metric is not Metric.UP:
        return f"{budget.share_left:.0%}"
    left = budget.left
    time = length(left) if left > timedelta(0) else f"-{length(-left)}"
    return f"{time} ({budget.share_left:.0%})"


def _reason(level: ObjectiveReport) -> str:
    if level.trouble:
        return recorded("測定履歴を読めません: %(trouble)s", trouble=level.trouble)
    if level.month.mean is None:
        return recorded("%(by)s の測定がまだありません", by=level.sli.measured_by)
    metric = level.sli.metric
    told = [
        recorded(
            "今日 %(today)s、今年 %(year)s",
            today=figure(metric, level.today.mean),
            year=figure(metric, level.year.mean_unplanned),
        ),
        recorded("計画メンテナンスを含めると今月 %(figure)s", figure=figure(metric, level.month.mean)),
        recorded(
            "%(by)s で測定。今月の %(share)s について分かっています",
            by=level.sli.measured_by,
            share=f"{level.coverage:.1%}",
        ),
    ]
    if level.burning is not None:
        told.insert(0, _burn_words(level.burning))
    return "\n".join(told)


def figure(metric: Metric, mean: float | None) -> str:
    """Return *mean* as text for people."""
    if mean is None:
        return recorded("測定なし")
    value = rules.in_unit(metric, mean)
    return f"{value:.0f}ms" if metric is Metric.RESPONSE_TIME else f"{value:.3f}%"


def _figure(level: ObjectiveReport, mean: float | None) -> str | None:
    return None if mean is None else f"{rules.in_unit(level.sli.metric, mean):.6f}"
