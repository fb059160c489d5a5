"""The settings of `[resources.NAME]` with `kind = "rds"`."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from toban.chapters.capacity.bindings import ResourceBinding
from toban.engine.bindings.aws import AwsAccess


class RdsUsage(AwsAccess, ResourceBinding):
    """`kind = "rds"`: one DB instance."""

    example: ClassVar[Mapping[str, str]] = {"region": "ap-northeast-1", "instance": "shop"}

    instance: str = Field(pattern=r"^[A-Za-z](?:-?[A-Za-z0-9])*$", max_length=63)
    """The DB instance identifier."""
    timeout: float = Field(default=10.0, gt=0, le=30)
    """Seconds for each of two attempts."""
