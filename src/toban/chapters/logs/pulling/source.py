"""The extension point for places to fetch logs from: a Protocol, a failure, one line to register."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple, Protocol, runtime_checkable

from pydantic import Field

from toban.design.values.duration import Retention
from toban.engine.bindings.section import Section
from toban.engine.bindings.senders import LogFormat
from toban.engine.bindings.table import kinded
from toban.engine.bindings.values import Length
from toban.engine.registry.kinds import KindPoint
from toban.message import Message


class LogSourceConfig(Section):
    """What the table of every kind may contain: `[log_sources.NAME]`."""

    log: str = ""
    """The document's kind of log for its lines, unless they name one."""
    service: str = ""
    """The service of its lines, unless they name one."""
    format: LogFormat = "text"
    every: Length = Field(default=timedelta(minutes=1), ge=timedelta(seconds=10))
    """How often to fetch."""
    late: Length = timedelta(minutes=5)
    """How late a line may arrive there: this much of the past is fetched again."""
    since: Length = timedelta(hours=1)
    """How far back the first fetch goes."""


class PulledEvent(NamedTuple):
    """A line as stored at its place."""

    id: str
    """Unique among the lines of the place."""
    at: int
    """When it was written, in milliseconds since 1970."""
    came_at: int
    """When it arrived at its place, in milliseconds since 1970."""
    message: str
    stream: str
    """The part of the place that wrote it."""


class Unfetchable(Exception):
    """The place did not return its lines; the message tells the operator why, without any secret."""


class LogSource(Protocol):
    """A place to fetch lines from. One thread uses it."""

    def events(self, start: int, end: int) -> Iterator[Sequence[PulledEvent]]:
        """Yield the lines from *start* until before *end*, in milliseconds since 1970, page by page.

        Raises `Unfetchable`; what was yielded before is valid.
        """

    def close(self) -> None:
        """Close the connections; the source is not used again."""


@runtime_checkable
class KeepsLines(Protocol):
    """A source of a place that deletes its lines by a setting of its own."""

    def retention(self) -> Retention:
        """Return for how long the place keeps its lines; raises `Unfetchable`."""


@dataclass(frozen=True, slots=True)
class LogSourceKind:
    """A kind as named in `toban.toml`."""

    config: type[LogSourceConfig]
    build: Callable[[Any], LogSource]
    """Makes a source from a valid config; does not connect yet."""
    cost: Callable[[Any], Message]
    """Says what others charge for it."""
    keeping: Callable[[Any], Message] | None = None
    """Names the setting by which the place itself deletes lines; its sources are `KeepsLines`."""


LOG_SOURCE_KINDS = KindPoint("log_sources", LogSourceKind)
"""`kind = "…"` of `[log_sources.NAME]`."""

LOG_SOURCES = kinded("log_sources", LogSourceConfig, LOG_SOURCE_KINDS)
"""The places to fetch logs from, by name."""
