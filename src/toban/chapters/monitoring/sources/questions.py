"""Queries in a vendor's own language, by the metric that each one returns."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import httpx
from pydantic import AfterValidator, Field, model_validator

from toban.chapters.monitoring.sources.by_metric import ByMetric
from toban.design.values.metric import Metric
from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section, invalid
from toban.engine.bindings.values import Length
from toban.message import Message


def _safe(url: str) -> str:
    """Accept an endpoint if keys may be sent to it: over TLS, or on this machine."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        parts = httpx.URL()
    is_here = parts.host == "localhost" or parts.host.startswith("127.") or parts.host == "::1"
    if url and not (parts.host and (parts.scheme == "https" or (parts.scheme == "http" and is_here))):
        raise invalid(Message("monitoring.endpoint-needs-https"))
    return url


type Question = Annotated[str, Field(min_length=1, max_length=2000)]


class QuestionsConfig(Section):
    """Common settings of every source that queries a vendor's API in the vendor's language."""

    host: str = Field(default="", pattern=r"^[A-Za-z0-9_.:-]*$", max_length=255)
    """A host by the vendor's name for it: its CPU, memory and disks need no custom query."""
    queries: ByMetric[Question] = Field(default_factory=dict)
    """Metric → a query that returns it in the metric's own unit; replaces the host's query."""
    instance: str = ""
    """Its name for operators; empty: the host."""
    every: Length = timedelta(minutes=1)
    """How often to query the API: calls are counted, and limited, per account."""
    timeout: float = Field(default=10.0, gt=0, le=25)
    """Seconds until the whole answer must have arrived."""
    proxy: Secret | None = None
    """The URL of a proxy, which may contain a password."""
    endpoint_url: Annotated[str, AfterValidator(_safe)] = ""
    """The URL of another endpoint than the vendor's: your own gateway, or a test server."""

    @model_validator(mode="after")
    def _asks_something(self) -> "QuestionsConfig":
        if not self.host and not self.queries:
            raise invalid(Message("monitoring.host-or-queries-needed"))
        if not self.host and not self.instance:
            raise invalid(Message("monitoring.instance-needed-without-host"))
        return self

    @property
    def place(self) -> str:
        """Its name for operators."""
        return self.instance or self.host


def asked_for(config: QuestionsConfig, of_host: Mapping[Metric, Any]) -> frozenset[Metric]:
    """Return the metrics that *config* asks for; *of_host* are those of any host."""
    return frozenset(config.queries) | (frozenset(of_host) if config.host else frozenset())
