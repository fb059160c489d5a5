"""What the kinds that ask AWS share: clients, faults as `UsageUnknown`, and values of CloudWatch.

GetMetricData: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
CloudWatch keeps values by the hour for 455 days.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from toban.chapters.capacity.usage import UsageUnknown
from toban.engine import aws
from toban.engine.bindings.aws import AwsAccess
from toban.engine.bindings.secret import SecretUnavailable
from toban.message import Message, message_of

DAY = timedelta(days=1)
KEPT = timedelta(days=455)
"""How long CloudWatch keeps values of whole hours."""
_ATTEMPTS = 2
_MOST_PAGES = 20
_MOST_AT_ONCE = 500
_COMPLETE = "Complete"
_LONGEST_SAID = 300


@dataclass(frozen=True, slots=True)
class MetricOfAws:
    """One metric of one resource."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    stat: str = "Average"


type Points = Mapping[datetime, float]
"""The values of a metric by the beginning of their period."""


@dataclass(slots=True)
class AwsClients:
    """The clients of one source, made when they are first needed."""

    access: AwsAccess
    timeout: float
    """Seconds, for each of two attempts."""
    _made: dict[str, Any] = field(default_factory=dict)

    def of(self, service: str) -> Any:
        """Return the client of *service*; raises what `aws.client` raises."""
        if service not in self._made:
            self._made[service] = aws.client(
                service, self.access, read_timeout=self.timeout, attempts=_ATTEMPTS
            )
        return self._made[service]

    def close(self) -> None:
        """Close the connections."""
        for client in self._made.values():
            client.close()
        self._made.clear()


@contextmanager
def faults(service: str, actions: Sequence[str]) -> Iterator[None]:
    """Raise AWS's refusals as `UsageUnknown`; *actions* are what the keys must allow."""
    try:
        yield
    except SecretUnavailable as missing:
        raise UsageUnknown(message_of(missing)) from missing
    except aws.FAULTS as error:
        fault = aws.fault_of(error, service)
        hint = Message("capacity-usage.allow-actions", actions=actions)
        if fault.is_throttled:
            hint = Message("capacity-usage.asked-again-later")
        raise UsageUnknown(fault.words, hint=hint) from error


def values(
    client: Any, metrics: Sequence[MetricOfAws], start: datetime, end: datetime, period: timedelta
) -> Sequence[Points]:
    """Return the values of each of *metrics*, one per *period* where there is any.

    Raises `UsageUnknown` for an incomplete answer, and botocore's errors.
    """
    found: list[dict[datetime, float]] = [{} for _ in metrics]
    for first in range(0, len(metrics), _MOST_AT_ONCE):
        asked = {
            "MetricDataQueries": [
                _query(first + position, each, period)
                for position, each in enumerate(metrics[first : first + _MOST_AT_ONCE])
            ],
            "StartTime": start,
            "EndTime": end,
            "ScanBy": "TimestampAscending",
        }
        for result in _results(client, asked):
            points = zip(result["Timestamps"], result["Values"], strict=True)
            found[int(result["Id"][1:])] |= {at.astimezone(UTC): float(value) for at, value in points}
    return found


def newest(points: Points) -> float | None:
    """Return the newest value, if there is any."""
    return points[max(points)] if points else None


def whole_days(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """Return the whole days, in UTC, between two moments that CloudWatch may know of."""
    start = max(since, until - KEPT).astimezone(UTC)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    begin = midnight if midnight == start else midnight + DAY
    return begin, until.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _query(position: int, metric: MetricOfAws, period: timedelta) -> Mapping[str, Any]:
    return {
        "Id": f"m{position}",
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
            },
            "Period": period // timedelta(seconds=1),
            "Stat": metric.stat,
        },
    }


def _results(client: Any, asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the results of all pages; the last one of a metric says whether it is complete."""
    last: dict[str, Mapping[str, Any]] = {}
    token: Mapping[str, str] = {}
    for _ in range(_MOST_PAGES):
        page = client.get_metric_data(**asked, **token)
        for result in page["MetricDataResults"]:
            last[result["Id"]] = result
            yield result
        if not page.get("NextToken"):
            break
        token = {"NextToken": page["NextToken"]}
    else:
        raise _incomplete("NextToken")
    for each in last.values():
        if each.get("StatusCode", _COMPLETE) != _COMPLETE:
            told = [f"{said.get('Code', '')} {said.get('Value', '')}" for said in each.get("Messages", ())]
            raise _incomplete(" ".join((str(each["StatusCode"]), *told)).strip())


def _incomplete(answer: str) -> UsageUnknown:
    said = Message("capacity-usage.cloudwatch-incomplete", answer=answer[:_LONGEST_SAID])
    return UsageUnknown(said, hint=Message("capacity-usage.asked-again-later"))
