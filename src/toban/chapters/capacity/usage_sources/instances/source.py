"""Counting a target's instances in the telemetry store, now and in the past."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from toban.chapters.capacity.usage import UsageAt, UsageReading, UsageUnknown
from toban.chapters.capacity.usage_sources.instances.config import InstancesUsage
from toban.design.values.metric import Metric
from toban.engine import amounts
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.message import Message, plain

if TYPE_CHECKING:
    from toban.engine.telemetry.store import Telemetry

_NO_INSTANCES = (Metric.DISK_USAGE, Metric.USED_AMOUNT, Metric.LIMIT_AMOUNT)
"""Their instances are disks and resources, not what a target consists of."""
_BETWEEN = "at >= fromUnixTimestamp64Milli({start:Int64}) AND at < fromUnixTimestamp64Milli({end:Int64})"
_OF_TARGET = f"""target = {{target:String}} AND {_BETWEEN} AND metric NOT IN {{others:Array(String)}}
    AND (empty({{only:Array(String)}}) OR metric IN {{only:Array(String)}})"""

# An instance whose state is measured is there if it was up last; any other, if anything was measured of it.
_NOW = f"""
    SELECT instance, countIf(metric = {{up:String}}) = 0 OR argMaxIf(value, at, metric = {{up:String}}) > 0
      FROM samples WHERE {_OF_TARGET}
     GROUP BY instance {{of_metric}} ORDER BY instance
"""  # noqa: S608 - words of Toban's own

# The middle of an hour's twelve counts: a release that starts new instances first is no growth.
_PAST = f"""
    SELECT toUnixTimestamp(toStartOfHour(at)) AS hour, round(quantile(0.5)(there)) FROM (
        SELECT at, countIf(is_there) AS there FROM (
            SELECT at, instance,
                   countIf(metric = {{up:String}}) = 0 OR maxIf(high, metric = {{up:String}}) > 0 AS is_there
              FROM samples_5m WHERE {_OF_TARGET}
             GROUP BY at, instance {{of_metric}}
        ) GROUP BY at
    ) GROUP BY hour ORDER BY hour
"""  # noqa: S608 - words of Toban's own
_OF_METRIC = "HAVING countIf(metric = {metric:String}) > 0"


class InstancesSource:
    """One target."""

    def __init__(self, config: InstancesUsage, telemetry: "Telemetry") -> None:
        self._config = config
        self._telemetry = telemetry

    def measure(self, now: datetime) -> UsageReading:
        """Count those of the last minutes; see `UsageSource`."""
        rows = self._asked(_NOW, now - self._config.within, now)
        if not rows:
            said = Message(
                "capacity-usage.no-samples",
                target=self._config.target,
                span=amounts.length(self._config.within),
            )
            raise UsageUnknown(said, hint=Message("capacity-usage.check-the-target"))
        there = {str(instance): 1.0 for instance, is_there in rows if is_there}
        return UsageReading(float(len(there)), None, there)

    def history(self, since: datetime, until: datetime) -> Sequence[UsageAt]:
        """Return how many there were in each hour that has samples; see `HasHistory`."""
        rows = self._asked(_PAST, since, until)
        return [UsageAt(datetime.fromtimestamp(hour, UTC), float(count)) for hour, count in rows]

    def close(self) -> None:
        """There is nothing to close: the store is everybody's."""

    def _asked(self, sql: str, start: datetime, end: datetime) -> Sequence[Sequence[Any]]:
        metric = self._config.metric
        parameters: Mapping[str, object] = {
            "target": self._config.target,
            "start": int(start.timestamp() * 1000),
            "end": int(end.timestamp() * 1000),
            "up": Metric.UP.value,
            "others": [each.value for each in _NO_INSTANCES if each is not metric],
            "only": [] if metric is None else [metric.value, Metric.UP.value],
            "metric": "" if metric is None else metric.value,
        }
        try:
            self._telemetry.ensure_schema()
            return self._telemetry.ask(
                sql.replace("{of_metric}", "" if metric is None else _OF_METRIC), parameters
            )
        except (StoreUnavailable, StoreRefused) as error:
            said = Message("capacity-usage.store-unavailable", why=plain(str(error)))
            raise UsageUnknown(said, hint=Message("capacity-usage.check-the-store")) from error
