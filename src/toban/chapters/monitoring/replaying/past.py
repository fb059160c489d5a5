"""What the telemetry store keeps of a row: its hours, and the readings of some of them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime

from toban.chapters.monitoring.replaying.replay import PastHour
from toban.chapters.monitoring.source import Measurement
from toban.design.values.metric import Metric
from toban.engine.telemetry.row_binary import milliseconds, moment
from toban.engine.telemetry.store import Telemetry

_MOST_HOURS = 500_000
"""Of all instances of a row: 200 instances for a hundred days."""


def hours_of(
    telemetry: Telemetry, metric: Metric, series: str, since: datetime, until: datetime
) -> Mapping[str, list[PastHour]] | None:
    """Return all hours with readings by instance, in order; None if there are too many to look through."""
    rows = telemetry.ask(
        """SELECT instance, toInt64(toUnixTimestamp(toStartOfHour(samples_5m.at))) * 1000 AS hour,
        sum(count), min(low), max(high), uniqExact(samples_5m.at),
        toInt64(toUnixTimestamp(min(samples_5m.at))) * 1000 FROM samples_5m
        WHERE metric = {metric:String} AND target = {series:String}
        AND samples_5m.at >= fromUnixTimestamp64Milli({start:Int64})
        AND samples_5m.at < fromUnixTimestamp64Milli({end:Int64})
        GROUP BY instance, hour ORDER BY instance, hour LIMIT {most:UInt64}""",
        {
            "metric": metric.value,
            "series": series,
            "start": milliseconds(since),
            "end": milliseconds(until),
            "most": _MOST_HOURS + 1,
        },
    )
    if len(rows) > _MOST_HOURS:
        return None
    found: dict[str, list[PastHour]] = defaultdict(list)
    for instance, hour, count, low, high, known, first in rows:
        found[instance].append(PastHour(moment(hour), count, low, high, known, moment(first)))
    return found


def readings(
    telemetry: Telemetry, metric: Metric, series: str, instance: str, start: datetime, end: datetime
) -> Iterator[Measurement]:
    """Yield the readings of *instance* from *start* (included) to *end* (excluded), each moment once."""
    rows = telemetry.ask(
        """SELECT toUnixTimestamp64Milli(at), value FROM samples
        WHERE metric = {metric:String} AND target = {series:String} AND instance = {instance:String}
        AND at >= fromUnixTimestamp64Milli({start:Int64}) AND at < fromUnixTimestamp64Milli({end:Int64})
        ORDER BY at LIMIT 1 BY at""",
        {
            "metric": metric.value,
            "series": series,
            "instance": instance,
            "start": milliseconds(start),
            "end": milliseconds(end),
        },
    )
    return (Measurement(metric, instance, moment(at), value) for at, value in rows)
