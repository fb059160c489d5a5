"""Service levels by day, kept when the samples they came from are long gone; and how fast budgets burn."""

from django.db import models


class LevelDay(models.Model):
    """What one objective came to on one day of the document's zone, of today so far; see `rules.Tally`."""

    objective = models.CharField(max_length=300)
    """The clause id."""
    day = models.DateField()
    covered = models.FloatField()
    """Seconds of which something is known."""
    amount = models.FloatField()
    planned_covered = models.FloatField()
    planned_amount = models.FloatField()
    measured_by = models.CharField(max_length=300)
    """Metric, target and instance: days measured by something else are no part of the same level."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("objective", "day"), name="one_level_per_day"),)

    def __str__(self) -> str:
        return f"{self.objective} {self.day}"


class BurnRate(models.Model):
    """How fast an objective's budget burnt in the windows of one rule, when it was last counted."""

    objective = models.CharField(max_length=300)
    """The clause id."""
    long_seconds = models.PositiveIntegerField()
    """The rule, by its long window."""
    long = models.FloatField(null=True)
    short = models.FloatField(null=True)
    """Times the allowed speed; null: nothing was known of that window."""
    measured_by = models.CharField(max_length=300)
    counted_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("objective", "long_seconds"), name="one_rate_per_rule"),
        )

    def __str__(self) -> str:
        return f"{self.objective} {self.long_seconds}s"
