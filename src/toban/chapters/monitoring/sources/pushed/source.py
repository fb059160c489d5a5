"""One instance of one sender: what it has pushed since the last measurement."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar, Protocol
from uuid import uuid4

from toban.chapters.monitoring.limits import Percentile
from toban.chapters.monitoring.pushing.pushed import PushedValues
from toban.chapters.monitoring.source import Measurement, Source, SourceKind, Unmeasurable
from toban.chapters.monitoring.sources.prometheus.exposition import MEASURES, SELDOM, Scrape, measurements
from toban.chapters.monitoring.sources.prometheus.histogram import HistogramWindow
from toban.design.values.metric import Metric
from toban.engine.bindings.section import Section
from toban.engine.bindings.values import Length
from toban.message import Message

_RIPE = timedelta(seconds=3)
"""How far apart the parts of one scrape may arrive."""


class Box(Protocol):
    """Where pushed data waits."""

    def take(self, sender: str, instance: str, before: datetime, reader: str = "") -> Sequence[PushedValues]:
        """Return what was received before *before* for the instance, oldest first, once to each reader."""

    def leave(self, sender: str, instance: str, reader: str) -> None:
        """Keep nothing for *reader* any more."""

    @property
    def is_behind(self) -> bool:
        """Whether there is more than was read at once: then nothing newer was read yet."""


def _inbox() -> Box:
    """Return this process's inbox. Kinds are registered before there is a state database."""
    from toban.chapters.monitoring.pushing.arrivals import inbox  # noqa: PLC0415

    return inbox()


class PushedConfig(Section):
    """`kind = "pushed"`: what a sender of `[senders]` pushes for one of its instances."""

    example: ClassVar[Mapping[str, str]] = {"sender": "prometheus", "instance": "web-1:9100"}

    sender: str
    """A `[senders.NAME]` that may send metrics."""
    instance: str
    """The sender's name for it: the label `instance`, OTLP's `host.name`, the agent's `--instance`."""
    within: Length = timedelta(minutes=2)
    """After this long without a value, it counts as down."""


class PushedBucketsConfig(PushedConfig):
    """Which percentile to compute for one row."""

    percentile: Percentile


class PushedSource:
    """One pushed instance. CPU, error rate and response time are means since the previous push."""

    def __init__(self, config: PushedConfig, inbox: Callable[[], Box] = _inbox) -> None:
        self._config = config
        self._inbox = inbox
        self._last: tuple[datetime, Scrape] | None = None
        self._heard_at: datetime | None = None
        self._asked_at: datetime | None = None

    @property
    def instance(self) -> str:
        return self._config.instance

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Return what has arrived; raise `Unmeasurable`, with `UP` 0, if nothing has for too long."""
        self._asked_at = self._asked_at or now
        found: list[Measurement] = []
        for pushed in self._inbox().take(self._config.sender, self.instance, now - _RIPE):
            found += [replace(each, is_reread=pushed.is_reread) for each in self._measured(pushed)]
            self._heard_at = max(self._heard_at or pushed.at, pushed.at)
        is_silent = now - (self._heard_at or self._asked_at) > self._config.within
        if is_silent and not self._inbox().is_behind:
            why = Message("monitoring.nothing-pushed", sender=self._config.sender, instance=self.instance)
            down = Measurement(Metric.UP, self.instance, now, 0.0, note=why)
            raise Unmeasurable(why, [*found, down])
        return found

    def close(self) -> None:
        """There is nothing to close."""

    def _measured(self, pushed: PushedValues) -> Iterator[Measurement]:
        yield Measurement(Metric.UP, self.instance, pushed.at, 1.0)
        for metric, what, value in pushed.values:
            where = f"{self.instance} {what}" if what else self.instance
            yield Measurement(Metric(metric), where, pushed.at, value)
        if pushed.series:
            scrape = Scrape(pushed.series)
            # What is read again, because another worker led meanwhile, may be older than the last scrape.
            before = self._last[1] if self._last is not None and self._last[0] < pushed.at else None
            yield from measurements(before, scrape, self.instance, pushed.at)
            self._last = pushed.at, scrape


class PushedBucketsSource:
    """A percentile of the response times that one pushed instance has counted within a sliding window."""

    def __init__(self, config: PushedBucketsConfig, inbox: Callable[[], Box] = _inbox) -> None:
        self._config = config
        self._inbox = inbox
        self._window = HistogramWindow(config.percentile)
        self._reader = uuid4().hex

    @property
    def instance(self) -> str:
        return self._config.instance

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Return the percentile after what has arrived; nothing if nothing has.

        Raises `Unmeasurable` if what arrives has no buckets.
        """
        at = None
        for pushed in self._inbox().take(self._config.sender, self.instance, now - _RIPE, self._reader):
            if pushed.series:
                self._window.add(Scrape(pushed.series), pushed.at)
                at = pushed.at
        return self._window.measured(self.instance, at) if at is not None else ()

    def close(self) -> None:
        """Leave the inbox."""
        self._inbox().leave(self._config.sender, self.instance, self._reader)


def _build(config: PushedConfig) -> Source:
    return PushedBucketsSource(config) if isinstance(config, PushedBucketsConfig) else PushedSource(config)


def _ranked(config: PushedConfig, of: Percentile) -> PushedBucketsConfig:
    return PushedBucketsConfig.model_construct(**dict(config), percentile=of)


KIND = SourceKind(
    config=PushedConfig,
    measures=MEASURES,
    build=_build,
    asks=False,
    ranked=_ranked,
    seldom=SELDOM,
)
