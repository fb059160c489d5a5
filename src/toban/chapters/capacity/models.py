"""What is known of capacity besides the samples: the newest readings, forecasts and decisions."""

from django.db import models

from toban.engine.message_field import MessageField


class ResourceReading(models.Model):
    """The newest look at a resource."""

    resource = models.CharField(max_length=200, primary_key=True)
    """In the document's words."""
    looked_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    """When it was last read successfully."""
    used = models.FloatField(null=True)
    limit = models.FloatField(null=True)
    """Reality's own; null if it has none."""
    parts = models.JSONField(default=dict)
    trouble = MessageField()
    """Why the newest look failed; nothing if it did not."""
    known_from = models.DateTimeField(null=True)
    """From when on the source's own past has been taken over; null if it has none, or not yet."""

    def __str__(self) -> str:
        return f"{self.resource} {self.used}"


class Outlook(models.Model):
    """The newest forecast of a resource."""

    resource = models.CharField(max_length=200, primary_key=True)
    made_at = models.DateTimeField()
    forecast = models.JSONField(null=True)
    """See `outlooks.kept`; null if there is none."""
    why_none = MessageField()
    possible_on = models.DateField(null=True)
    """When there will be one, if there is none and that is known."""

    def __str__(self) -> str:
        return f"{self.resource} {self.made_at.isoformat()}"


class ScalingLook(models.Model):
    """How a rule was decided about a group last."""

    group = models.CharField(max_length=200)
    clause_id = models.CharField(max_length=300)
    looked_at = models.DateTimeField()
    outcome = models.CharField(max_length=16)
    """A `rules.Outcome`."""
    since = models.DateTimeField()
    """Since when the outcome is this one."""
    mean = models.FloatField(null=True)
    """Of the group, in the metric's unit, over the rule's time."""
    size = models.JSONField(null=True)
    """Wanted, serving and most instances, as the group itself says."""
    said = MessageField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("group", "clause_id"), name="one_look_per_rule"),)

    def __str__(self) -> str:
        return f"{self.group} {self.outcome}"
