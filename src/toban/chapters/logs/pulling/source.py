"""The extension point for places that logs are fetched from: a Protocol, a failure, one line to register."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple, Protocol

from pydantic import Field

from toban.engine.bindings.section import Section
from toban.engine.bindings.senders import LogFormat
from toban.engine.bindings.table import kinded
from toban.engine.bindings.values import Length
from toban.engine.registry.kinds import KindPoint


class LogSourceConfig(Section):
    """What the table of every kind may say: `[log_sources.NAME]`."""

    log: str = ""
    """The document's kind of log that its lines are, where they don't say."""
    service: str = ""
    """The service that its lines are of, where they don't say."""
    format: LogFormat = "text"
    every: Length = Field(default=timedelta(minutes=1), ge=timedelta(seconds=10))
    """How often it is asked."""
    late: Length = timedelta(minutes=5)
    """How late a line may come there: so far back it is looked at again."""
    since: Length = timedelta(hours=1)
    """How far back the first look goes."""


class Event(NamedTuple):
    """A line as its place has it."""

    id: str
    """No other line of the place has it."""
    at: int
    """When it was written, in milliseconds since 1970."""
    came_at: int
    """When it came to its place, in milliseconds since 1970."""
    message: str
    stream: str
    """What within the place it was written by."""


class Unfetchable(Exception):
    """The place did not give its lines; the message tells the operator why, without any secret."""


class LogSource(Protocol):
    """A place to fetch lines from. One thread uses it."""

    def events(self, start: int, end: int) -> Iterator[Sequence[Event]]:
        """Yield the lines from *start* to before *end*, in milliseconds since 1970, by pages.

        Raises `Unfetchable`; what was yielded before is right.
        """

    def close(self) -> None:
        """Let go of connections; the source is not used again."""


@dataclass(frozen=True, slots=True)
class LogSourceKind:
    """A kind as `toban.toml` names it."""

    config: type[LogSourceConfig]
    build: Callable[[Any], LogSource]
    """Makes a source of a valid config; connects to nothing yet."""
    cost: Callable[[Any], str]
    """Says what others charge for it."""


LOG_SOURCE_KINDS = KindPoint("log_sources", LogSourceKind)
"""`kind = "…"` of `[log_sources.NAME]`."""

LOG_SOURCES = kinded("log_sources", LogSourceConfig, LOG_SOURCE_KINDS)
"""A name → where logs are fetched from."""
