"""Decisions about what people are told in the morning. Pure."""

from datetime import datetime, time, timedelta

from toban.engine.bindings.model import System
from toban.engine.tasks.rules import TaskTerms

_LASTS = timedelta(hours=4)
"""What could not be told in the morning is no news in the afternoon."""


def is_morning(local: datetime, begins: time) -> bool:
    """Return whether at *local* people are told of their day, if they were not yet."""
    start = local.replace(hour=begins.hour, minute=begins.minute, second=0, microsecond=0)
    return start <= local < start + _LASTS


def is_of_today(due_at: datetime, terms: TaskTerms, system: System, now: datetime) -> bool:
    """Return whether an open task is work of the day of *now*: it is due then, or its role works then.

    What is owed since last week waits over the weekend, too.
    """
    today = now.astimezone(system.zone).date()
    is_due_today = due_at.astimezone(system.zone).date() == today
    return is_due_today or terms.hours.falls_on(today, system.business.days_off_around(today))
