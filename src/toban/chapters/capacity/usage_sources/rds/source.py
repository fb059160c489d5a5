"""What RDS and CloudWatch say about the storage of a DB instance.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from toban.chapters.capacity.usage import UsageAt, UsageReading, UsageUnknown
from toban.chapters.capacity.usage_sources.aws import (
    DAY,
    AwsClients,
    MetricOfAws,
    faults,
    newest,
    values,
    whole_days,
)
from toban.chapters.capacity.usage_sources.rds.config import RdsUsage
from toban.chapters.capacity.usage_sources.rds.rules import used_in_the_past
from toban.engine import amounts
from toban.engine.aws import code_of
from toban.message import Message

_GIB = 1 << 30
_GONE = frozenset(("DBInstanceNotFound", "DBInstanceNotFoundFault"))
_MINUTE = timedelta(minutes=1)
_WITHIN = timedelta(minutes=15)
_WITHIN_OF_AURORA = timedelta(hours=6)
"""How much a cluster uses is a figure of its bill, which comes seldom."""
_RIGHTS = ("rds:DescribeDBInstances", "cloudwatch:GetMetricData")


@dataclass(frozen=True, slots=True)
class _Instance:
    allocated: float
    """Bytes; 0 if it belongs to an Aurora cluster, which allocates by itself."""
    limit: float | None
    metric: MetricOfAws
    within: timedelta


class RdsSource:
    """One DB instance."""

    def __init__(self, config: RdsUsage) -> None:
        self._config = config
        self._clients = AwsClients(config, config.timeout)

    def measure(self, now: datetime) -> UsageReading:
        """Ask RDS for its size and CloudWatch for what is free; see `UsageSource`."""
        with faults("RDS", _RIGHTS):
            instance = self._described()
        end = now.replace(second=0, microsecond=0) + _MINUTE
        with faults("CloudWatch", _RIGHTS):
            (points,) = values(
                self._clients.of("cloudwatch"), [instance.metric], end - instance.within, end, _MINUTE
            )
        found = newest(points)
        if found is None:
            said = Message(
                "capacity-usage.no-values",
                name=self._config.instance,
                metric=instance.metric.name,
                span=amounts.length(instance.within),
            )
            raise UsageUnknown(said, hint=Message("capacity-usage.is-it-running"))
        if not instance.allocated:
            return UsageReading(found)
        return UsageReading(max(instance.allocated - found, 0.0), instance.limit)

    def history(self, since: datetime, until: datetime) -> Sequence[UsageAt]:
        """Return a value for each day that CloudWatch knows; see `HasHistory`."""
        start, end = whole_days(since, until)
        if start >= end:
            return ()
        with faults("RDS", _RIGHTS):
            instance = self._described()
        with faults("CloudWatch", _RIGHTS):
            (points,) = values(self._clients.of("cloudwatch"), [instance.metric], start, end, DAY)
        if not instance.allocated:
            return [UsageAt(day, points[day]) for day in sorted(points)]
        return used_in_the_past(points, instance.allocated)

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()

    def _described(self) -> _Instance:
        name = self._config.instance
        try:
            answer = self._clients.of("rds").describe_db_instances(DBInstanceIdentifier=name)
        except ClientError as error:
            if code_of(error) not in _GONE:
                raise
            said = Message("capacity-usage.no-such-instance", name=name, region=self._config.region)
            raise UsageUnknown(said, hint=Message("capacity-usage.check-instance-and-region")) from error
        (found,) = answer["DBInstances"]
        if str(found["Engine"]).startswith("aurora"):
            cluster = (("DBClusterIdentifier", str(found.get("DBClusterIdentifier", ""))),)
            metric = MetricOfAws("AWS/RDS", "VolumeBytesUsed", cluster)
            return _Instance(0, None, metric, _WITHIN_OF_AURORA)
        allocated = int(found["AllocatedStorage"])
        # With storage autoscaling it grows by itself, up to there.
        most = max(allocated, int(found.get("MaxAllocatedStorage") or 0))
        metric = MetricOfAws("AWS/RDS", "FreeStorageSpace", (("DBInstanceIdentifier", name),))
        return _Instance(float(allocated * _GIB), float(most * _GIB), metric, _WITHIN)
