"""What the samples say about a group: its means by the minute, and what is down."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from toban.chapters.capacity.scaling.rules import MINUTE, GroupMinutes
from toban.design.values.metric import Metric
from toban.engine.telemetry.store import Telemetry

_SETTLING = timedelta(seconds=15)
"""Samples reach the store within this time: a younger minute may not be whole."""
_LATELY = timedelta(minutes=3)
_A_DAY = timedelta(days=1)


def whole_minutes(now: datetime) -> datetime:
    """Return the end of the last minute whose samples are all stored."""
    settled = (now - _SETTLING).astimezone(UTC)
    return settled.replace(second=0, microsecond=0)


def minutes_of(telemetry: Telemetry, metric: Metric, target: str, end: datetime, count: int) -> GroupMinutes:
    """Return the *count* minutes before *end*; raises as `Telemetry.ask` does."""
    begins = end - count * MINUTE
    rows = telemetry.ask(
        """SELECT intDiv(second - {start:Int64}, 60) AS minute, avg(mean), count() FROM (
            SELECT intDiv(toUnixTimestamp(at), 60) * 60 AS second, instance, avg(value) AS mean FROM samples
            WHERE metric = {metric:String} AND target = {target:String}
            AND at >= fromUnixTimestamp64Milli({start:Int64} * 1000)
            AND at < fromUnixTimestamp64Milli({end:Int64} * 1000)
            GROUP BY second, instance
        ) GROUP BY minute ORDER BY minute""",
        {
            "metric": metric.value,
            "target": target,
            "start": int(begins.timestamp()),
            "end": int(end.timestamp()),
        },
    )
    means, there = np.full(count, np.nan), np.zeros(count, dtype=np.int64)
    for minute, mean, instances in rows:
        means[minute], there[minute] = mean, instances
    return GroupMinutes(means, there)


def measured_lately(telemetry: Telemetry, metric: Metric, target: str, now: datetime) -> int:
    """Return how many instances of *target* have measured within a day; raises as `Telemetry.ask` does."""
    rows = telemetry.ask(
        """SELECT uniqExact(instance) FROM samples_5m
        WHERE metric = {metric:String} AND target = {target:String}
        AND at >= toDateTime({start:Int64}, 'UTC')""",
        {"metric": metric.value, "target": target, "start": int((now - _A_DAY).timestamp())},
    )
    return int(rows[0][0])


def down_of(telemetry: Telemetry, targets: Collection[str], now: datetime) -> Sequence[str]:
    """Return the instances of *targets* that were found down last; raises as `Telemetry.ask` does."""
    rows = telemetry.ask(
        """SELECT target, instance FROM samples
        WHERE metric = {metric:String} AND target IN {targets:Array(String)}
        AND at >= fromUnixTimestamp64Milli({start:Int64})
        GROUP BY target, instance HAVING argMax(value, at) <= 0 ORDER BY target, instance""",
        {
            "metric": Metric.UP.value,
            "targets": sorted(targets),
            "start": int((now - _LATELY).timestamp() * 1000),
        },
    )
    return [f"{target} {instance}" for target, instance in rows]
