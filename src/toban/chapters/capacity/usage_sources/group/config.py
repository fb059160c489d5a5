"""The settings of `[resources.NAME]` with `kind = "group"`."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from toban.chapters.capacity.bindings import ResourceBinding


class GroupUsage(ResourceBinding):
    """`kind = "group"`: the instances of a group as its scaler counts them."""

    example: ClassVar[Mapping[str, str]] = {"group": "Webサーバー"}

    group: str = Field(min_length=1, max_length=200)
    """The `[scaling.GROUP]`."""
