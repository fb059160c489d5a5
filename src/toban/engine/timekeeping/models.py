"""Machines whose clock is wrong now: pages, alerts and commands read it."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models

from toban.engine.timekeeping import rules
from toban.message import Message


class WrongClock(models.Model):
    """A machine whose clock is not that of the state database; its times here are the database's."""

    host = models.CharField(max_length=253, primary_key=True)
    ahead_seconds = models.FloatField()
    """Negative: it is behind."""
    since = models.DateTimeField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.host} {self.ahead_seconds:+.1f}s"

    @property
    def deviation(self) -> Message:
        """By how much, in words."""
        return rules.deviation(timedelta(seconds=self.ahead_seconds))

    @property
    def said(self) -> Message:
        """What pages and commands say."""
        return rules.wrong(self.host, timedelta(seconds=self.ahead_seconds))

    @classmethod
    def note(cls, host: str, ahead: timedelta, at: datetime) -> None:
        """Write that the clock of *host* is wrong at *at*."""
        seen: dict[str, Any] = {"ahead_seconds": ahead.total_seconds(), "seen_at": at}
        cls.objects.update_or_create(host=host, defaults=seen, create_defaults={**seen, "since": at})
