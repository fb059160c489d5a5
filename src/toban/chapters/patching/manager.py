"""The extension point for package managers: their commands as values, and what their answers say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from toban.chapters.patching.bindings import PatchGroupBinding
from toban.chapters.patching.upgrade import HostLook, Simulation, Upgrade
from toban.engine.bindings.table import kinded
from toban.engine.registry.kinds import KindPoint
from toban.engine.trial import ActFailed


class AnswerUnreadable(ActFailed):
    """A package manager has said something else than what is asked for."""


class PackageManager(Protocol):
    """Writes shell scripts for hosts, and reads what they print. *become* is the prefix that gives rights."""

    program: str
    """What must be there: `apt-get`."""

    def look(self, become: str, *, refreshes: bool) -> str:
        """Return a script that prints what is available; *refreshes*: from a fresh list. Changes nothing."""

    def read_look(self, written: str) -> HostLook:
        """Return what that script printed, or raise `AnswerUnreadable`."""

    def simulate(self, wanted: Sequence[Upgrade]) -> str:
        """Return a script that prints what would come of installing exactly *wanted*."""

    def read_simulation(self, written: str) -> Simulation:
        """Return what that script printed, or raise `AnswerUnreadable`."""

    def apply(self, become: str, wanted: Sequence[Upgrade]) -> str:
        """Return a script that finishes what was interrupted and installs exactly *wanted*.

        It may be run again after it was cut off at any moment. Its status is 0 if all is installed.
        """

    def installed(self, wanted: Sequence[Upgrade]) -> str:
        """Return a script that prints which versions of *wanted* are installed."""

    def read_installed(self, written: str) -> Mapping[str, str]:
        """Return the versions of what is wholly installed, by name, or raise `AnswerUnreadable`."""


@dataclass(frozen=True, slots=True)
class ManagerKind:
    """A package manager as `toban.toml` names it."""

    config: type[PatchGroupBinding]
    manager: PackageManager


MANAGER_KINDS = KindPoint("patching", ManagerKind)
"""`kind = "…"` of `[patching.NAME]`."""

PATCHING = kinded("patching", PatchGroupBinding, MANAGER_KINDS)
"""A group of hosts that is patched → how to reach them, and when they have their turn."""
