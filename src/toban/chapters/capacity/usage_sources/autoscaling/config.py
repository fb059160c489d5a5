"""The settings of `[resources.NAME]` with `kind = "autoscaling"`."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from toban.chapters.capacity.bindings import ResourceBinding
from toban.engine.bindings.aws import AwsAccess


class AutoScalingUsage(AwsAccess, ResourceBinding):
    """`kind = "autoscaling"`: one Auto Scaling group of EC2."""

    example: ClassVar[Mapping[str, str]] = {"region": "ap-northeast-1", "group": "shop-web"}

    group: str = Field(min_length=1, max_length=255)
    timeout: float = Field(default=10.0, gt=0, le=30)
    """Seconds for each of two attempts."""
