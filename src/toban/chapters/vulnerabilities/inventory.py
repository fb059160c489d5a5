"""The extension point for what is installed somewhere: one small Protocol, one failure type."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from toban.chapters.vulnerabilities.bindings import InventoryBinding
from toban.chapters.vulnerabilities.package import Inventory
from toban.engine.bindings.table import kinded
from toban.engine.registry.kinds import KindPoint
from toban.engine.trial import ActFailed, Doubt


class InventoryUnknown(ActFailed):
    """Nobody said what is installed; see `ActFailed`."""


class InventorySource(Protocol):
    """Something with packages, ready to be asked."""

    def read(self, now: datetime) -> Inventory:
        """Return what is installed, or raise `InventoryUnknown`, within the binding's `timeout`."""


def _no_doubts(_config: Any) -> Iterable[Doubt]:
    return ()


@dataclass(frozen=True, slots=True)
class InventoryKind:
    """A kind of inventory as `toban.toml` names it."""

    config: type[InventoryBinding]
    open: Callable[[Any], InventorySource]
    """Returns the source of a config; connects not yet."""
    is_in_state: bool = False
    """Whether it is read from the state database: in the thread that asks, not in one of its own."""
    doubts: Callable[[Any], Iterable[Doubt]] = _no_doubts
    """Returns what is doubtful, besides that `read` fails."""


INVENTORY_KINDS = KindPoint("inventory", InventoryKind)
"""`kind = "…"` of `[inventory.NAME]`."""

INVENTORY = kinded("inventory", InventoryBinding, INVENTORY_KINDS)
"""A host, an image or an application → where the list of its packages comes from."""
