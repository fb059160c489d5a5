"""What is installed where, the vulnerabilities found there, and the scans that looked for them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Self

from django.db import models
from django.db.models import F, Q

from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.engine.message_field import MessageField

OWN = "toban"
"""The source of what Toban's own scans find."""


class InventoryReading(models.Model):
    """The newest look at an inventory."""

    name = models.CharField(max_length=200, primary_key=True)
    looked_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    """When that was installed which was read last; null if it never was read."""
    packages = models.JSONField(default=list)
    """Ecosystem, name, version and installed name of each package."""
    trouble = MessageField()
    """Why the newest look failed; nothing if it did not."""

    def __str__(self) -> str:
        return self.name


class PushedList(models.Model):
    """The newest list of packages that a sender pushed under a name."""

    sender = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    received_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    """When this was installed, as it says itself; null if it does not."""
    packages = models.JSONField(default=list)
    """As in `InventoryReading`."""
    unknown = models.JSONField(default=list)
    """What it lists besides, and no advisories could be about."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("sender", "name"), name="one_list_of_a_name"),)

    def __str__(self) -> str:
        return f"{self.sender}/{self.name}"


class VulnerabilityQuerySet(models.QuerySet["Vulnerability"]):
    """Vulnerabilities by their state."""

    def present(self) -> Self:
        """Return those that some source still reports, also if a VEX statement closes them."""
        return self.filter(ended_at=None)

    def open(self) -> Self:
        """Return those that some source still reports and that no VEX statement closes."""
        return self.present().filter(closed_at=None)

    def closed(self) -> Self:
        """Return those that some source still reports and that a VEX statement closes."""
        return self.present().exclude(closed_at=None)

    def late(self, limits: Mapping[Rating, timedelta], now: datetime) -> Self:
        """Return those that should have been mended by *now*; what has no limit never is."""
        over = [Q(rating=rating, first_seen__lte=now - limit) for rating, limit in limits.items()]
        return self.filter(reduce(or_, over)) if over else self.none()

    def worst_first(self) -> Self:
        """Return what is exploited first, then by rating, then what is exploited likeliest soon (EPSS).

        Then what can be mended, then the oldest.
        """
        is_not_exploited = models.ExpressionWrapper(
            Q(exploited_since=None), output_field=models.BooleanField()
        )
        return self.order_by(
            is_not_exploited,
            "rank",
            F("likelihood").desc(nulls_last=True),
            F("fixable_since").asc(nulls_last=True),
            "first_seen",
            "pk",
        )


class Vulnerability(models.Model):
    """A vulnerability of a package in an inventory, from the look that found it to the one that did not."""

    inventory = models.CharField(max_length=200)
    ecosystem = models.CharField(max_length=100)
    package = models.CharField(max_length=300)
    installed = models.JSONField(default=list)
    """The names under which the package is installed, if they are others."""
    version = models.CharField(max_length=300)
    name = models.CharField(max_length=200)
    """Its CVE number, or the advisory's own name."""
    advisories = models.JSONField(default=list)
    summary = models.TextField(blank=True)
    rating = models.CharField(max_length=10)
    """A `Rating`."""
    rank = models.PositiveSmallIntegerField()
    """Of the rating: 0 for the worst."""
    fixed = models.CharField(max_length=300, blank=True)
    """The lowest version that mends it; empty if there is none yet."""
    first_seen = models.DateTimeField()
    fixable_since = models.DateTimeField(null=True)
    """When a scan first knew a version that mends it."""
    exploited_since = models.DateField(null=True)
    """Since when it is known to be exploited; null if it is not."""
    likelihood = models.FloatField(null=True)
    """How likely it is exploited within 30 days, by EPSS; null if nobody says."""
    sources = models.JSONField(default=list)
    """Who reports it: `OWN`, other scanners by the name of their report."""
    closing = models.JSONField(default=dict)
    """The VEX statement that closes it, as JSON values; see `imported.settling`."""
    closed_at = models.DateTimeField(null=True)
    """When the statement closed it; null if none does."""
    last_seen = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = VulnerabilityQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("inventory", "ecosystem", "package", "version", "name"),
                condition=Q(ended_at=None),
                name="one_open_vulnerability",
            ),
        )
        indexes = (models.Index(fields=("ended_at",), name="vulnerability_end"),)

    def __str__(self) -> str:
        return f"{self.name} {self.package} {self.inventory}"

    @property
    def has_rating(self) -> bool:
        """Whether a source has rated it."""
        return self.rating not in ("", Rating.UNKNOWN)

    def due_at(self, limit: timedelta) -> datetime:
        """Return until when it must be mended."""
        return self.first_seen + limit


class ImportedReport(models.Model):
    """The newest report of a source about an inventory; the next one of the same source replaces it."""

    inventory = models.CharField(max_length=200)
    source = models.CharField(max_length=100)
    format = models.CharField(max_length=20)
    """A `ReportFormat`."""
    digest = models.CharField(max_length=64)
    """SHA-256 of the file."""
    made_at = models.DateTimeField(null=True)
    """When it was made, as it says itself; null if it does not."""
    received_at = models.DateTimeField()
    received_from = models.CharField(max_length=150)
    finds = models.BooleanField()
    """Whether it is of a scan: one that only states (VEX) does not age."""
    found = models.PositiveIntegerField()
    left_out = models.JSONField(default=list)
    """What it names and Toban could not place, as messages."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("inventory", "source"), name="one_report_of_a_source"),
        )

    def __str__(self) -> str:
        return f"{self.source}: {self.inventory}"

    @property
    def at(self) -> datetime:
        """When what it says was so."""
        return self.made_at or self.received_at


class VexStatement(models.Model):
    """What a report states of a vulnerability in a package, until the next report of its source."""

    report = models.ForeignKey(ImportedReport, models.CASCADE, related_name="statements")
    names = models.JSONField()
    """Of the vulnerability."""
    ecosystem = models.CharField(max_length=100)
    """Of the package; of a distribution perhaps without its release."""
    package = models.CharField(max_length=300)
    version = models.CharField(max_length=300, blank=True)
    """Empty: of all."""
    status = models.CharField(max_length=20)
    """A `VexStatus`."""
    justification = models.TextField(blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.status} {self.package}"


class VulnerabilityScan(models.Model):
    """One scan of all inventories."""

    run = models.PositiveBigIntegerField(unique=True)
    """The number of its run."""
    at = models.DateTimeField()
    inventories = models.PositiveIntegerField()
    packages = models.PositiveIntegerField()
    compared = models.PositiveIntegerField()
    found = models.PositiveIntegerField()
    """New ones."""
    ended = models.PositiveIntegerField()
    data = models.JSONField(default=dict)
    """Ecosystem → when the newest of its advisories was changed."""
    gaps = models.JSONField(default=list)
    """What it could say nothing about, as messages."""

    def __str__(self) -> str:
        return f"{self.run} {self.at.isoformat()}"
