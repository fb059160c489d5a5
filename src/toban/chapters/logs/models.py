"""The agreed retention of each kind of log, its legal holds, and the days being deleted.

Also how far logs have been fetched from other places, and the searches that operators saved.
"""

from django.db import models

from toban.chapters.logs.pulling.rules import PullPosition
from toban.engine.message_field import MessageField
from toban.engine.people.models import Operator


class Keeping(models.Model):
    """One kind of log, and the progress of its deletion."""

    kind = models.CharField(max_length=60, primary_key=True)
    """The kind's own name: `access`."""
    agreed = models.CharField(max_length=100)
    """The document's retention that may be followed. A shorter one waits for approval."""
    going = models.JSONField(default=list)
    """Days being deleted, each a `retention.DayDeletion`: from before it is touched until it is proven."""
    proven_on = models.DateField(null=True)
    """The day of the last proof in the evidence."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.agreed}"


class LegalHold(models.Model):
    """Nothing of a kind, or of every kind, is deleted while this lasts."""

    kind = models.CharField(max_length=60, blank=True)
    """Empty: every kind."""
    reason = models.TextField()
    ordered_by = models.CharField(max_length=150)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=150, blank=True)

    def __str__(self) -> str:
        return f"{self.kind or '*'}: {self.reason}"


class Pull(models.Model):
    """How far logs have been fetched from a place."""

    name = models.CharField(max_length=200, primary_key=True)
    """Its name in `[log_sources]`."""
    log = models.CharField(max_length=200, blank=True)
    """The document's kind of log for its lines, in the bindings' words."""
    through = models.BigIntegerField(null=True)
    """Everything written there before this time is stored, in milliseconds since 1970."""
    pulled_at = models.BigIntegerField(null=True)
    looked_at = models.DateTimeField(null=True)
    """The time of the last attempt, whatever its outcome."""
    trouble = MessageField()
    """Why the last attempt was incomplete; nothing if it was complete."""

    def __str__(self) -> str:
        return f"{self.name}: {self.trouble or self.through}"

    @property
    def position(self) -> PullPosition | None:
        """Return how far it has been fetched; None: never."""
        if self.through is None or self.pulled_at is None:
            return None
        return PullPosition(self.through, self.pulled_at)

    @position.setter
    def position(self, position: PullPosition) -> None:
        self.through, self.pulled_at = position


class UnwantedLevel(models.Model):
    """A level that production should not write, and that arrived. Its lines are dropped."""

    level = models.CharField(max_length=60, primary_key=True)
    sender = models.CharField(max_length=200)
    """Whoever sent such a line last."""
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.level} {self.sender} {self.seen_at.isoformat()}"


class SavedSearch(models.Model):
    """A saved search: private to one operator, or shared with all."""

    owner = models.ForeignKey(Operator, models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    query = models.TextField()
    """The query string of the page's address: the search and its time."""
    is_shared = models.BooleanField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["owner", "name"], name="own_search_by_name"),
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(is_shared=True), name="shared_search_by_name"
            ),
        )

    def __str__(self) -> str:
        return self.name
