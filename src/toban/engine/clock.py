"""Time comes in as a value: whoever decides by the clock is given one."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present moment, time-zone aware."""


def system_clock() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)
