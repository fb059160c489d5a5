"""The change ledger: which entries of the evidence are changes, of which kind, and about what."""

from django.db import models

from toban.engine.evidence.models import LedgerEntry

LONGEST_SUBJECT = 300


class Change(models.Model):
    """A change. What it says stands in its entry of the evidence alone, so that nothing is told twice."""

    entry = models.OneToOneField(
        LedgerEntry, models.CASCADE, primary_key=True, related_name="change", db_column="entry"
    )
    at = models.DateTimeField()
    """When it was; the entry says when it was recorded."""
    kind = models.CharField(max_length=16)
    """A `ChangeKind`."""
    actor = models.CharField(max_length=150)

    class Meta:
        indexes = (
            models.Index(fields=("at", "entry"), name="change_at"),
            models.Index(fields=("kind", "at"), name="change_kind"),
            models.Index(fields=("actor", "at"), name="change_actor"),
        )

    def __str__(self) -> str:
        return f"{self.entry_id} {self.kind} {self.actor}"


class ChangeSubject(models.Model):
    """What a change is about, by its name: `key_of`; empty for the whole system."""

    change = models.ForeignKey(Change, models.CASCADE, related_name="subjects")
    name = models.CharField(max_length=LONGEST_SUBJECT, blank=True)
    at = models.DateTimeField()
    """That of the change: one index answers "about what, when"."""

    class Meta:
        indexes = (models.Index(fields=("name", "at", "change"), name="change_subject"),)
        constraints = (models.UniqueConstraint(fields=("change", "name"), name="change_subject_once"),)

    def __str__(self) -> str:
        return f"{self.change_id} {self.name}"


class ChangeAnswer(models.Model):
    """What was found about a flagged change by whoever reviews the audit log."""

    change = models.OneToOneField(Change, models.CASCADE, primary_key=True, related_name="answer")
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    remark = models.TextField()

    def __str__(self) -> str:
        return f"{self.change_id} {self.by}"
