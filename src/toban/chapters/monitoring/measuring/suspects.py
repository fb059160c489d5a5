"""Instances of which it is being decided whether they are down: then that is why other rows are bad. Pure.

A stopped server shows in its other rows first, wherever they are measured elsewhere or more often; and one of
several instances shows first that all of them are down.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.monitoring.measuring.feeds import JudgedMonitor
from toban.chapters.monitoring.rules import InstanceWatch
from toban.design.values.metric import Metric
from toban.engine.notify.signal import Condition

_BAD = (Condition.WARNING, Condition.CRITICAL, Condition.NO_DATA)
_FEW = 10
"""So many are asked in a moment. Whether all of a larger target are down, too, is not waited for."""


@dataclass(frozen=True, slots=True)
class Suspects:
    """The instances of a target that may be down."""

    instances: frozenset[str] = frozenset()
    is_whole: bool = False
    """Whether these are all of its instances."""
    unasked_since: datetime | None = None
    """Since when something has been bad without anybody having asked whether one of them is down."""

    def explain(self, instance: str) -> bool:
        """Return whether *instance*, or what it is a part of, may be down."""
        return self.is_whole or any(
            instance == each or instance.startswith(f"{each} ") for each in self.instances
        )


NOBODY = Suspects()


def suspects(
    judged: Iterable[JudgedMonitor], found: Mapping[str, Mapping[str, InstanceWatch]]
) -> Mapping[str, Suspects]:
    """Return, by target, the instances that may be down, for those targets that have any."""
    ups: dict[str, list[InstanceWatch]] = defaultdict(list)
    bad: dict[str, list[InstanceWatch]] = defaultdict(list)
    for each in judged:
        watches = found[each.monitor.id].values()
        if each.limits.metric is Metric.UP:
            ups[each.target] += watches
        else:
            bad[each.target] += [watch for watch in watches if watch.condition in _BAD]
    for target, own in ups.items():
        if len(own) <= _FEW:
            bad[target] += [watch for watch in own if watch.condition is Condition.CRITICAL]
    by_target = {target: _of(watches, bad[target]) for target, watches in ups.items() if bad[target]}
    return {target: each for target, each in by_target.items() if each.instances}


def _of(ups: Iterable[InstanceWatch], bad: Iterable[InstanceWatch]) -> Suspects:
    watches, since = list(ups), max(each.began_at for each in bad)
    unasked = {each.instance for each in _unasked(watches, since)}
    failing = {each.instance for each in watches if _is_failing(each)}
    doubtful = frozenset(unasked | failing)
    return Suspects(doubtful, len(doubtful) == len(watches), since if unasked else None)


def _is_failing(up: InstanceWatch) -> bool:
    """Return whether it did not answer last, but not yet for as long as its row says."""
    return up.condition is not Condition.CRITICAL and up.critical_since is not None


def _unasked(ups: Iterable[InstanceWatch], since: datetime) -> Iterator[InstanceWatch]:
    for each in ups:
        if each.condition is Condition.OK and each.measured_at is not None and each.measured_at < since:
            yield each
