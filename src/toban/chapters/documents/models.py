"""What stands where documents are kept, and who has read it for how long."""

from django.conf import settings
from django.db import models

from toban.engine.message_field import MessageField


class DocumentCopy(models.Model):
    """A document as it was when its place was last looked at."""

    place = models.CharField(max_length=200, primary_key=True)
    """The name of `[documents.NAME]`, see `BoundPlace.key`."""
    spot = models.CharField(max_length=64, blank=True)
    """Where the words came from, see `BoundPlace.spot`."""
    first_at = models.DateTimeField()
    """When it was first looked at: of what changed before, nobody can say whether it followed."""
    looked_at = models.DateTimeField()
    found_at = models.DateTimeField(null=True)
    """When it was last found there."""
    digest = models.CharField(max_length=64, blank=True)
    """See `text.digest_of`; empty if it never was found."""
    version = models.CharField(max_length=300, blank=True)
    text = models.TextField(blank=True)
    changed_at = models.DateTimeField(null=True)
    """When it was last changed, as its place says it, or when that was first seen."""
    changed_by = models.CharField(max_length=300, blank=True)
    updated_at = models.DateTimeField(null=True)
    """When other words than before came there; null if they never did."""
    vanished = models.JSONField(default=list)
    """What it refers to and is not there, as messages."""
    unchecked = models.PositiveIntegerField(default=0)
    """How many of its links lead to where nobody looks."""
    trouble = MessageField()
    """Why the last look failed; nothing if it did not."""
    is_missing = models.BooleanField(default=False)
    """Whether the place could be read, and held no such document."""

    def __str__(self) -> str:
        return self.place


class DocumentReading(models.Model):
    """A document opened by somebody, and how long it was in view."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    username = models.CharField(max_length=150)
    document = models.CharField(max_length=300)
    """Its name in chapter 12, see `KeptDocument.reading_key`."""
    digest = models.CharField(max_length=64)
    """Of what was shown."""
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    """When the page last said that it is in view."""
    seconds = models.FloatField(default=0)
    """How long it was in view, and never longer than it was open."""
    read_at = models.DateTimeField(null=True)
    """When that was long enough; null if it never was."""

    class Meta:
        indexes = (models.Index(fields=("document", "read_at"), name="document_reading"),)

    def __str__(self) -> str:
        return f"{self.document} {self.username} {self.seconds:.0f} s"
