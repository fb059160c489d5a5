"""Time is passed in as a value: code that depends on the time gets a clock."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the current time, time-zone aware."""


def system_clock() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)
