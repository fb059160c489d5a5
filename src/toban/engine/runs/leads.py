"""Links from a run, or an alert, to other pages: to a drill's certificate, an incident. See `Ports`."""

from collections.abc import Callable

from toban.engine.extension import Link
from toban.engine.registry.ports import Port

LEADS: Port[Callable[[int], Link | None]] = Port("leads-of-a-run")
"""Returns the link for a run's id; None if there is none."""
ALERT_LEADS: Port[Callable[[int], Link | None]] = Port("leads-of-an-alert")
"""Returns the link for an alert's id; None if there is none."""
