"""Lines of a log group, by FilterLogEvents: all its streams at once, in the order of their times.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import Field

from toban.chapters.logs.source import Event, LogSourceConfig, LogSourceKind, Unfetchable
from toban.engine import aws
from toban.engine.aws import AwsAccess
from toban.engine.bindings.secret import SecretUnavailable

_ATTEMPTS = 3
_MOST_PAGES = 10_000
_MINUTE = timedelta(minutes=1)
_LONGEST_SAID = 300
_MISSING = "ResourceNotFoundException"


class CloudWatchLogs(LogSourceConfig, AwsAccess):
    """`kind = "cloudwatch"`: a log group."""

    example: ClassVar[Mapping[str, str]] = {"region": "ap-northeast-1", "group": "/ecs/shop"}

    group: str = Field(pattern=r"^[.\-_/#A-Za-z0-9]+$", max_length=512)
    stream_prefix: str = Field(default="", max_length=512)
    """Only streams whose names begin so."""
    pattern: str = Field(default="", max_length=1024)
    """Only lines that it fits, in CloudWatch's own language."""
    timeout: float = Field(default=10.0, gt=0, le=60)
    """Seconds for each of three attempts."""


class CloudWatchLogSource:
    """One log group."""

    def __init__(self, config: CloudWatchLogs) -> None:
        self._config = config
        self._client: Any = None

    def events(self, start: int, end: int) -> Iterator[Sequence[Event]]:
        """Yield the events of a time by pages; raises `Unfetchable`."""
        try:
            client = self._connected()
            for page in _pages(client, self._asked(start, end)):
                yield [_event(each) for each in page["events"]]
        except SecretUnavailable as missing:
            raise Unfetchable(str(missing)) from missing
        except (ClientError, BotoCoreError) as error:
            raise Unfetchable(self._told(error)) from error

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

    def _told(self, error: ClientError | BotoCoreError) -> str:
        if isinstance(error, ClientError) and aws.code_of(error) == _MISSING:
            return f"CloudWatch Logs にロググループ {self._config.group} がありません"
        return " ".join(aws.fault_of(error, "CloudWatch Logs").words.split())[:_LONGEST_SAID]


def cost(config: CloudWatchLogs) -> str:
    """Say what fetching costs: https://aws.amazon.com/cloudwatch/pricing/ charges for it by no call."""
    return (
        f"CloudWatch Logs の {config.group} を {config.every / _MINUTE:g}分毎に読みます:"
        " 読むことに AWS の料金はかからず、リージョンの外に出る分の転送料だけがかかります"
    )


def _pages(client: Any, asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    token: Mapping[str, str] = {}
    for _ in range(_MOST_PAGES):
        page = client.filter_log_events(**asked, **token)
        yield page
        # A page may be empty and not be the last: so much was searched in vain.
        if not page.get("nextToken"):
            return
        token = {"nextToken": page["nextToken"]}
    raise Unfetchable(f"{_MOST_PAGES} ページを超えました: pattern か stream_prefix で絞ってください")


def _event(written: Mapping[str, Any]) -> Event:
    at = int(written["timestamp"])
    return Event(
        str(written["eventId"]),
        at,
        int(written.get("ingestionTime", at)),
        str(written["message"]),
        str(written["logStreamName"]),
    )


KIND = LogSourceKind(CloudWatchLogs, CloudWatchLogSource, cost)
"""What a log source says with `kind = "cloudwatch"`."""
