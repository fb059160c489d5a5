"""Asking a Prometheus server, by bounded requests."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from toban.chapters.capacity.usage import UsageAt, UsageReading, UsageUnknown
from toban.chapters.capacity.usage_sources.prometheus.answers import Unreadable, read, value_of, values_of
from toban.chapters.capacity.usage_sources.prometheus.config import PrometheusUsage
from toban.engine.network.http import Unanswered, fetch, new_client
from toban.message import Message, message_of

_STEP = timedelta(hours=1)
_STRETCH = timedelta(days=30)
"""How much of the past one request is about: each has the whole timeout."""


class PrometheusSource:
    """One server, and two queries to it."""

    def __init__(self, config: PrometheusUsage) -> None:
        self._config = config
        self._client = new_client(config.ca_file)

    def measure(self, now: datetime) -> UsageReading:
        """Evaluate the queries now; see `UsageSource`."""
        used = self._value("used", self._config.used, now)
        if used == float("inf"):
            raise self._unknown("used", Message("capacity-usage.not-a-number"))
        limit = self._value("limit", self._config.limit, now) if self._config.limit else float("inf")
        return UsageReading(used, None if limit == float("inf") else limit)

    def history(self, since: datetime, until: datetime) -> Sequence[UsageAt]:
        """Return a value for each hour that the server knows of; see `HasHistory`."""
        found: list[UsageAt] = []
        for start, end in _stretches(since, until):
            query = {
                "query": self._config.used,
                "start": f"{start.timestamp():.0f}",
                "end": f"{end.timestamp():.0f}",
                "step": f"{_STEP.total_seconds():.0f}",
            }
            try:
                found += values_of(self._asked("used", "query_range", query))
            except Unreadable as error:
                raise self._unknown("used", message_of(error), error.hint) from error
        return found

    def close(self) -> None:
        """Close the HTTP client."""
        self._client.close()

    def _value(self, key: str, query: str, now: datetime) -> float:
        try:
            return value_of(self._asked(key, "query", {"query": query, "time": f"{now.timestamp():.3f}"}))
        except Unreadable as error:
            raise self._unknown(key, message_of(error), error.hint) from error

    def _asked(self, key: str, path: str, query: Mapping[str, str]) -> Any:
        base = httpx.URL(self._config.url)
        url = base.copy_with(path=f"{base.path.rstrip('/')}/api/v1/{path}").copy_merge_params(query)
        try:
            answer = fetch(self._client, self._config, url)
        except Unanswered as error:
            raise self._unknown(key, message_of(error), Message("capacity-usage.check-the-url")) from error
        return read(answer.status, answer.body)

    def _unknown(self, key: str, why: Message, hint: Message | None = None) -> UsageUnknown:
        said = Message("capacity-usage.prometheus-query", place=self._config.place, key=key, why=why)
        return UsageUnknown(said, hint=hint or Message("capacity-usage.check-the-query"))


def _stretches(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the whole hours between two moments in stretches that do not overlap; ends are included."""
    start = datetime.fromtimestamp(-(-since.timestamp() // 3600) * 3600, UTC)
    while start < until:
        end = min(start + _STRETCH - _STEP, until)
        yield start, end
        start += _STRETCH
