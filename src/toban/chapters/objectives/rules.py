"""Service levels, error budgets and burn rates: arithmetic on slices of time. Pure.

An availability is the share of known time in which the service was up. Time without measurements counts as
neither up nor down, and is reported. Burn rates and their windows are those of the Site Reliability Workbook,
chapter 5 ("Alerting on SLOs", multiwindow, multi-burn-rate alerts).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise

from toban.design.values.metric import Metric
from toban.design.values.threshold import Comparison
from toban.engine.spans import Span

SLICE = timedelta(minutes=5)


def on_grid(moment: datetime) -> datetime:
    """Return the last start of a slice at or before *moment*: every five minutes of UTC."""
    utc = moment.astimezone(UTC)
    return utc - (utc - datetime.min.replace(tzinfo=UTC)) % SLICE


@dataclass(frozen=True, slots=True)
class Slice:
    """A period of time and the mean of the measurements in it."""

    start: datetime
    end: datetime
    value: float


@dataclass(frozen=True, slots=True)
class SliceTally:
    """The sum of slices. In seconds; amounts are value × seconds."""

    covered: float = 0.0
    """Time with measurements."""
    amount: float = 0.0
    planned_covered: float = 0.0
    """The part of it within planned maintenance."""
    planned_amount: float = 0.0

    def __add__(self, other: "SliceTally") -> "SliceTally":
        return SliceTally(
            self.covered + other.covered,
            self.amount + other.amount,
            self.planned_covered + other.planned_covered,
            self.planned_amount + other.planned_amount,
        )

    @property
    def mean(self) -> float | None:
        """The mean over all known time; None if nothing is known."""
        return self.amount / self.covered if self.covered > 0 else None

    @property
    def mean_unplanned(self) -> float | None:
        """The mean without planned maintenance."""
        known = self.covered - self.planned_covered
        return (self.amount - self.planned_amount) / known if known > 0 else None

    def bad_unplanned(self, metric: Metric) -> float:
        """Return the bad seconds, or the bad share of requests × seconds, without planned maintenance."""
        return (self.share_unplanned(metric) or 0.0) * (self.covered - self.planned_covered)

    def share_unplanned(self, metric: Metric) -> float | None:
        """Return the bad share of unplanned time: 0 if all was planned, None if nothing is known."""
        if self.covered <= 0:
            return None
        mean = self.mean_unplanned
        return 0.0 if mean is None else max(bad_share(metric, mean), 0.0)


def tally(slices: Iterable[Slice], planned: Sequence[Span]) -> SliceTally:
    """Sum *slices*, each of which lies within one of the *planned* spans or outside of all: see `cut`."""
    total = SliceTally()
    for each in slices:
        length = (each.end - each.start).total_seconds()
        amount = each.value * length
        is_planned = any(start <= each.start < end for start, end in planned)
        total += SliceTally(length, amount, length, amount) if is_planned else SliceTally(length, amount)
    return total


def cut(span: Span, planned: Iterable[Span]) -> list[Span]:
    """Return *span* in pieces, each of which lies within one of the *planned* spans or outside of all.

    A mean over an edge of planned maintenance can't be divided by time: the failures may all lie on one side.
    """
    edges = {edge.astimezone(UTC) for each in planned for edge in each if span[0] < edge < span[1]}
    return list(pairwise((span[0], *sorted(edges), span[1])))


def in_unit(metric: Metric, mean: float) -> float:
    """Return *mean* in the unit of the document's target: up is in percent."""
    return mean * 100 if metric is Metric.UP else mean


def shown(metric: Metric, mean: float) -> float:
    """Return *mean* in the target's unit as people read it, rounded towards what is worse.

    Three decimals of a percent, whole milliseconds: 99.9996% up has not been up all the time. What `keeps`
    takes for the same value is the same here.
    """
    places = Decimal(1) if metric is Metric.RESPONSE_TIME else Decimal("0.001")
    worse = ROUND_FLOOR if metric is Metric.UP else ROUND_CEILING
    exact = Decimal(repr(round(in_unit(metric, mean), 6)))
    return float(exact.quantize(places, worse))


def allowed_share(metric: Metric, limit: float) -> float | None:
    """Return the share of time or of requests that may be bad; None if the target has no such share."""
    if metric is Metric.UP:
        return 1 - limit / 100
    return limit / 100 if metric is Metric.ERROR_RATE else None


def bad_share(metric: Metric, mean: float) -> float:
    """Return the bad share for a mean of up, or of an error rate in percent."""
    return 1 - mean if metric is Metric.UP else mean / 100


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """What may still go wrong in a period."""

    allowed: timedelta
    spent: timedelta

    @property
    def left(self) -> timedelta:
        """Negative if more was spent than allowed."""
        return self.allowed - self.spent

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left."""
        return self.left <= timedelta(0)

    @property
    def share_left(self) -> float:
        """The share of the allowed budget that is left, 0 to 1."""
        return max(self.left / self.allowed, 0.0) if self.allowed else 0.0


def budget(metric: Metric, limit: float, period: timedelta, known: SliceTally) -> ErrorBudget | None:
    """Return the error budget of a target over *period*; None if the target allows for no share.

    For an availability this is time; for an error rate, the time in which every request might have failed.
    """
    allowed = allowed_share(metric, limit)
    if allowed is None:
        return None
    return ErrorBudget(period * allowed, timedelta(seconds=known.bad_unplanned(metric)))


@dataclass(frozen=True, slots=True)
class BurnRule:
    """Both windows must burn this fast: the long one shows that it matters, the short one that it goes on."""

    long: timedelta
    short: timedelta
    rate: float
    is_critical: bool


BURN_RULES = (
    BurnRule(timedelta(hours=1), timedelta(minutes=5), 14.4, is_critical=True),
    BurnRule(timedelta(hours=6), timedelta(minutes=30), 6.0, is_critical=False),
)


@dataclass(frozen=True, slots=True)
class Burn:
    """The burn rates in both windows of a rule; None: too little is known of one."""

    rule: BurnRule
    long: float | None
    short: float | None

    @property
    def rate(self) -> float:
        """The slower of the two; zero if one is not known."""
        return min(self.long or 0.0, self.short or 0.0)

    @property
    def is_too_fast(self) -> bool:
        """Whether the rule is broken."""
        # ">=" on thousandths: exactly 14.4 is too fast, though the division gives …9999.
        return round(self.rate, 3) >= self.rule.rate

    @property
    def is_slow_enough(self) -> bool:
        """Whether the rule is kept: one window is enough to show it, and what is not known shows nothing."""
        known = (rate for rate in (self.long, self.short) if rate is not None)
        return any(round(rate, 3) < self.rule.rate for rate in known)


def burning(burns: Sequence[Burn]) -> Burn | None:
    """Return the most severe of *burns* whose rule is broken; they are sorted most severe first."""
    return next((burn for burn in burns if burn.is_too_fast), None)


def burn_rate(share: float | None, allowed: float | None) -> float | None:
    """Return the multiple of the allowed rate; 1 uses up the budget exactly at the end of the period."""
    if share is None or not allowed:
        return None
    return share / allowed


def keeps(comparison: Comparison, value: float, limit: float) -> bool:
    """Say whether *value* meets the target. It is rounded to the millionth: sums of slices give …99999."""
    return comparison.holds(round(value, 6), limit)
