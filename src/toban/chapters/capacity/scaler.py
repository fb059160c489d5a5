"""The extension point for groups of instances that grow: one small Protocol, one failure type."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from toban.chapters.capacity.bindings import ScalingBinding
from toban.design.values.metric import Metric
from toban.engine.bindings.table import kinded
from toban.engine.editions.edition import Edition
from toban.engine.instances.offered import NotScaled
from toban.engine.registry.kinds import KindPoint
from toban.engine.registry.ports import Ports
from toban.engine.runs.kinds import no_doubts
from toban.engine.runs.work import RunTurn
from toban.engine.trial import Doubt


class ScalingFailed(NotScaled):
    """A scaler could not do what it was asked; see `ActFailed`. To other chapters it is a `NotScaled`.

    It says which instances are there now, if that is not what was there before.
    """


@dataclass(frozen=True, slots=True)
class GroupSize:
    """How many instances a group has."""

    wanted: int
    """So many were ordered last."""
    serving: int
    """So many do their work now."""
    most: int | None = None
    """What the provider allows at most; None: it sets no limit."""


@dataclass(frozen=True, slots=True)
class ProviderPolicy:
    """What the provider itself does about a group, in the terms of a scaling rule."""

    name: str
    """By which people find it there."""
    metric: Metric | None
    """None if it looks at something that no scaling rule of a document can name."""
    limit: float | None
    """In the metric's unit."""
    sustained: timedelta | None
    step: int | None
    """How many instances it adds; None for one that computes the number (target tracking)."""
    cool_down: timedelta | None = None
    """How long after an act there is no other; None if that is not known."""
    is_active: bool = True
    """False if it is switched off, or its alarm is."""


class Scaler(Protocol):
    """A group of instances, ready to be scaled. One thread uses it at a time."""

    def size(self) -> GroupSize:
        """Return its size as the group itself says it; raise `ScalingFailed`."""

    def resize(self, to: int, turn: RunTurn) -> None:
        """Bring the group to *to* instances, and return when all of them do their work.

        May be repeated after it was cut off: it never brings more than *to*. Raises `ScalingFailed` if it
        can't be finished; no request is lost, also where instances go. Asks `turn.why_stop()` often.
        """

    def close(self) -> None:
        """Close the connections; the scaler is not used again."""


@runtime_checkable
class HasPolicies(Protocol):
    """A scaler whose provider can scale by itself."""

    def policies(self) -> Sequence[ProviderPolicy]:
        """Return what the provider itself does about the group; raise `ScalingFailed`."""


@dataclass(frozen=True, slots=True)
class ScalerSite:
    """The context of a scaler."""

    group: str
    folder: Path
    """The folder of `toban.toml`: relative paths and commands start there."""
    home: Path
    """Toban's home."""
    ports: Ports
    edition: Edition
    """What is in force: for a scaler whose group another chapter runs."""


@dataclass(frozen=True, slots=True)
class ScalerKind:
    """A kind of scaler as `toban.toml` names it."""

    config: type[ScalingBinding]
    open: Callable[[Any, ScalerSite], Scaler]
    """Returns the scaler of a config; connects not yet."""
    doubts: Callable[[Any, ScalerSite], Iterable[Doubt]] = no_doubts
    """Returns what would keep it from scaling now, by asking real systems; changes nothing."""
    bound: Callable[[Any], str] = lambda _config: ""
    """Returns what it acts on, in one line: those who approve are shown this."""
    sets_limit: bool = True
    """Whether `GroupSize.most` is a setting of the provider; otherwise it is the room there happens to be."""


SCALER_KINDS = KindPoint("scaling", ScalerKind)
"""`kind = "…"` of `[scaling.GROUP]`."""

SCALING = kinded("scaling", ScalingBinding, SCALER_KINDS)
"""A group in the words of a scaling rule's action → how it is scaled."""
