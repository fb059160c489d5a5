"""A service by its access log, or by its server spans: the share of failed requests, and their duration.

Lines and spans arrive in batches, some seconds after the requests: a period is evaluated once it is
`late` old.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from toban.chapters.monitoring.source import Measurement, Unmeasurable
from toban.chapters.monitoring.sources.access_log.config import AccessLogConfig, PercentileConfig
from toban.chapters.monitoring.sources.own_store import own_store
from toban.design.values.metric import Metric
from toban.engine.telemetry.logs.search import TimeSpan
from toban.engine.telemetry.requests import LOGGED, RequestTable, Traffic, response_percentile, traffic
from toban.engine.telemetry.store import StoreUnavailable, Telemetry
from toban.message import Message, message_of

_FIRST = timedelta(minutes=1)
"""The period of the first measurement."""

_SHORTEST = timedelta(seconds=5)
_LONGEST = timedelta(minutes=5)
"""The limit after the worker was away: older requests belong to no current value."""


class AccessLogSource:
    """Rates and means since the last measurement. A period without requests gives no values."""

    def __init__(
        self,
        config: AccessLogConfig,
        telemetry: Callable[[], Telemetry] = own_store,
        requests: RequestTable = LOGGED,
    ) -> None:
        self._config = config
        self._telemetry = telemetry
        self._requests = requests
        self._until: datetime | None = None

    @property
    def instance(self) -> str:
        return f"{self._config.service} {self._config.route}".rstrip()

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Return the share of failed requests and the mean response time, or raise `Unmeasurable`."""
        end = now - self._config.late
        start = max(self._until or end - _FIRST, end - _LONGEST)
        # In both directions: a clock may have been set back.
        if abs(end - start) < _SHORTEST or end < start:
            self._until = min(start, end)
            return ()
        try:
            found = traffic(
                self._telemetry(),
                self._config.service,
                TimeSpan(start, end),
                route=self._config.route,
                of=self._requests,
            )
        except StoreUnavailable as away:
            raise Unmeasurable(Message("monitoring.log-store-unavailable", reason=message_of(away))) from away
        self._until = end
        return tuple(self._measured(found, end))

    def close(self) -> None:
        """There is nothing to close."""

    def _measured(self, found: Traffic, at: datetime) -> Iterator[Measurement]:
        if not found.count:
            return
        note = Message("monitoring.requests", count=found.count)
        yield Measurement(Metric.ERROR_RATE, self.instance, at, 100 * found.failed / found.count, note)
        if found.mean_ms is not None:
            yield Measurement(Metric.RESPONSE_TIME, self.instance, at, found.mean_ms, note)


class PercentileSource:
    """A percentile of the response times within a sliding window."""

    def __init__(
        self,
        config: PercentileConfig,
        telemetry: Callable[[], Telemetry] = own_store,
        requests: RequestTable = LOGGED,
    ) -> None:
        self._config = config
        self._telemetry = telemetry
        self._requests = requests

    @property
    def instance(self) -> str:
        return f"{self._config.service} {self._config.route}".rstrip()

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Return the percentile over the window that has just ended, or raise `Unmeasurable`."""
        config, end = self._config, now - self._config.late
        span = TimeSpan(end - config.window, end)
        try:
            found = response_percentile(
                self._telemetry(),
                config.service,
                span,
                config.percentile,
                route=config.route,
                of=self._requests,
            )
        except StoreUnavailable as away:
            raise Unmeasurable(Message("monitoring.log-store-unavailable", reason=message_of(away))) from away
        if found.ms is None:
            return ()
        note = Message("monitoring.requests", count=found.count)
        return (Measurement(Metric.RESPONSE_TIME, self.instance, end, found.ms, note),)

    def close(self) -> None:
        """There is nothing to close."""
