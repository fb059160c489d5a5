"""Scraping: one bounded HTTP request, then arithmetic on two expositions."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from httpx import Client

from toban.chapters.monitoring.limits import Percentile
from toban.chapters.monitoring.source import Measurement, Source, SourceKind, Unmeasurable
from toban.chapters.monitoring.sources.http_place import HttpSourceConfig
from toban.chapters.monitoring.sources.prometheus.exposition import (
    MEASURES,
    SELDOM,
    Scrape,
    measurements,
    read_buckets,
    read_scrape,
)
from toban.chapters.monitoring.sources.prometheus.histogram import HistogramWindow
from toban.design.values.metric import Metric
from toban.engine.network.http import Unanswered, fetch, new_client
from toban.message import Message, message_of

_OK = 200


class PrometheusConfig(HttpSourceConfig):
    """`kind = "prometheus"`: the URL of an exposition, such as node_exporter's `/metrics`."""

    example: ClassVar[Mapping[str, str]] = {"url": "http://192.0.2.1:9100/metrics"}


class BucketsConfig(PrometheusConfig):
    """Which percentile to compute for one row."""

    percentile: Percentile


class PrometheusSource:
    """One exposition. CPU, error rate and response time are means since the last scrape but one.

    Over a single sampling period, which is an eighth of the interval, they would swing more than they say.
    """

    def __init__(self, config: PrometheusConfig) -> None:
        self._config = config
        self._client = new_client(config.ca_file)
        self._before: deque[Scrape] = deque(maxlen=2)

    @property
    def instance(self) -> str:
        return self._config.place

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Scrape once; `Unmeasurable` carries `UP` 0 if nothing usable was returned.

        The same applies if an exporter answers for a database that is down.
        """
        try:
            scrape = scraped(self._client, self._config, _known_series)
        except Unanswered as error:
            raise self._down(message_of(error), [], now) from error
        found = measurements(self._before[0] if self._before else None, scrape, self.instance, now)
        self._before.append(scrape)
        if scrape.is_database_away:
            raise self._down(Message("monitoring.exporter-lacks-database"), found, now)
        return [Measurement(Metric.UP, self.instance, now, 1.0), *found]

    def close(self) -> None:
        """Close the HTTP client."""
        self._client.close()

    def _down(self, why: Message, others: Sequence[Measurement], now: datetime) -> Unmeasurable:
        down = Measurement(Metric.UP, self.instance, now, 0.0, note=why)
        return Unmeasurable(Message("monitoring.at-place", place=self.instance, said=why), [down, *others])


class BucketsSource:
    """A percentile of the response times that one exposition has counted within a sliding window."""

    def __init__(self, config: BucketsConfig) -> None:
        self._config = config
        self._client = new_client(config.ca_file)
        self._window = HistogramWindow(config.percentile)

    @property
    def instance(self) -> str:
        return self._config.place

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Scrape once and return the percentile, or raise `Unmeasurable`."""
        try:
            self._window.add(scraped(self._client, self._config, read_buckets), now)
        except Unanswered as error:
            said = message_of(error)
            raise Unmeasurable(Message("monitoring.at-place", place=self.instance, said=said)) from error
        return self._window.measured(self.instance, now)

    def close(self) -> None:
        """Close the HTTP client."""
        self._client.close()


def scraped(client: Client, config: PrometheusConfig, read: Callable[[str], Scrape]) -> Scrape:
    """Fetch an exposition and return what *read* takes from it, or raise `Unanswered`."""
    answer = fetch(client, config)
    if answer.status != _OK:
        raise Unanswered(Message("monitoring.http-status-returned", status=answer.status))
    try:
        return read(answer.body.decode("utf-8"))
    except ValueError as error:
        raise Unanswered(Message("monitoring.not-an-exposition")) from error


def _known_series(text: str) -> Scrape:
    scrape = read_scrape(text)
    if not scrape.values:
        raise Unanswered(Message("monitoring.no-known-series"))
    return scrape


def _build(config: PrometheusConfig) -> Source:
    return BucketsSource(config) if isinstance(config, BucketsConfig) else PrometheusSource(config)


def _ranked(config: PrometheusConfig, of: Percentile) -> BucketsConfig:
    return BucketsConfig.model_construct(**dict(config), percentile=of)


KIND = SourceKind(
    config=PrometheusConfig,
    measures=MEASURES,
    build=_build,
    ranked=_ranked,
    seldom=SELDOM,
    is_here=lambda config: bool(config.is_here),
)
