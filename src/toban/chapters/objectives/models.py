"""Service levels by day: kept when the samples they came from are long gone."""

from django.db import models


class LevelDay(models.Model):
    """What one objective came to on one day of the document's zone; see `rules.Tally`."""

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
