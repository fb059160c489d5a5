"""The port through which extensions say that a change has been delivered. See `DELIVERED`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from toban.engine.registry.ports import Port
from toban.message import Message


@dataclass(frozen=True, slots=True)
class DeliveredChange:
    """A change that serves."""

    at: datetime
    said: Message


type FindDelivered = Callable[[str, datetime], DeliveredChange | None]

DELIVERED: Port[FindDelivered] = Port("delivered")
"""Returns the first time since a moment at which a reference (a commit, a version) served; None if none."""
