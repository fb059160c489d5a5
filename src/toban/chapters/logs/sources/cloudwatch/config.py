"""Settings of a log source with `kind = "cloudwatch"`, and its cost."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from toban.chapters.logs.pulling.source import LogSourceConfig
from toban.engine.bindings.aws import AwsAccess

_MINUTE = timedelta(minutes=1)


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


def cost(config: CloudWatchLogs) -> str:
    """Return the cost of fetching: https://aws.amazon.com/cloudwatch/pricing/ lists no charge per call."""
    return (
        f"CloudWatch Logs の {config.group} を {config.every / _MINUTE:g}分毎に読みます:"
        " 読むことに AWS の料金はかからず、リージョンの外に出る分の転送料だけがかかります"
    )
