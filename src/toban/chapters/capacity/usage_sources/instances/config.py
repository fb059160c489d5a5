"""The settings of `[resources.NAME]` with `kind = "instances"`."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from toban.chapters.capacity.bindings import ResourceBinding
from toban.design.values.metric import Metric, read_metric
from toban.engine.bindings.section import invalid
from toban.engine.bindings.values import Length
from toban.message import Message


def _metric(written: object) -> object:
    found = read_metric(written) if isinstance(written, str) else written
    if found is None:
        raise invalid(Message("capacity-usage.not-a-metric"), Message("capacity-usage.write-a-metric"))
    return found


class InstancesUsage(ResourceBinding):
    """`kind = "instances"`: the hosts or services of one `[targets.NAME]` that are there."""

    example: ClassVar[Mapping[str, str]] = {"target": "Webサーバー"}

    target: str = Field(min_length=1, max_length=200)
    """The `[targets.NAME]`."""
    metric: Annotated[Metric | None, BeforeValidator(_metric)] = None
    """Only instances that it is measured of: several sources of one host may name it differently."""
    within: Length = Field(default=timedelta(minutes=5), ge=timedelta(minutes=1), le=timedelta(days=1))
    """How old its newest sample may be for an instance to be there."""
