"""What deployments and groups offer to other extensions: more instances, and the way back to a version."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from toban.engine.editions.edition import Edition
from toban.engine.registry.ports import Port
from toban.engine.runs.work import RunTurn
from toban.engine.trial import ActFailed
from toban.message import NOTHING, Message


class NotScaled(ActFailed):
    """The instances could not be counted, or brought to the ordered number."""


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


@dataclass(frozen=True, slots=True)
class GroupLoad:
    """Whether fewer instances of a group would do."""

    needed: Message = NOTHING
    """Why they would not; nothing if they would."""
    unknown: Message = NOTHING
    """Why nobody can say; nothing if it is known."""


class ScaledGroup(Protocol):
    """A group that an extension scales by a work of the run ledger."""

    @property
    def key(self) -> str:
        """The work; its parameter `to` is the number of instances."""

    def size(self) -> InstanceCount:
        """Return how many there are, by asking them; raise `NotScaled`."""

    def load(self, size: InstanceCount, to: int, now: datetime) -> GroupLoad:
        """Return whether *to* of the instances of *size* would do, by what the group's rules look at."""


type FindGroup = Callable[[Edition, str], ScaledGroup | None]
"""Returns a group by its name; None if there is no such one, or if Toban does not scale it."""

GROUPS: Port[FindGroup] = Port("groups")


class NotRolledBack(ActFailed):
    """There is no way back, or it could not be gone."""


@dataclass(frozen=True, slots=True)
class RollbackWish:
    """Who wants to go back, and why."""

    by: str
    """Its name in the audit log."""
    why: Message
    detected_at: datetime


class ReleasedDeployment(Protocol):
    """A deployment with its history."""

    def under_way(self) -> Message:
        """Say which release is under way; nothing if none is."""

    def way_back(self) -> Message:
        """Say what would serve after a rollback; raise `NotRolledBack` if there is nothing to go back to."""

    def roll_back(self, wish: RollbackWish, turn: RunTurn) -> Message:
        """Order a rollback, once for the turn's run, and return when its version serves.

        What can't be undone, or where the bindings say so, people are asked first. Raises `NotRolledBack`.
        """


type FindDeployment = Callable[[Edition, str], ReleasedDeployment | None]
"""Returns a deployment by its name; None if there is no such one."""

ROLLBACKS: Port[FindDeployment] = Port("rollbacks")

type FindWatched = Callable[[datetime], Message]
"""Says which release is watched, and would be taken back if anything failed; nothing if none is."""

WATCHED: Port[FindWatched] = Port("watched-releases")


@dataclass(frozen=True, slots=True)
class ServingVersion:
    """What serves in an environment, by the ledger of releases."""

    deployment: str
    environment: str
    version: str
    since: datetime


type FindServing = Callable[[Edition], Sequence[ServingVersion]]
"""Returns what serves in each environment that a release was brought to, in the document's order."""

SERVING: Port[FindServing] = Port("serving-versions")
