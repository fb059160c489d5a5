"""What a run leads to beyond its own page: a drill to its certificate. See `Ports`."""

from collections.abc import Callable

from toban.engine.extension import Link
from toban.engine.registry.ports import Port

LEADS: Port[Callable[[int], Link | None]] = Port("leads-of-a-run")
"""A run's id → where it leads to; None where it does not."""
