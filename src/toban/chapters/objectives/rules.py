"""Service levels, error budgets and how fast they burn: arithmetic on slices of time. Pure.

An availability is the share of known time in which the service was up; time of which nothing is known counts
as neither, and is told. Burn rates and their windows are those of the Site Reliability Workbook, chapter 5
("Alerting on SLOs", multiwindow, multi-burn-rate alerts).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from toban.design.values.metric import Metric
from toban.design.values.threshold import Comparison
from toban.engine.spans import Span

SLICE = timedelta(minutes=5)


def on_grid(moment: datetime) -> datetime:
    """Return the last moment, not after *moment*, at which a slice begins: every five minutes of UTC."""
    utc = moment.astimezone(UTC)
    return utc - (utc - datetime.min.replace(tzinfo=UTC)) % SLICE


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece of time and the mean of what was measured in it."""

    start: datetime
    end: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What slices add up to. Seconds; amounts are value × seconds."""

    covered: float = 0.0
    """Of which something is known."""
    amount: float = 0.0
    planned_covered: float = 0.0
    """The part of it within planned maintenance."""
    planned_amount: float = 0.0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.covered + other.covered,
            self.amount + other.amount,
            self.planned_covered + other.planned_covered,
            self.planned_amount + other.planned_amount,
        )

    @property
    def mean(self) -> float | None:
        """The mean over all known time; None when nothing is known."""
        return self.amount / self.covered if self.covered > 0 else None

    @property
    def mean_unplanned(self) -> float | None:
        """The mean without planned maintenance."""
        known = self.covered - self.planned_covered
        return (self.amount - self.planned_amount) / known if known > 0 else None

    def bad_unplanned(self, metric: Metric) -> float:
        """Return how many seconds were bad, or which share of requests × seconds; planned time left out."""
        mean = self.mean_unplanned
        if mean is None:
            return 0.0
        return max(bad_share(metric, mean), 0.0) * (self.covered - self.planned_covered)


def tally(slices: Iterable[Slice], planned: Sequence[Span]) -> Tally:
    """Add *slices* up; they don't overlap, nor do the *planned* spans."""
    total = Tally()
    for each in slices:
        length = (each.end - each.start).total_seconds()
        within = sum(_overlap((each.start, each.end), span) for span in planned)
        total += Tally(length, each.value * length, within, each.value * within)
    return total


def _overlap(one: Span, other: Span) -> float:
    return max((min(one[1], other[1]) - max(one[0], other[0])).total_seconds(), 0.0)


def in_unit(metric: Metric, mean: float) -> float:
    """Return *mean* in the unit that the document's target is written in: being up in percent."""
    return mean * 100 if metric is Metric.UP else mean


def allowed_share(metric: Metric, limit: float) -> float | None:
    """Return which share of time or of requests may be bad; None where the target has none."""
    if metric is Metric.UP:
        return 1 - limit / 100
    return limit / 100 if metric is Metric.ERROR_RATE else None


def bad_share(metric: Metric, mean: float) -> float:
    """Return which share was bad, of a mean of being up or of an error rate in percent."""
    return 1 - mean if metric is Metric.UP else mean / 100


@dataclass(frozen=True, slots=True)
class Budget:
    """What may still go wrong in a period."""

    allowed: timedelta
    spent: timedelta

    @property
    def left(self) -> timedelta:
        """Negative once more was spent than allowed."""
        return self.allowed - self.spent

    @property
    def share_left(self) -> float:
        """0 to 1, of what was allowed."""
        return max(self.left / self.allowed, 0.0) if self.allowed else 0.0


def budget(metric: Metric, limit: float, period: timedelta, known: Tally) -> Budget | None:
    """Return the error budget of a target over *period*; None where it allows for no share.

    Of an availability it is time; of an error rate the time in which every request might have failed.
    """
    allowed = allowed_share(metric, limit)
    if allowed is None:
        return None
    return Budget(period * allowed, timedelta(seconds=known.bad_unplanned(metric)))


@dataclass(frozen=True, slots=True)
class BurnRule:
    """Both windows must burn this fast: the long one says that it matters, the short one that it goes on."""

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
    """How fast both windows of a rule burn; None: nothing is known of one."""

    rule: BurnRule
    long: float | None
    short: float | None

    @property
    def rate(self) -> float:
        """The slower of the two; nothing known burns nothing."""
        return min(self.long or 0.0, self.short or 0.0)

    @property
    def is_too_fast(self) -> bool:
        """Whether the rule is broken."""
        # ">=" on thousandths: exactly 14.4 times as fast is too fast, though its division ends in …9999.
        return round(self.rate, 3) >= self.rule.rate


def burning(burns: Sequence[Burn]) -> Burn | None:
    """Return the gravest of *burns* whose rule is broken; they come gravest first."""
    return next((burn for burn in burns if burn.is_too_fast), None)


def burn_rate(share: float | None, allowed: float | None) -> float | None:
    """Return how many times faster than allowed; 1 uses the budget up exactly at the end of the period."""
    if share is None or not allowed:
        return None
    return share / allowed


def keeps(comparison: Comparison, value: float, limit: float) -> bool:
    """Whether *value* keeps the target. Rounded to the millionth: sums of slices end in …99999."""
    return comparison.holds(round(value, 6), limit)
