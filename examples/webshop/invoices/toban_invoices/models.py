"""What was billed: each number, its customer and content, and every revision as issued."""

from django.db import models


class Series(models.Model):
    """A series of numbers without gaps."""

    name = models.CharField(max_length=100, primary_key=True)
    last = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} {self.last}"


class Invoice(models.Model):
    """A number, given once to one customer for one period of one batch."""

    series = models.ForeignKey(Series, models.PROTECT)
    number = models.PositiveBigIntegerField()
    work = models.CharField(max_length=200)
    customer = models.CharField(max_length=200)
    period = models.DateField()
    """The last day of the period."""
    is_void = models.BooleanField(default=False)
    """Numbered, but then found to have nothing to bill before anything was issued: the number stays used."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("series", "number"), name="one_invoice_per_number"),
            models.UniqueConstraint(
                fields=("work", "customer", "period"), name="one_number_per_customer_and_period"
            ),
        )

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """The number as it is printed."""
        return f"{self.series_id}-{self.number:05}"


class Revision(models.Model):
    """What an invoice says; a later revision replaces the earlier ones."""

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="revisions")
    number = models.PositiveSmallIntegerField()
    """Counted from 1."""
    content = models.JSONField()
    """A `content.InvoiceContent`."""
    digest = models.CharField(max_length=64)
    run = models.BigIntegerField()
    """The run that wrote it."""
    file = models.CharField(max_length=300, blank=True)
    """Relative to the batch's folder."""
    sha256 = models.CharField(max_length=64, blank=True)
    """The digest of the file."""
    issued_at = models.DateTimeField(null=True)
    """None until the complete file is on the disk."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("invoice", "number"), name="one_content_per_revision"),
        )

    def __str__(self) -> str:
        return f"{self.invoice_id}/{self.number}"
