"""Remembers the levels that arrive although production does not write them: their lines are dropped."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, close_old_connections

from toban.chapters.logs.models import UnwantedLevel

_ENOUGH = timedelta(minutes=1)
"""How often a level is noted: whoever sends a thousand such lines a second must not slow the intake down."""

log = structlog.get_logger(__name__)

_noted: dict[str, datetime] = {}


def note(sender: str, levels: Iterable[str], now: datetime) -> None:
    """Remember that *sender* wrote *levels* that are not to be written. Touches the state database.

    A database that is unavailable does not hold the lines up: the level will be seen again.
    """
    due = [level for level in levels if level not in _noted or abs(now - _noted[level]) >= _ENOUGH]
    if not due:
        return
    close_old_connections()
    try:
        for level in due:
            UnwantedLevel.objects.update_or_create(level=level, defaults={"sender": sender, "seen_at": now})
            _noted[level] = now
    except DatabaseError as error:
        log.warning("unwanted_level_not_noted", sender=sender, levels=due, reason=str(error))
    finally:
        close_old_connections()


def seen(since: datetime) -> Mapping[str, UnwantedLevel]:
    """Return the levels that were seen after *since*."""
    return UnwantedLevel.objects.filter(seen_at__gt=since).in_bulk()
