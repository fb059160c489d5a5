"""What monitoring remembers: the condition of every instance of every monitor."""

from django.db import models

from toban.engine.message_field import MessageField
from toban.engine.notify.signal import Condition


class MonitorState(models.Model):
    """One instance of a monitor, so that a restart continues where it stopped; see `rules.InstanceWatch`."""

    clause_id = models.CharField(max_length=300)
    instance = models.CharField(max_length=300, blank=True)
    condition = models.CharField(max_length=16, choices=[(c.value, c.value) for c in Condition], blank=True)
    """Empty while it is not known yet."""
    began_at = models.DateTimeField()
    reason = models.CharField(max_length=16)
    value = models.FloatField(null=True)
    """In the metric's own unit."""
    measured_at = models.DateTimeField(null=True)
    note = MessageField()
    warning_since = models.DateTimeField(null=True)
    critical_since = models.DateTimeField(null=True)
    calm = models.PositiveSmallIntegerField(default=0)
    calm_since = models.DateTimeField(null=True)
    calm_toward = models.CharField(max_length=16, blank=True)
    recent = models.JSONField(default=list)
    """`rules.InstanceWatch.recent`, as `[time, sum, number]`."""
    last_known = models.CharField(max_length=16, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("clause_id", "instance"), name="one_state_per_instance"),
        )

    def __str__(self) -> str:
        return f"{self.clause_id} {self.instance} {self.condition}"


class Arrival(models.Model):
    """What a sender pushed for one instance at one time; kept until every worker has surely read it."""

    sender = models.CharField(max_length=200)
    instance = models.CharField(max_length=300)
    at = models.DateTimeField()
    """When it was measured, by the sender's clock."""
    received_at = models.DateTimeField(db_index=True)
    series = models.JSONField(default=list)
    """Series of an exposition, as `[name, labels, value]`."""
    values = models.JSONField(default=list)
    """Ready measurements, as `[metric, part of the instance, value]`."""

    def __str__(self) -> str:
        return f"{self.sender} {self.instance} {self.at.isoformat()}"
