"""The HTTP probe: makes requests as a user would, and counts failures."""

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import ClassVar

import httpx
from pydantic import Field

from toban.chapters.monitoring.source import Measurement, SourceKind, Unmeasurable
from toban.chapters.monitoring.sources.http_place import HttpSourceConfig
from toban.design.values.metric import Metric
from toban.engine.network.http import (
    HttpAnswer,
    Unanswered,
    Untrusted,
    fetch,
    new_client,
)
from toban.engine.network.tls import TlsPlace, days_left, expired_days
from toban.message import NOTHING, Message, message_of

_FIRST_ERROR = 400
_HTTPS_PORT = 443


class HttpProbeConfig(HttpSourceConfig):
    """`kind = "http"`: a URL that answers if the service is healthy."""

    example: ClassVar[Mapping[str, str]] = {"url": "http://192.0.2.1/health"}

    expect_status: int | None = Field(default=None, ge=100, le=599)
    """The status of a good answer; without one, anything below 400 is good."""
    window: float = Field(default=60.0, gt=0)
    """Seconds over which failed probes are counted for the error rate."""

    @property
    def place(self) -> str:
        """Host, port and path: a probe requests one page, and a query string may contain a key."""
        return self.instance or f"{super().place}{httpx.URL(self.url).path}"


class HttpProbe:
    """One page of one service.

    The error rate is the share of failed probes within the window. With four probes a minute, a single one
    weighs 25%, far beyond any limit in a document; so a failure counts only if an immediate retry fails too.
    The rate over real traffic is finer: also bind the service's exposition.
    """

    def __init__(self, config: HttpProbeConfig) -> None:
        self._config = config
        self._client = new_client(config.ca_file)
        self._outcomes: deque[tuple[datetime, bool]] = deque()

    @property
    def instance(self) -> str:
        return self._config.place

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Probe; if no answer arrives, `Unmeasurable` carries `UP` and the error rate.

        With `https` this also measures the certificate's remaining days, below zero if it has expired.
        """
        try:
            answer = self._answer()
        except Unanswered as error:
            why = message_of(error)
            measured = [*self._count(now, why), *self._expired(error, now)]
            said = Message("monitoring.at-place", place=self.instance, said=why)
            raise Unmeasurable(said, measured) from error
        found = self._count(now, self._fault(answer))
        found.append(Measurement(Metric.RESPONSE_TIME, self.instance, now, answer.seconds * 1000))
        if answer.certificate is not None:
            days = days_left(answer.certificate, now)
            found.append(Measurement(Metric.CERTIFICATE_LIFETIME, self.instance, now, days))
        return found

    def close(self) -> None:
        """Close the HTTP client."""
        self._client.close()

    def _answer(self) -> HttpAnswer:
        """Return a good answer, or the result of a second attempt."""
        with suppress(Unanswered):
            first = fetch(self._client, self._config)
            if not self._fault(first):
                return first
        return fetch(self._client, self._config)

    def _expired(self, error: Unanswered, now: datetime) -> list[Measurement]:
        if not isinstance(error, Untrusted):
            return []
        host, port = error.url.host, error.url.port or _HTTPS_PORT
        place = TlsPlace((host, port), host, self._config.ca_file, self._config.timeout)
        days = expired_days(error.fault, place, now)
        if days is None:
            return []
        return [Measurement(Metric.CERTIFICATE_LIFETIME, self.instance, now, days)]

    def _fault(self, answer: HttpAnswer) -> Message:
        """Return what is wrong with *answer*, if anything is."""
        expected = self._config.expect_status
        is_good = answer.status < _FIRST_ERROR if expected is None else answer.status == expected
        return NOTHING if is_good else Message("monitoring.http-status", status=answer.status)

    def _count(self, now: datetime, fault: Message) -> list[Measurement]:
        self._outcomes.append((now, bool(fault)))
        start = now - timedelta(seconds=self._config.window)
        while self._outcomes[0][0] <= start:
            self._outcomes.popleft()
        failed = sum(is_failed for _, is_failed in self._outcomes)
        share = 100 * failed / len(self._outcomes)
        return [
            Measurement(Metric.UP, self.instance, now, 0.0 if fault else 1.0, note=fault),
            Measurement(Metric.ERROR_RATE, self.instance, now, share, note=fault),
        ]


KIND = SourceKind(
    config=HttpProbeConfig,
    measures=frozenset((Metric.UP, Metric.RESPONSE_TIME, Metric.ERROR_RATE, Metric.CERTIFICATE_LIFETIME)),
    build=HttpProbe,
)
