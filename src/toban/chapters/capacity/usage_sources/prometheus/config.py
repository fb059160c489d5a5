"""The settings of `[resources.NAME]` with `kind = "prometheus"`."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from toban.chapters.capacity.bindings import ResourceBinding
from toban.engine.network.http import HttpAccess

type Query = Annotated[str, Field(max_length=4000)]
"""In Prometheus's language; it must come to one series."""


class PrometheusUsage(HttpAccess, ResourceBinding):
    """`kind = "prometheus"`: the URL of a Prometheus server, or of one that answers its API."""

    example: ClassVar[Mapping[str, str]] = {
        "url": "http://192.0.2.1:9090",
        "used": 'sum(redis_memory_used_bytes{service="shop"})',
    }

    used: Query = Field(min_length=1)
    limit: Query = ""
    """What reality allows; empty: it sets no limit."""
    measures: Literal["number", "bytes"] = "number"
