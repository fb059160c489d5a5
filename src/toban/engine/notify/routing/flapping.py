"""Flapping: a problem that comes and goes is notified once, and once more when it is over. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

SPAN = timedelta(minutes=30)
MOST = 4
"""Number of alerts of one key within the span that are each notified; the next one is flapping."""

CALM = timedelta(minutes=15)
"""Flapping is over after this time without a problem."""

SWINGS = 3
"""Changes of one alert within the span, its beginning included: from then on it swings between its levels."""


def is_flapping(opened: Sequence[datetime], now: datetime) -> bool:
    """Return whether something with a new problem flaps; its earlier alerts were *opened* at these times."""
    return len([at for at in opened if now - at <= SPAN]) >= MOST


def is_calm(resolved_at: datetime, now: datetime) -> bool:
    """Return whether flapping is over, if its last alert was resolved at *resolved_at*."""
    return now - resolved_at >= CALM


def is_swinging(told: Sequence[datetime]) -> bool:
    """Return whether an alert swings between warning and critical; a place was *told* of its changes then."""
    return any(last - first <= SPAN for first, last in zip(told, told[SWINGS - 1 :], strict=False))
