"""How this host's clock is known to be wrong: by what the server's says in its answers."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import structlog

OFF = timedelta(minutes=5)
"""How far this host's clock may be off; beyond it what is noted by it gets the server's time."""

log = structlog.get_logger(__name__)


def time_of(answer: httpx.Response) -> datetime | None:
    """Return when *answer* was given by its server's clock; None where it doesn't say."""
    try:
        told = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return None
    return told if told.tzinfo else None


def compared(ahead: timedelta, known: timedelta) -> timedelta:
    """Return how far this host's clock counts as ahead, where it is by *ahead*, and was *known* to be."""
    # Whole seconds are told: followed closely, they would put what is later before what is earlier.
    if abs(ahead - known) <= OFF:
        return known
    log.warning("clock_compared", ahead=round(ahead.total_seconds()))
    return ahead if abs(ahead) > OFF else timedelta()
