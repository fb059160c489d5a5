"""What was agreed on how long each kind of log is kept, what stands in the way, and what is being deleted.

And how far logs were fetched that stay elsewhere, and the searches that operators keep under a name.
"""

from django.db import models

from toban.chapters.logs.pulling.rules import Position
from toban.engine.people.models import Operator


class Keeping(models.Model):
    """One kind of log, and how far its deletion has come."""

    kind = models.CharField(max_length=60, primary_key=True)
    """Its own name: `access`."""
    agreed = models.CharField(max_length=100)
    """The document's retention that may be followed. A shorter one waits until somebody agrees to it."""
    going = models.JSONField(default=list)
    """Days being deleted, as `retention.Going` has each: from before one is touched until it is proven."""
    proven_on = models.DateField(null=True)
    """The day of the last proof in the evidence."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.agreed}"


class LegalHold(models.Model):
    """Nothing of a kind, or of any, is deleted while this lasts."""

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
    """How far a place that logs are fetched from has been fetched."""

    name = models.CharField(max_length=200, primary_key=True)
    """Its name in `[log_sources]`."""
    log = models.CharField(max_length=200, blank=True)
    """The document's kind of log that it has, in the bindings' words."""
    through = models.BigIntegerField(null=True)
    """All that was written there before then is stored, in milliseconds since 1970."""
    pulled_at = models.BigIntegerField(null=True)
    looked_at = models.DateTimeField(null=True)
    """Of the last attempt, whatever came of it."""
    trouble = models.TextField(blank=True)
    """Why the last attempt gave not all; empty when it did."""

    def __str__(self) -> str:
        return f"{self.name}: {self.trouble or self.through}"

    @property
    def position(self) -> Position | None:
        """Return how far it has been fetched; None: not at all."""
        if self.through is None or self.pulled_at is None:
            return None
        return Position(self.through, self.pulled_at)

    @position.setter
    def position(self, position: Position) -> None:
        self.through, self.pulled_at = position


class SavedSearch(models.Model):
    """A search under a name: of one operator alone, or for all to see."""

    owner = models.ForeignKey(Operator, models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    query = models.TextField()
    """The query of the page's address: the search and its time."""
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
