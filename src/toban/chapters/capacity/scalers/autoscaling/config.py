"""The settings of `[scaling.GROUP]` with `kind = "autoscaling"`."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from toban.chapters.capacity.bindings import ScalingBinding
from toban.engine.bindings.aws import AwsAccess


class AutoScalingGroup(AwsAccess, ScalingBinding):
    """`kind = "autoscaling"`: an Auto Scaling group of EC2."""

    example: ClassVar[Mapping[str, str]] = {"region": "ap-northeast-1", "group": "shop-web"}

    group: str = Field(min_length=1, max_length=255)
    """The name of the group."""
