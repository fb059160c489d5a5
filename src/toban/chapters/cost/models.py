"""Bills as they were read, what each day has cost, and what a measure has taken from a group.

What a correction replaced is kept beside it.
"""

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
    hours = models.BigIntegerField(default=0)
    """Of instances that were used, in millionths."""
    by_hour = models.BigIntegerField(default=0)
    """What these hours have cost."""

    def __str__(self) -> str:
        return f"{self.day} {self.service}"


class QuietGroup(models.Model):
    """How a group that has fewer instances when few are needed was found at the newest look."""

    group = models.CharField(max_length=200, primary_key=True)
    measure = models.CharField(max_length=200)
    """The name of the measure in chapter 11."""
    looked_at = models.DateTimeField()
    outcome = models.CharField(max_length=10)
    """A `level.Outcome`."""
    since = models.DateTimeField()
    """Since when nothing needs it, or since when something does."""
    is_needed = models.BooleanField()
    wanted = models.IntegerField(null=True)
    serving = models.IntegerField(null=True)
    """Both null if the group did not say."""
    said = MessageField()
    before = models.IntegerField(null=True)
    """How many there were when instances were taken from it; null if it has them all."""
    lowered_at = models.DateTimeField(null=True)
    """When instances were last taken from it."""
    run = models.BigIntegerField(null=True)
    """The newest run that this has ordered: to take instances, or to give them back."""

    def __str__(self) -> str:
        return f"{self.group} {self.outcome}"


class SavedTime(models.Model):
    """How long instances of a group were not used on a day because of a measure, as it was measured."""

    measure = models.CharField(max_length=200)
    group = models.CharField(max_length=200)
    day = models.DateField()
    seconds = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("measure", "group", "day"), name="one_saved_day"),)
        indexes = (models.Index(fields=("day",), name="saved_day"),)

    def __str__(self) -> str:
        return f"{self.group} {self.day}"


class LifecycleLook(models.Model):
    """The life-cycle rules of the bucket that a measure is about, as they were read last."""

    measure = models.CharField(max_length=200, primary_key=True)
    place = models.CharField(max_length=300)
    looked_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    rules = models.JSONField(default=list)
    """As S3 returns them."""
    trouble = MessageField()
    """Why the last look failed; nothing if it did not."""

    def __str__(self) -> str:
        return f"{self.measure} {self.place}"
