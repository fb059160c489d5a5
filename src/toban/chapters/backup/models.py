"""The catalogue: each backup with the facts that prove RPO and RTO, the log that continues it, drills."""

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from toban.engine.message_field import MessageField
from toban.message import Message

STANDS_IN = "-full-for-incr"
"""The end of the label of a full backup that was taken where no increment could be made: the row of the full
backups may have one of its own at that time."""


class StoredBackups(models.QuerySet["Backup"]):
    """Backups of the catalogue."""

    def with_bases(self) -> Self:
        """Add `has_base` to each."""
        base = Backup.objects.filter(
            subject=OuterRef("subject"), label=OuterRef("parent"), pruned_at=None, trouble__code=""
        )
        return self.annotate(has_base=Q(parent="") | Exists(base))


class Backup(models.Model):
    """A backup that is durable in its store. What is not in this table does not count as a backup."""

    subject = models.CharField(max_length=200)
    """The document's name for what is backed up."""
    label = models.CharField(max_length=100)
    clause_id = models.CharField(max_length=300)
    """The row of the policy that ordered it."""
    method = models.CharField(max_length=16)
    """An `engine.Method`."""
    engine = models.CharField(max_length=32)
    engine_version = models.CharField(max_length=100)
    server_version = models.CharField(max_length=100)
    system_id = models.CharField(max_length=200)
    parent = models.CharField(max_length=100, blank=True)
    """The label of the full backup that it is based on."""
    store = models.CharField(max_length=300)
    """The store's name, without any secret."""
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    start_timeline = models.PositiveIntegerField(null=True)
    start_lsn = models.CharField(max_length=20, blank=True)
    end_timeline = models.PositiveIntegerField(null=True)
    end_lsn = models.CharField(max_length=20, blank=True)
    restorable_to = models.DateTimeField()
    """The moment that it restores without any log."""
    objects_stored = models.JSONField(default=list)
    """Each a `store.StoredObject` as JSON."""
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    source_bytes = models.PositiveBigIntegerField(default=0)
    stored_bytes = models.PositiveBigIntegerField(default=0)
    facts = models.JSONField(default=dict)
    verified_at = models.DateTimeField(null=True)
    """When the stored objects were last read and found whole."""
    restored_at = models.DateTimeField(null=True)
    """When it was last restored, by a drill or for real."""
    trouble = MessageField()
    """Why it can't be relied on; says nothing if no problem is known."""
    pruned_at = models.DateTimeField(null=True)
    """When it was removed; the row stays as evidence."""
    pruned_why = MessageField()

    has_base: bool
    """Whether an increment's full backup is in the store without a known problem; see `with_bases`."""

    objects = StoredBackups.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("subject", "label"), name="one_backup_per_label"),)
        indexes = (models.Index(fields=("subject", "-ended_at"), name="backup_newest"),)

    def __str__(self) -> str:
        return f"{self.subject} {self.label}"

    @property
    def stands_in(self) -> bool:
        """Whether it is a full backup that was taken where no increment could be made."""
        return self.label.endswith(STANDS_IN)

    @property
    def why_unusable(self) -> Message:
        """Why it can't be restored, of a row read `with_bases`; it says nothing if no problem is known."""
        trouble: Message = self.trouble
        if trouble or self.has_base:
            return trouble
        return Message("backup.full-is-not-usable", label=self.parent)


class LogStretch(models.Model):
    """A stretch of write-ahead log that is whole in the store: from its first segment to its last."""

    subject = models.CharField(max_length=200)
    system_id = models.CharField(max_length=200)
    timeline = models.PositiveIntegerField()
    first_lsn = models.CharField(max_length=20)
    last_lsn = models.CharField(max_length=20)
    """All log before it is durable in the store."""
    durable_to = models.DateTimeField()
    """The newest moment that this log restores: when the source's log was at `last_lsn`."""
    broken_why = MessageField()
    """Why no later stretch continues this one: a lost slot, a gap."""

    class Meta:
        indexes = (models.Index(fields=("subject", "-durable_to"), name="log_newest"),)

    def __str__(self) -> str:
        return f"{self.subject} {self.timeline} {self.first_lsn}–{self.last_lsn}"


class Drill(models.Model):
    """A restore drill: a backup restored into a throw-away server, and what was found and measured."""

    subject = models.CharField(max_length=200)
    clause_id = models.CharField(max_length=300, blank=True)
    """The routine that ordered it; empty for a manual drill."""
    label = models.CharField(max_length=100, blank=True)
    """The newest backup of the chain that was restored."""
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    target = models.DateTimeField(null=True)
    """The moment that it recovered to."""
    is_passed = models.BooleanField(null=True)
    rpo_seconds = models.FloatField(null=True)
    rto_seconds = models.FloatField(null=True)
    phases = models.JSONField(default=dict)
    """Seconds by phase, in order."""
    checks = models.JSONField(default=list)
    """In order; `drills.check` reads them."""
    reason = MessageField()
    """Why it failed."""
    run = models.PositiveBigIntegerField(null=True)
    """The run in the run ledger that carried it out."""
    evidence_sequence = models.PositiveBigIntegerField(null=True)
    """Its line in the evidence."""

    class Meta:
        indexes = (models.Index(fields=("subject", "-started_at"), name="drill_newest"),)

    def __str__(self) -> str:
        return f"{self.subject} {self.started_at.isoformat()} {self.is_passed}"


class SubjectTurn(models.Model):
    """Who is working on a subject's backups: taking, pruning and reading them back never overlap."""

    subject = models.CharField(max_length=200, unique=True)
    holder = models.CharField(max_length=32)
    run = models.PositiveBigIntegerField(null=True)
    """The run in the run ledger; null for a command."""
    until = models.DateTimeField()
    """The holder renews it before this moment."""

    def __str__(self) -> str:
        return f"{self.subject} {self.holder}"
