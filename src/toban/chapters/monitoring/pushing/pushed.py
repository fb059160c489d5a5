"""Pushed data as values: series to compute with, or ready measurements of one instance. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

type Series = tuple[str, frozenset[tuple[str, str]]]
"""A name and its labels."""


@dataclass(frozen=True, slots=True)
class PushedValues:
    """What was pushed for one instance at one time."""

    instance: str
    at: datetime
    series: Mapping[Series, float] = field(default_factory=dict)
    values: Sequence[tuple[str, str, float]] = ()
    """Metric, part of the instance (a disk), value in the metric's unit."""
    is_reread: bool = False
    """It may have been read before, by another worker or because its sender sent it twice."""


def merged(pushed: Iterable[PushedValues]) -> list[PushedValues]:
    """Return *pushed* in order of time, merging what was measured at the same time."""
    by_time: dict[datetime, list[PushedValues]] = defaultdict(list)
    for each in pushed:
        by_time[each.at].append(each)
    found = []
    for at in sorted(by_time):
        parts = by_time[at]
        series = {key: value for part in parts for key, value in part.series.items()}
        values = tuple(value for part in parts for value in part.values)
        is_reread = any(part.is_reread for part in parts)
        found.append(PushedValues(parts[0].instance, at, series, values, is_reread))
    return found
