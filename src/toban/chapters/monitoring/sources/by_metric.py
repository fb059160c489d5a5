"""Tables of `toban.toml` whose keys are metrics."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator

from toban.design.values.metric import Metric, read_metric
from toban.engine.bindings.section import invalid
from toban.message import Message


def _named(written: object) -> object:
    """Accept a metric's store name or a document's word as key; any other key stays as it is."""
    if not isinstance(written, dict):
        return written
    found = {read_metric(key) or key: value for key, value in written.items()}
    if len(found) < len(written):
        raise invalid(Message("monitoring.metric-twice"))
    return found


type ByMetric[Value] = Annotated[Mapping[Metric, Value], BeforeValidator(_named)]
"""Metric → value. `CPU使用率` means `cpu_usage_percent` there, as in the document."""
