"""Bills as they were read, and what each day has cost; what a correction replaced is kept beside it."""

from django.db import models

from toban.engine.message_field import MessageField


class BillReading(models.Model):
    """How a bill was last read."""

    bill = models.CharField(max_length=200, primary_key=True)
    """The name of `[bills.NAME]`."""
    looked_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    """When it was last known to be as it is kept; null if it never could be read."""
    made_at = models.DateTimeField(null=True)
    """See `Bill.made_at`."""
    version = models.CharField(max_length=200, blank=True)
    rows = models.BigIntegerField(default=0)
    trouble = MessageField()
    """Why the last look failed; nothing if it did not."""

    def __str__(self) -> str:
        return self.bill


class CostDay(models.Model):
    """A day of a bill, as one reading told it."""

    bill = models.CharField(max_length=200)
    day = models.DateField()
    digest = models.CharField(max_length=64)
    taken_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)
    """When a later reading told it otherwise; null while it counts."""

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("bill", "day"), condition=models.Q(replaced_at=None), name="one_cost_day"
            ),
        )
        indexes = (models.Index(fields=("day", "bill"), name="cost_day"),)

    def __str__(self) -> str:
        return f"{self.bill} {self.day}"


class DayCharge(models.Model):
    """What one service has cost on a day, in millionths of its currency."""

    day = models.ForeignKey(CostDay, models.CASCADE, related_name="charges")
    service = models.CharField(max_length=200)
    account = models.CharField(max_length=200, blank=True)
    tag = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=10)
    commitment = models.CharField(max_length=10, blank=True)
    currency = models.CharField(max_length=3)
    billed = models.BigIntegerField()
    effective = models.BigIntegerField()
    listed = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.day} {self.service}"
