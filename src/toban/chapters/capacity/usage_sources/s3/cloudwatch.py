"""The size of a bucket as CloudWatch knows it: once a day, by storage class, for fifteen months.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from toban.chapters.capacity.usage import UsageAt, UsageReading, UsageUnknown
from toban.chapters.capacity.usage_sources.aws import (
    DAY,
    AwsClients,
    MetricOfAws,
    Points,
    faults,
    values,
    whole_days,
)
from toban.chapters.capacity.usage_sources.s3.config import S3Usage
from toban.engine import amounts
from toban.engine.bindings.aws import AwsAccess
from toban.message import Message

_RIGHTS = ("cloudwatch:ListMetrics", "cloudwatch:GetMetricData")
_METRIC = "BucketSizeBytes"
_TYPE = "StorageType"
_WITHIN = timedelta(days=3)
"""A day's value comes during the next one."""
_READ_TIMEOUT = 10.0
_MOST_PAGES = 20


class CountedBucket:
    """One bucket of Amazon's."""

    def __init__(self, config: S3Usage) -> None:
        self._config = config
        access = AwsAccess(
            region=config.region,
            access_key=config.access_key,
            secret_key=config.secret_key,
            endpoint_url=config.cloudwatch_endpoint,
        )
        self._clients = AwsClients(access, _READ_TIMEOUT)

    def measure(self, now: datetime) -> UsageReading:
        """Return the newest day's sizes; see `UsageSource`."""
        parts = newest_sizes(self._sizes(now - _WITHIN, now + DAY))
        if not parts:
            said = Message(
                "capacity-usage.no-values",
                name=self._config.bucket,
                metric=_METRIC,
                span=amounts.length(_WITHIN),
            )
            raise UsageUnknown(said, hint=Message("capacity-usage.bucket-comes-later"))
        return UsageReading(sum(parts.values()), None, parts if len(parts) > 1 else {})

    def history(self, since: datetime, until: datetime) -> Sequence[UsageAt]:
        """Return the size on each day, of the storage classes of the last two weeks; see `HasHistory`."""
        start, end = whole_days(since, until)
        if start >= end:
            return ()
        days: defaultdict[datetime, float] = defaultdict(float)
        for points in self._sizes(start, end).values():
            for day, size in points.items():
                days[day] += size
        return [UsageAt(day, days[day]) for day in sorted(days)]

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()

    def _sizes(self, start: datetime, end: datetime) -> Mapping[str, Points]:
        """Return the sizes by storage class."""
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        with faults("CloudWatch", _RIGHTS):
            client = self._clients.of("cloudwatch")
            types = sorted(_types(client, self._config.bucket))
            asked = [
                MetricOfAws("AWS/S3", _METRIC, (("BucketName", self._config.bucket), (_TYPE, each)))
                for each in types
            ]
            return dict(zip(types, values(client, asked, midnight, end, DAY), strict=True))


def newest_sizes(sizes: Mapping[str, Points]) -> Mapping[str, float]:
    """Return the size of each storage class on the newest day, or on the day before if it is late. Pure."""
    newest = max((day for points in sizes.values() for day in points), default=None)
    if newest is None:
        return {}
    found = {name: points.get(newest, points.get(newest - DAY)) for name, points in sizes.items()}
    return {name: size for name, size in found.items() if size is not None}


def _types(client: Any, bucket: str) -> set[str]:
    """Return the storage classes that CloudWatch had values of within two weeks."""
    found: set[str] = set()
    token: Mapping[str, str] = {}
    dimensions = [{"Name": "BucketName", "Value": bucket}]
    for _ in range(_MOST_PAGES):
        page = client.list_metrics(Namespace="AWS/S3", MetricName=_METRIC, Dimensions=dimensions, **token)
        for metric in page["Metrics"]:
            found |= {str(each["Value"]) for each in metric["Dimensions"] if each["Name"] == _TYPE}
        if not page.get("NextToken"):
            break
        token = {"NextToken": page["NextToken"]}
    return found
