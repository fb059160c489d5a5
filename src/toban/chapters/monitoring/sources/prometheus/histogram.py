"""Percentiles from the buckets of a histogram. Pure.

The interpolation is that of PromQL's `histogram_quantile` for classic histograms
(https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile), over the requests of
all series together. It differs at the open end: beyond the last finite bound only a lower bound is known.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from math import inf, nextafter

from toban.chapters.monitoring.limits import Percentile
from toban.chapters.monitoring.source import Measurement, Unmeasurable
from toban.chapters.monitoring.sources.prometheus.exposition import BUCKET, Labels, Scrape, increase
from toban.design.values.metric import Metric
from toban.message import Message

type Buckets = Mapping[float, float]
"""Upper bound → how many requests took at most so long."""


@dataclass(frozen=True, slots=True)
class Quantile:
    """A value, or the bound that it is known to exceed."""

    value: float
    is_beyond: bool = False


def quantile(level: float, buckets: Buckets) -> Quantile | None:
    """Return the value below which the share *level* of the requests lies; None if that can't be said.

    Within a bucket the requests are taken to be spread evenly, and the first bucket to begin at 0.
    """
    bounds = sorted(buckets)
    if len(bounds) < 2 or bounds[-1] != inf or not buckets[inf] > 0:
        return None
    rank = level * buckets[inf]
    start = below = 0.0
    for bound in bounds:
        # Scrapes of several series are not of one moment: a count may be smaller than the one before.
        count = max(buckets[bound], below)
        if count >= rank and count > 0:
            break
        start, below = bound, count
    if bound == inf:
        return Quantile(start, is_beyond=True)
    if bound <= 0:
        return Quantile(bound)
    return Quantile(start + (bound - start) * ((rank - below) / (count - below) if count > below else 1.0))


class HistogramWindow:
    """The requests of the last scrapes, as far as they are within a percentile's window."""

    def __init__(self, of: Percentile) -> None:
        self._of = of
        self._before: Scrape | None = None
        self._steps: deque[tuple[datetime, Buckets]] = deque()

    def add(self, scrape: Scrape, at: datetime) -> None:
        """Take up the requests since the scrape before."""
        if self._before is not None:
            self._steps.append((at, _grown(self._before, scrape)))
        self._before = scrape
        # In both directions: a clock may have been set back.
        while self._steps and not at - self._of.window < self._steps[0][0] <= at:
            self._steps.popleft()

    def measured(self, instance: str, at: datetime) -> tuple[Measurement, ...]:
        """Return the percentile in milliseconds; nothing without requests.

        Raises `Unmeasurable` if there is no histogram, or its bounds don't reach the row's thresholds.
        """
        if self._before is not None and not any(self._before.named(BUCKET)):
            raise Unmeasurable(Message("monitoring.no-buckets", place=instance, name=BUCKET))
        together: dict[float, float] = {}
        for _, buckets in self._steps:
            for bound, count in buckets.items():
                together[bound] = together.get(bound, 0.0) + count
        found = quantile(float(self._of.of) / 100, together)
        if found is None:
            return ()
        requests = Message("monitoring.requests", count=round(together[inf]))
        value = 1000 * found.value
        if not found.is_beyond:
            return (Measurement(Metric.RESPONSE_TIME, instance, at, value, requests),)
        if value < self._of.highest:
            raise Unmeasurable(Message("monitoring.beyond-buckets", place=instance, bound=f"{value:g}"))
        note = Message("monitoring.beyond-bound", bound=f"{value:g}", count=requests)
        return (Measurement(Metric.RESPONSE_TIME, instance, at, nextafter(value, inf), note),)


def _grown(before: Scrape, now: Scrape) -> Buckets:
    bounds = {bound for labels, _ in now.named(BUCKET) if (bound := _bound_of(labels)) is not None}
    return {bound: increase(before, now, BUCKET, partial(_is_of, bound)) for bound in bounds}


def _is_of(bound: float, labels: Labels) -> bool:
    return _bound_of(labels) == bound


def _bound_of(labels: Labels) -> float | None:
    """Return the upper bound, which clients write as `1` or `1.0`; None if there is none."""
    try:
        return float(labels.get("le", ""))
    except ValueError:
        return None
