"""The settings of `[resources.NAME]` with `kind = "logs"`."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from toban.chapters.capacity.bindings import ResourceBinding


class LogsUsage(ResourceBinding):
    """`kind = "logs"`: what the logs take on the disk of the telemetry store, compressed."""

    example: ClassVar[Mapping[str, str]] = {}

    log: str = Field(default="", max_length=60)
    """The only kind of log to count, in the document's words: `アクセスログ`; empty: all, and traces."""
