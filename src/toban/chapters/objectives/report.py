"""From levels to a status for the page and signals for the notifications. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from toban.chapters.objectives import coverage, periods, rules
from toban.chapters.objectives.coverage import Coverage
from toban.chapters.objectives.rules import Burn, ErrorBudget, SliceTally
from toban.chapters.objectives.sli import Sli
from toban.design.values.metric import Metric
from toban.engine.amounts import about, length
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import Condition, Signal
from toban.engine.spans import Span
from toban.message import NOTHING, Message, lines

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
    judged: Coverage
    """How much is known of the time that the verdict is about; see `coverage.judged_span`."""
    burns: Sequence[Burn]
    """Most severe rule first; empty for an objective without a budget."""
    trouble: Message
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
    def is_known(self) -> bool:
        """Whether enough is known for a verdict."""
        return self.judged.is_enough(self.sli.needed)

    @property
    def known_share(self) -> float:
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
            "judged_share_known": f"{level.judged.share:.4f}",
            "coverage_of_month": f"{level.known_share:.4f}",
            "budget_left_seconds": level.budget and f"{level.budget.left.total_seconds():.0f}",
        },
    )


def signals(level: ObjectiveReport, now: datetime) -> Iterator[Signal]:
    """Yield what may need a notification: a budget that burns too fast, and one that is used up.

    If too little is known, nothing is yielded: an alert that is open stays open.
    """
    if level.trouble or level.month.mean is None or level.budget is None:
        return
    burning, key = level.burning, level.sli.objective.id
    if burning is not None:
        condition = Condition.CRITICAL if burning.rule.is_critical else Condition.WARNING
        yield _signal(level, f"{key}/burn", condition, _burn_words(burning), now)
    elif all(burn.is_slow_enough for burn in level.burns):
        yield _signal(level, f"{key}/burn", Condition.OK, _burn_words(None), now)
    if level.budget.is_spent or level.is_known:
        is_spent = level.budget.is_spent
        words = Message("objectives.budget-spent" if is_spent else "objectives.budget-remains")
        yield _signal(level, f"{key}/budget", Condition.WARNING if is_spent else Condition.OK, words, now)


def _signal(level: ObjectiveReport, key: str, condition: Condition, value: Message, now: datetime) -> Signal:
    objective = level.sli.objective
    is_ok = condition is Condition.OK
    return Signal(
        key=key,
        clause_id=objective.id,
        citation=str(objective.origin),
        clause_text=objective.text,
        condition=condition,
        subject=Message("objectives.objective", name=objective.name),
        value=value,
        limit=NOTHING if is_ok else Message("objectives.target", target=objective.target),
        began_at=now,
        detected_at=now,
        advice=NOTHING if is_ok else Message("objectives.budget-advice"),
        labels={"target": level.sli.target, "item": "level"},
    )


def _burn_words(burning: Burn | None) -> Message:
    if burning is None:
        return Message("objectives.burn-rate-normal")
    left = about(_BUDGET_PERIOD / burning.rate)
    return Message("objectives.burning", rate=burning.rate, left=left)


def _verdict(level: ObjectiveReport) -> Verdict:
    objective, metric = level.sli.objective, level.sli.metric
    counted, unplanned = level.month.mean, level.month.mean_unplanned
    # A month whose whole budget is spent is lost, whatever is not known of it.
    is_lost = level.budget is not None and level.budget.left < timedelta(0)
    if counted is None or not (level.is_known or is_lost):
        return Verdict.NOT_MEASURABLE
    comparison, limit = objective.target.comparison, level.sli.limit
    if unplanned is not None and not rules.keeps(comparison, rules.in_unit(metric, unplanned), limit):
        return Verdict.DEVIATING
    if level.burning is not None or not rules.keeps(comparison, rules.in_unit(metric, counted), limit):
        return Verdict.WARNING
    return Verdict.CONFORMING


def _value(level: ObjectiveReport) -> Message:
    if level.month.mean is None:
        return NOTHING
    unplanned = level.month.mean_unplanned
    month = figure(level.sli.metric, level.month.mean if unplanned is None else unplanned)
    if _verdict(level) is Verdict.NOT_MEASURABLE:
        return Message("objectives.known-only", known=length(level.judged.known), month=month)
    if level.budget is None:
        return Message("objectives.this-month", month=month)
    left = remains(level.sli.metric, level.budget)
    return Message("objectives.this-month-and-budget", month=month, left=left)


def budget_left(value: Message) -> Message:
    """Return what the *value* of an objective says about its error budget; nothing if it says nothing."""
    left = value.values.get("left")
    return left if isinstance(left, Message) else NOTHING


def remains(metric: Metric, budget: ErrorBudget) -> Message:
    """Return what is left of *budget*; for an availability, also as time."""
    percent = budget.share_left * 100
    if metric is not Metric.UP:
        return Message("objectives.share-left", percent=percent)
    if budget.left < timedelta(0):
        return Message("objectives.time-overspent", length=length(-budget.left))
    return Message("objectives.time-left", length=length(budget.left), percent=percent)


def _reason(level: ObjectiveReport) -> Message:
    if level.trouble:
        return Message("objectives.history-not-readable", trouble=level.trouble)
    by = level.sli.measured_by
    if level.month.mean is None:
        return Message("objectives.no-measurement-yet", by=by)
    metric = level.sli.metric
    today, year = figure(metric, level.today.mean), figure(metric, level.year.mean_unplanned)
    return lines(
        NOTHING if level.is_known else _too_little_known(level),
        _burn_words(level.burning) if level.burning is not None else NOTHING,
        Message("objectives.today-and-year", today=today, year=year),
        Message("objectives.month-with-planned", month=figure(metric, level.month.mean)),
        Message("objectives.measured-by", by=by, percent=level.known_share * 100),
    )


def _too_little_known(level: ObjectiveReport) -> Message:
    if level.judged.reaches(level.sli.needed):
        known, least = length(level.judged.known), length(coverage.LEAST)
        return Message("objectives.known-too-short", known=known, least=least)
    return Message(
        "objectives.too-little-known",
        percent=level.judged.share * 100,
        passed=length(level.judged.passed),
        needed=level.sli.needed * 100,
        least=length(coverage.LEAST),
    )


def figure(metric: Metric, mean: float | None) -> Message:
    """Return *mean* in its unit, never better than it is."""
    if mean is None:
        return Message("objectives.not-measured")
    unit = "milliseconds" if metric is Metric.RESPONSE_TIME else "percent"
    return Message(f"objectives.in-{unit}", value=rules.shown(metric, mean))


def _figure(level: ObjectiveReport, mean: float | None) -> str | None:
    return None if mean is None else f"{rules.in_unit(level.sli.metric, mean):.6f}"
