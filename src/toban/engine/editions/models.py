"""The version in force as every node reads it."""

from django.db import models


class SharedEdition(models.Model):
    """The one version in force, with the contents of its files; there is never a second row."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    document_digest = models.CharField(max_length=64)
    bindings_digest = models.CharField(max_length=64)
    document = models.BinaryField()
    bindings = models.BinaryField()
    """Secrets stand in it only by reference."""
    number = models.PositiveBigIntegerField(default=0)
    """Rises with every version: no node takes a lower one than it has seen."""
    signature = models.CharField(max_length=64)
    """By the key that nodes share: whoever can only write to the database puts nothing in force."""

    def __str__(self) -> str:
        return f"{self.document_digest[:12]} {self.bindings_digest[:12]}"
