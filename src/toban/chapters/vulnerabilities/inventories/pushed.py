"""Lists of packages that arrive: from `toban agent` on a host, or from a pipeline that built something."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from toban.chapters.vulnerabilities.bindings import InventoryBinding
from toban.chapters.vulnerabilities.inventory import InventoryKind, InventoryUnknown
from toban.chapters.vulnerabilities.package import Inventory, believable
from toban.message import Message


class PushedInventory(InventoryBinding):
    """`kind = "pushed"`: what a sender of `[senders]` pushes."""

    example: ClassVar[Mapping[str, str]] = {"sender": "web-1", "name": "web-1"}

    sender: str
    """A `[senders.NAME]` that may send inventories."""
    name: str = Field(min_length=1, max_length=200)
    """What the sender calls it."""


class PushedLists:
    """The newest list under one name."""

    def __init__(self, config: PushedInventory) -> None:
        self._config = config

    def read(self, now: datetime) -> Inventory:
        """See `InventorySource`."""
        # Kinds are registered before there is a state database.
        from toban.chapters.vulnerabilities.inventories.arrivals import newest  # noqa: PLC0415

        found = newest(self._config.sender, self._config.name)
        if found is None:
            said = Message("vulnerabilities.not-pushed", sender=self._config.sender, name=self._config.name)
            raise InventoryUnknown((said, Message("vulnerabilities.push-it")))
        return Inventory(found.packages, believable(found.taken_at, now), found.unknown)


KIND = InventoryKind(PushedInventory, PushedLists, is_in_state=True)
