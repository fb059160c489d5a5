"""How a wrong clock on this host is detected: from the server's time in its answers."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import structlog

OFF = timedelta(minutes=5)
"""How far this host's clock may be off; beyond that, its timestamps are corrected to the server's time."""

log = structlog.get_logger(__name__)


def time_of(answer: httpx.Response) -> datetime | None:
    """Return when *answer* was given, by its server's clock; None if it doesn't say."""
    try:
        told = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return None
    return told if told.tzinfo else None


def compared(ahead: timedelta, known: timedelta) -> timedelta:
    """Return how far ahead this host's clock counts as: it is *ahead* now, and was *known* to be before."""
    # The server tells whole seconds: if each change were followed, later lines could come before earlier
    # ones.
    if abs(ahead - known) <= OFF:
        return known
    log.warning("clock_compared", ahead=round(ahead.total_seconds()))
    return ahead if abs(ahead) > OFF else timedelta()
