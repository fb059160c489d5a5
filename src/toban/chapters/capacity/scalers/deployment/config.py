"""The settings of `[scaling.GROUP]` with `kind = "deployment"`."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from toban.chapters.capacity.bindings import ScalingBinding


class DeploymentScaling(ScalingBinding):
    """`kind = "deployment"`: one more instance of the version that serves."""

    example: ClassVar[Mapping[str, str]] = {"deployment": "production"}

    deployment: str = Field(min_length=1, max_length=200)
    """The `[deployments.NAME]` whose instances Toban runs: `kind = "proxy"`."""
