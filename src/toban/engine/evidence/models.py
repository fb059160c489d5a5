"""The evidence ledger and the current status of every clause."""

from collections.abc import Sequence

from django.db import models

from toban.engine.evidence.verdict import Verdict
from toban.engine.exceptions.rules import CoveringException
from toban.engine.message_field import MessageField


class LedgerEntry(models.Model):
    """One link of the append-only chain; written only by `ledger.append`, never changed."""

    class Kind(models.TextChoices):
        """What the entry records."""

        VERDICT = "verdict"
        NOTICE = "notice"
        AUDIT = "audit"
        DOCUMENT = "document"
        PROOF = "proof"
        """What was retained and deleted on a day."""

    sequence = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=16, choices=Kind)
    actor = models.CharField(max_length=150)
    """Who did it: an account's name, or `toban`."""
    clause_id = models.CharField(max_length=300, blank=True)
    document_digest = models.CharField(max_length=64, blank=True)
    content = models.JSONField()
    """Verdict, figure and proof, or the values before and after a change."""
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        indexes = (
            models.Index(fields=("clause_id", "sequence"), name="ledger_clause"),
            models.Index(fields=("kind", "sequence"), name="ledger_kind"),
            models.Index(fields=("actor", "sequence"), condition=models.Q(kind="audit"), name="ledger_actor"),
        )

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind} {self.clause_id}"


class Shipment(models.Model):
    """A segment of evidence that is in an outside store; written after it was read back from there."""

    chain = models.CharField(max_length=16)
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=200)
    place = models.CharField(max_length=300)
    """The store's name."""
    digest = models.CharField(max_length=64)
    """SHA-256 of the segment."""
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    """The sequences of its first and last line."""
    line = models.CharField(max_length=64)
    """The digest of its last line."""
    until = models.CharField(max_length=40, blank=True)
    """The time in the source that the chain has reached with it."""
    parts = models.JSONField(null=True)
    """Number of its lines per part of the source; null: written before they were counted."""
    shipped_at = models.DateTimeField()
    kept_until = models.DateField()
    lock = models.CharField(max_length=60, blank=True)
    """The object's lock, `COMPLIANCE 2027-11-26`; empty if the store has no locks."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("place", "chain", "number"), name="shipment_number"),)

    def __str__(self) -> str:
        return f"{self.place} {self.chain} {self.number}"


class SentHead(models.Model):
    """The newest head that was sent through a channel, by Toban's own record, which proves nothing."""

    channel = models.CharField(max_length=300, primary_key=True)
    day = models.DateField()
    """In UTC."""
    sequence = models.BigIntegerField()
    digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.channel} {self.day} {self.sequence}"


class ClauseStatus(models.Model):
    """What a chapter has found about a clause: `status.show` writes it, and `current` reads it."""

    clause_id = models.CharField(max_length=300, primary_key=True)
    verdict = models.CharField(max_length=16, choices=[(v.value, v.value) for v in Verdict])
    since = models.DateTimeField()
    value = MessageField()
    """The live value: `42.1%`."""
    reason = MessageField()
    """The reason for the verdict, or how to fix it."""
    observed_at = models.DateTimeField(null=True)
    next_due = models.DateTimeField(null=True)
    holds_until = models.DateTimeField(null=True, db_index=True)
    """From then on the judgement counts no more, unless it was renewed; None: it does not age."""
    revision = models.BigIntegerField(db_index=True)
    """Grows with every change to any clause: pages ask for changes after the revision they know."""

    exceptions: Sequence[CoveringException] = ()
    """Those in force at the moment for which it was read; no column: they change no verdict."""

    def __str__(self) -> str:
        return f"{self.clause_id} {self.verdict}"
