"""Settings of a log source with `kind = "cloudwatch"`, and its cost."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from toban.chapters.logs.pulling.source import LogSourceConfig
from toban.engine import amounts
from toban.engine.bindings.aws import AwsAccess
from toban.message import Message


class CloudWatchLogs(LogSourceConfig, AwsAccess):
    """`kind = "cloudwatch"`: a log group."""

    example: ClassVar[Mapping[str, str]] = {"region": "ap-northeast-1", "group": "/ecs/shop"}

    group: str = Field(pattern=r"^[.\-_/#A-Za-z0-9]+$", max_length=512)
    stream_prefix: str = Field(default="", max_length=512)
    """Only streams whose names begin with this."""
    pattern: str = Field(default="", max_length=1024)
    """Only lines that match this pattern, in CloudWatch's own syntax."""
    timeout: float = Field(default=10.0, gt=0, le=60)
    """Seconds for each of three attempts."""


def cost(config: CloudWatchLogs) -> Message:
    """Return the cost of fetching: https://aws.amazon.com/cloudwatch/pricing/ lists no charge per call."""
    return Message("logs.cloudwatch-cost", group=config.group, every=amounts.length(config.every))


def keeping(config: CloudWatchLogs) -> Message:
    """Name the setting by which AWS deletes the lines."""
    return Message("logs.cloudwatch-keeping", group=config.group, region=config.region)
