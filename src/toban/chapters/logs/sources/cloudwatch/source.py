"""Lines of a log group, by FilterLogEvents: all its streams at once, in order of time.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from toban.chapters.logs.pulling.source import PulledEvent, Unfetchable
from toban.chapters.logs.sources.cloudwatch.config import CloudWatchLogs
from toban.design.values.duration import Duration, Forever, Retention, TimeUnit
from toban.engine import aws
from toban.engine.bindings.secret import SecretUnavailable
from toban.message import Message, message_of

_ATTEMPTS = 3
_MOST_PAGES = 10_000
_MISSING = "ResourceNotFoundException"


class CloudWatchLogSource:
    """One log group."""

    def __init__(self, config: CloudWatchLogs) -> None:
        self._config = config
        self._client: Any = None

    def events(self, start: int, end: int) -> Iterator[Sequence[PulledEvent]]:
        """Yield the events of a period page by page; raises `Unfetchable`."""
        with self._asking():
            client = self._connected()
            for page in _pages(client, self._asked(start, end)):
                yield [_event(each) for each in page["events"]]

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except SecretUnavailable as missing:
            raise Unfetchable(message_of(missing)) from missing
        except aws.FAULTS as error:
            raise Unfetchable(self._told(error)) from error

    def retention(self) -> Retention:
        """See `KeepsLines`. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html"""
        group = self._config.group
        with self._asking():
            pages = self._connected().get_paginator("describe_log_groups").paginate(logGroupNamePrefix=group)
            found = (each for page in pages for each in page["logGroups"] if each["logGroupName"] == group)
            about = next(found, None)
        if about is None:
            raise Unfetchable(Message("logs.no-such-log-group", group=group))
        # A group without the setting keeps its lines for ever.
        days = about.get("retentionInDays")
        return Forever() if days is None else Duration(Decimal(days), TimeUnit.DAY)

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def _connected(self) -> Any:
        if self._client is None:
            timeout = self._config.timeout
            self._client = aws.client("logs", self._config, read_timeout=timeout, attempts=_ATTEMPTS)
        return self._client

    def _asked(self, start: int, end: int) -> dict[str, Any]:
        asked = {
            "logGroupName": self._config.group,
            "startTime": start,
            # AWS includes the end.
            "endTime": end - 1,
            "logStreamNamePrefix": self._config.stream_prefix,
            "filterPattern": self._config.pattern,
        }
        return {name: value for name, value in asked.items() if value != ""}

    def _told(self, error: aws.AwsError) -> Message:
        if isinstance(error, ClientError) and aws.code_of(error) == _MISSING:
            return Message("logs.no-such-log-group", group=self._config.group)
        return aws.fault_of(error, "CloudWatch Logs").words


def _pages(client: Any, asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    token: Mapping[str, str] = {}
    for _ in range(_MOST_PAGES):
        page = client.filter_log_events(**asked, **token)
        yield page
        # An empty page need not be the last: the search just found nothing so far.
        if not page.get("nextToken"):
            return
        token = {"nextToken": page["nextToken"]}
    raise Unfetchable(Message("logs.too-many-pages", count=_MOST_PAGES))


def _event(written: Mapping[str, Any]) -> PulledEvent:
    at = int(written["timestamp"])
    return PulledEvent(
        str(written["eventId"]),
        at,
        int(written.get("ingestionTime", at)),
        str(written["message"]),
        str(written["logStreamName"]),
    )
