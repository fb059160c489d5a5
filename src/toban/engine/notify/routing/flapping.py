"""Flapping: a problem that comes and goes is notified once, and once more when it is over. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

SPAN = timedelta(minutes=30)
MOST = 4
"""Number of alerts of one key within the span that are each notified; the next one is flapping."""

CALM = timedelta(minutes=15)
"""Flapping is over after this time without a problem."""


def is_flapping(opened: Sequence[datetime], now: datetime) -> bool:
    """Return whether something with a new problem flaps; its earlier alerts were *opened* at these times."""
    return len([at for at in opened if now - at <= SPAN]) >= MOST


def is_calm(resolved_at: datetime, now: datetime) -> bool:
    """Return whether flapping is over, if its last alert was resolved at *resolved_at*."""
    return now - resolved_at >= CALM
