"""Errors in the state database: groups, their newest events, and their frequencies. See docs/adr/0013.

They are not in the telemetry store, because an event is either counted, grouped and stored once, or not at
all: that takes one transaction with the group's state. Storage is bounded: per group, the newest events and a
few samples, packed, and one number per hour.
"""

from django.db import models

from toban.chapters.errors.intake.event import EventLevel
from toban.chapters.errors.rules import MOST_NEW, ErrorState, EventEffect, GroupingBasis
from toban.chapters.errors.searching.search import LONGEST_NAME, LONGEST_VALUE
from toban.message import Message, plain

_NAME = 200


class ErrorProject(models.Model):
    """An application of `[errors]`, and when it last sent something."""

    name = models.CharField(max_length=_NAME, primary_key=True)
    heard_at = models.DateTimeField()
    """The newest envelope, whatever it held: an application without errors still sends sessions."""
    event_at = models.DateTimeField(null=True)
    """The newest event."""

    def __str__(self) -> str:
        return self.name


class ErrorRelease(models.Model):
    """A release that sent events."""

    project = models.CharField(max_length=_NAME)
    release = models.CharField(max_length=_NAME)
    first_seen = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("project", "release"), name="error_release_once"),)

    def __str__(self) -> str:
        return f"{self.project} {self.release}"


class ErrorGroup(models.Model):
    """Events that are the same error."""

    project = models.CharField(max_length=_NAME)
    key = models.CharField(max_length=64)
    """`Grouping.key`."""
    grouped_by = models.CharField(max_length=16, choices=[(each.value, each.value) for each in GroupingBasis])
    title = models.CharField(max_length=300)
    culprit = models.CharField(max_length=300, blank=True)
    level = models.CharField(max_length=16, choices=[(each.value, each.value) for each in EventLevel])
    """The level of the newest event."""
    platform = models.CharField(max_length=_NAME, blank=True)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    count = models.BigIntegerField(default=0)
    users = models.PositiveIntegerField(default=0)
    first_release = models.CharField(max_length=_NAME, blank=True)
    last_release = models.CharField(max_length=_NAME, blank=True)
    state = models.CharField(
        max_length=16,
        choices=[(each.value, each.value) for each in ErrorState],
        default=ErrorState.OPEN.value,
    )
    assignee = models.CharField(max_length=150, blank=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=150, blank=True)
    resolved_in = models.CharField(max_length=_NAME, blank=True)
    """The release that fixes it; empty: fixed since `resolved_at`."""
    regressed_at = models.DateTimeField(null=True)
    regressions = models.PositiveIntegerField(default=0)
    untold = models.CharField(
        max_length=16, choices=[(each.value, each.value) for each in EventEffect], blank=True
    )
    """A notification that the worker still has to send: `new` or `regressed`."""
    untold_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField(null=True)
    """When its first event was received, regardless of the event's own time; null before migration 0002."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("project", "key"), name="error_group_once"),)
        indexes = (
            models.Index(fields=("project", "created_at"), name="error_created"),
            models.Index(fields=("state", "last_seen"), name="error_state"),
            models.Index(fields=("last_seen",), name="error_last_seen"),
            models.Index(fields=("id",), condition=~models.Q(untold=""), name="error_untold"),
        )

    def __str__(self) -> str:
        return f"{self.project} {self.title}"

    @property
    def subject(self) -> Message:
        """Its title for people."""
        if self.grouped_by == GroupingBasis.OVERFLOW:
            return Message("errors.beyond-the-limit", count=MOST_NEW)
        return plain(self.title)


class StoredEvent(models.Model):
    """One stored event."""

    group = models.ForeignKey(ErrorGroup, on_delete=models.CASCADE, related_name="events")
    event_id = models.CharField(max_length=32)
    at = models.DateTimeField()
    received_at = models.DateTimeField(db_index=True)
    release = models.CharField(max_length=_NAME, blank=True)
    trace_id = models.CharField(max_length=_NAME, blank=True)
    is_sample = models.BooleanField()
    """The first of its error or of a release: it stays when newer ones arrive."""
    content = models.BinaryField()
    """The whole event (`ErrorEvent`), as JSON packed by zstd."""

    class Meta:
        indexes = (
            models.Index(fields=("group", "is_sample", "id"), name="error_event_group"),
            models.Index(fields=("event_id",), name="error_event_id"),
            models.Index(fields=("trace_id",), name="error_event_trace"),
        )

    def __str__(self) -> str:
        return self.event_id


class ErrorValue(models.Model):
    """A value in stored events of an error, by which it is found: an environment, a tag, a message."""

    group = models.ForeignKey(ErrorGroup, on_delete=models.CASCADE, related_name="+", db_index=False)
    event = models.ForeignKey(StoredEvent, on_delete=models.DO_NOTHING, related_name="+")
    """The newest event with this value; `let_go` deletes the value together with the event."""
    is_sample = models.BooleanField()
    """Whether that event is a sample. Samples have their own values, which outlive those of plain events."""
    name = models.CharField(max_length=LONGEST_NAME)
    """The name from `values_of`, as is the value."""
    value = models.CharField(max_length=LONGEST_VALUE)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("group", "name", "value", "is_sample"), name="error_value_once"),
        )
        indexes = (models.Index(fields=("name", "value", "group"), name="error_value_found"),)

    def __str__(self) -> str:
        return f"{self.name}:{self.value}"


def let_go(events: models.QuerySet[StoredEvent]) -> int:
    """Delete *events*, and the values that only they had; return the number of events."""
    ErrorValue.objects.filter(event__in=events.order_by().values("pk")).delete()
    count, _ = events.delete()
    return count


class SeenEvent(models.Model):
    """An event that was stored: if sent again, it is not counted again."""

    project = models.CharField(max_length=_NAME)
    event_id = models.CharField(max_length=32)
    received_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("project", "event_id"), name="error_seen_once"),)

    def __str__(self) -> str:
        return f"{self.project} {self.event_id}"


class ErrorHour(models.Model):
    """How often an error happened in an hour."""

    group = models.ForeignKey(ErrorGroup, on_delete=models.CASCADE, related_name="hours")
    hour = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("group", "hour"), name="error_hour_once"),)
        indexes = (models.Index(fields=("hour",), name="error_hour"),)

    def __str__(self) -> str:
        return f"{self.hour.isoformat()} {self.count}"


class AffectedUser(models.Model):
    """A user affected by an error, as a digest: only the number of different users matters."""

    group = models.ForeignKey(ErrorGroup, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=32)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("group", "digest"), name="error_user_once"),)

    def __str__(self) -> str:
        return self.digest
