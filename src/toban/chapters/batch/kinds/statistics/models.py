"""The figures that were added up, day by day."""

from django.db import models


class DailyFigure(models.Model):
    """One figure of one day; adding the day up again replaces it."""

    work = models.CharField(max_length=200)
    day = models.DateField()
    """In the document's time zone."""
    name = models.CharField(max_length=100)
    place = models.PositiveSmallIntegerField()
    """Its place among the day's figures."""
    value = models.DecimalField(max_digits=30, decimal_places=6, null=True)
    """None if there was nothing to add up: a gap, not a zero."""
    unit = models.CharField(max_length=20, blank=True)
    coverage = models.FloatField(null=True)
    """For a measured figure: the share of the day, 0 to 1, that has measurements."""
    run = models.BigIntegerField()
    """The run that added it up."""
    computed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("work", "day", "name"), name="one_figure_per_day_and_name"),
        )

    def __str__(self) -> str:
        return f"{self.work} {self.day} {self.name} {self.value}"
