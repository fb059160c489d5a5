"""How each setting was when it was looked at last."""

from django.db import models

from toban.engine.message_field import MessageField


class SeenSetting(models.Model):
    """A setting of a system, see `ComparedSetting`."""

    key = models.CharField(max_length=400, primary_key=True)
    """That of `ComparedSetting`."""
    real = models.CharField(max_length=300, blank=True)
    """As `StatedValue.read` reads it; empty if it never was seen, or nothing is set there."""
    since = models.DateTimeField(null=True)
    """When it was first seen to be that."""
    before = models.CharField(max_length=300, blank=True)
    """What it was before, if it has changed while Toban looked; empty if nothing was set there."""
    before_until = models.DateTimeField(null=True)
    """When it was last seen to be that: the change lies between this and `since`."""
    seen_at = models.DateTimeField(null=True)
    """When it could last be read."""
    looked_at = models.DateTimeField()
    trouble = MessageField()
    """Why the last look failed; nothing if it did not."""

    def __str__(self) -> str:
        return self.key
