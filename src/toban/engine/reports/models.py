"""Reports that are kept, the signatures on them, and the remarks in them."""

from django.conf import settings
from django.db import models

from toban.engine.reports.edition import SigningStep


class KeptReport(models.Model):
    """An edition of a month's report: what it says never changes."""

    month = models.DateField()
    """The first day."""
    edition = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)
    digest = models.CharField(max_length=64)
    """Of its content; the evidence has it, too."""
    evidence = models.BigIntegerField()
    """The entry of the evidence that records the digest."""
    content = models.BinaryField()
    """See `kept.writing`."""
    differences = models.JSONField(default=list)
    """The figures that the edition before tells otherwise."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("month", "edition"), name="one_report_edition"),)

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.edition}"

    @property
    def name(self) -> str:
        """Its month, as people order it."""
        return f"{self.month:%Y-%m}"


class ReportSignature(models.Model):
    """Who signed an edition."""

    report = models.ForeignKey(KeptReport, models.CASCADE, related_name="signatures")
    step = models.CharField(max_length=16, choices=[(each.value, each.value) for each in SigningStep])
    by = models.CharField(max_length=300)
    signers = models.JSONField(default=list)
    """The numbers of the accounts that may have signed: none of them signs a later step."""
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    """When the report was returned to whoever makes it; null while it stands."""

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("report", "step"), condition=models.Q(ended_at=None), name="one_standing_signature"
            ),
        )

    def __str__(self) -> str:
        return f"{self.report} {self.step} {self.by}"


class ReportRemark(models.Model):
    """A remark on a part of an edition."""

    report = models.ForeignKey(KeptReport, models.CASCADE, related_name="remarks")
    part = models.CharField(max_length=20)
    text = models.TextField()
    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    by = models.CharField(max_length=200)
    at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.report} {self.part} {self.by}"
