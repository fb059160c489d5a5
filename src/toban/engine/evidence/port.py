"""The port through which extensions ship evidence. See `Ports`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from toban.engine.editions.edition import Edition
from toban.engine.registry.ports import Port
from toban.engine.stores.store import StoreKind


@dataclass(frozen=True, slots=True)
class ShipmentSummary:
    """What has just been shipped."""

    place: str
    """The name of the destination store."""
    segments: int


type Ship = Callable[[Edition, Mapping[str, StoreKind], str, datetime], ShipmentSummary | None]
"""Ships what is not outside yet, read from the telemetry store at that address.

Returns None if the bindings configure no shipping; raises `NotShipped`.
"""

SHIPPING: Port[Ship] = Port("shipping")
