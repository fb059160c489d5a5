"""Instances that one extension runs and another may have grown: what is offered, and how it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from toban.engine.editions.edition import Edition
from toban.engine.registry.ports import Port
from toban.engine.runs.work import RunTurn
from toban.engine.trial import Doubt


class NotScaled(Exception):
    """The instances could not be brought to the ordered number; `doubt` says why, and the way out.

    `retry` says whether the same order may succeed later without anybody changing anything.
    """

    def __init__(self, doubt: Doubt, *, retry: bool = False) -> None:
        super().__init__(doubt[0] if isinstance(doubt, tuple) else doubt)
        self.doubt = doubt
        self.retry = retry


@dataclass(frozen=True, slots=True)
class InstanceCount:
    """How many instances of something there are."""

    wanted: int
    """So many are to serve: a later release, and whoever starts the dead again, brings as many."""
    serving: int
    most: int
    """There can't be more."""


class ScaledInstances(Protocol):
    """The instances of one deployment."""

    def size(self) -> InstanceCount:
        """Return how many there are, by asking them; raise `NotScaled`."""

    def require(self, to: int) -> None:
        """Raise `NotScaled` if there could not be *to* of them; changes nothing."""

    def resize(self, to: int, turn: RunTurn) -> None:
        """Have *to* of them serve, and return when they do; raise `NotScaled`, also while a release is on.

        May be repeated after it was cut off. No request is lost.
        """


type FindInstances = Callable[[Edition, str], ScaledInstances | None]
"""Returns the instances of a deployment by its name; None if there is no such one. Raises `NotScaled`."""

INSTANCES: Port[FindInstances] = Port("instances")
