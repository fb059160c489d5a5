"""What was agreed on how long each kind of log is kept, what stands in the way, and what is being deleted.

And the searches that operators keep under a name.
"""

from django.db import models

from toban.engine.people.models import Operator


class Keeping(models.Model):
    """One kind of log, and how far its deletion has come."""

    kind = models.CharField(max_length=60, primary_key=True)
    """Its own name: `access`."""
    agreed = models.CharField(max_length=100)
    """The document's retention that may be followed. A shorter one waits until somebody agrees to it."""
    going = models.JSONField(default=list)
    """Days being deleted, as `[day, rows, bytes, archive]`: from before one is touched until it is proven.

    `archive` is the key of its manifest; empty where it is not archived.
    """
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
