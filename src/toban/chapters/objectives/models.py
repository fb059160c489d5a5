"""Service levels by day, kept after their samples are deleted; burn rates; states of public services."""

from django.db import models


class LevelDay(models.Model):
    """An objective's level on one day of the document's zone, or today so far. See `rules.SliceTally`."""

    objective = models.CharField(max_length=300)
    """The clause id."""
    day = models.DateField()
    covered = models.FloatField()
    """Seconds for which there are measurements."""
    amount = models.FloatField()
    planned_covered = models.FloatField()
    planned_amount = models.FloatField()
    measured_by = models.CharField(max_length=300)
    """Metric, target and instance: days measured by something else don't belong to the same level."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("objective", "day"), name="one_level_per_day"),)

    def __str__(self) -> str:
        return f"{self.objective} {self.day}"


class BurnRate(models.Model):
    """The burn rate of an objective's budget in the windows of one rule, when last computed."""

    objective = models.CharField(max_length=300)
    """The clause id."""
    long_seconds = models.PositiveIntegerField()
    """The rule, identified by its long window."""
    long = models.FloatField(null=True)
    short = models.FloatField(null=True)
    """Multiples of the allowed rate; null: there were no measurements in that window."""
    measured_by = models.CharField(max_length=300)
    counted_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("objective", "long_seconds"), name="one_rate_per_rule"),
        )

    def __str__(self) -> str:
        return f"{self.objective} {self.long_seconds}s"


class ServiceSpell(models.Model):
    """A period in which a service of the public page kept the same state; see `public.Spell`."""

    service = models.TextField()
    """Its public name."""
    state = models.CharField(max_length=16)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("service",), condition=models.Q(ended_at=None), name="one_state_at_a_time"
            ),
        )
        indexes = (models.Index(fields=("ended_at",), name="spell_end"),)

    def __str__(self) -> str:
        return f"{self.service} {self.state}"
