"""The extension point for what a resource uses: one small Protocol, one failure type."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from toban.chapters.capacity.bindings import ResourceBinding
from toban.design.clauses.capacity import ResourceUsage
from toban.design.reader import Design
from toban.engine.bindings.table import kinded
from toban.engine.editions.edition import Edition
from toban.engine.registry.kinds import KindPoint
from toban.engine.runs.kinds import no_doubts
from toban.engine.trial import ActFailed, Doubt

if TYPE_CHECKING:
    from toban.engine.telemetry.store import Telemetry


class UsageUnknown(ActFailed):
    """The source did not say how much is used; see `ActFailed`."""


@dataclass(frozen=True, slots=True)
class UsageReading:
    """How much of a resource is used at a moment, in the kind's own measure: bytes, or a plain number."""

    used: float
    limit: float | None = None
    """What reality allows: the size of the disk, the instance class's connections. None: it sets no limit."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """What the use consists of, if that is known: by database, by instance."""


@dataclass(frozen=True, slots=True)
class UsageAt:
    """How much was used at a moment in the past."""

    at: datetime
    used: float


class UsageSource(Protocol):
    """A resource, ready to be measured. One thread uses it at a time."""

    def measure(self, now: datetime) -> UsageReading:
        """Return what is used now, or raise `UsageUnknown`, within seconds."""

    def close(self) -> None:
        """Close the connections; the source is not used again."""


@runtime_checkable
class HasHistory(Protocol):
    """A source that can say how much was used before Toban measured it."""

    def history(self, since: datetime, until: datetime) -> Sequence[UsageAt]:
        """Return what is known of that time, at least one value a day where there is any, in order of time.

        Raises `UsageUnknown`.
        """


@dataclass(frozen=True, slots=True)
class UsageSite:
    """The context of a source."""

    resource: str
    """The row's resource, in the document's words."""
    folder: Path
    """The folder of `toban.toml`: relative paths start there."""
    telemetry: "Telemetry"
    edition: Edition
    """What is in force: for a source that counts what another table binds."""


@dataclass(frozen=True, slots=True)
class UsageKind:
    """A kind of usage source as `toban.toml` names it."""

    config: type[ResourceBinding]
    open: Callable[[Any, UsageSite], UsageSource]
    """Returns the source of a config; connects not yet."""
    is_storage: Callable[[Any], bool] = lambda _config: False
    """Whether a source of a config measures bytes that are kept."""
    unit: Callable[[Any], str] = lambda _config: ""
    """Returns the unit that a source of a config measures in: `B`, or nothing for a plain number."""
    sets_limit: Callable[[Any, Edition], bool] = lambda _config, _edition: True
    """Whether `UsageReading.limit` is a setting of the system, and not the room there happens to be."""
    doubts: Callable[[Any, UsageSite], Iterable[Doubt]] = no_doubts
    """Returns what would keep it from measuring now, besides that `measure` fails."""


USAGE_KINDS = KindPoint("resources", UsageKind)
"""`kind = "…"` of `[resources.NAME]`."""


def _resources(design: Design) -> set[str]:
    return {row.resource for row in design.of(ResourceUsage)}


RESOURCES = kinded("resources", ResourceBinding, USAGE_KINDS, names=_resources)
"""A resource of the usage table → where its use is measured."""
