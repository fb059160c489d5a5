"""Flapping: trouble that comes and goes is told once, and once when it is over. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

SPAN = timedelta(minutes=30)
MOST = 4
"""Alerts of one key within the span that are each told; the next one is flapping."""

CALM = timedelta(minutes=15)
"""Without trouble for so long, it is over."""


def is_flapping(opened: Sequence[datetime], now: datetime) -> bool:
    """Whether something that is in trouble again flaps, whose alerts before were *opened* at these times."""
    return len([at for at in opened if now - at <= SPAN]) >= MOST


def is_calm(resolved_at: datetime, now: datetime) -> bool:
    """Whether flapping is over that last ended at *resolved_at*."""
    return now - resolved_at >= CALM
