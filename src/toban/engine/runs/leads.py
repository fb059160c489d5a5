"""Links from a run to pages other than its own: from a drill to its certificate. See `Ports`."""

from collections.abc import Callable

from toban.engine.extension import Link
from toban.engine.registry.ports import Port

LEADS: Port[Callable[[int], Link | None]] = Port("leads-of-a-run")
"""Returns the link for a run's id; None if there is none."""
