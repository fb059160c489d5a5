"""What a run or an alert belongs to: links to a drill's certificate, an incident, and who stops it."""

from collections.abc import Callable

from toban.engine.extension import Link
from toban.engine.registry.ports import Port

LEADS: Port[Callable[[int], Link | None]] = Port("leads-of-a-run")
"""Returns the link for a run's id; None if there is none."""
ALERT_LEADS: Port[Callable[[int], Link | None]] = Port("leads-of-an-alert")
"""Returns the link for an alert's id; None if there is none."""
RUN_OWNERS: Port[Callable[[int], str]] = Port("owners-of-a-run")
"""Returns the command by which people stop what the run with this id works for; empty if it is on its own."""
