"""Who has access to which system, who leaves, and which accounts are to go."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from toban.chapters.accounts.account import FoundAccount, PasswordTerms
from toban.chapters.accounts.joining import ClaimBasis
from toban.engine.message_field import MessageField
from toban.text import storable_text

_SIGNIFICANT = (
    *("label", "grants", "is_privileged", "is_locked", "has_password", "has_factor"),
    *("password_changed_at", "oldest_key_at", "last_used_at", "last_used_from"),
)


class SystemReading(models.Model):
    """The newest look at a system."""

    name = models.CharField(max_length=200, primary_key=True)
    looked_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    """Of when that is which was read last; null if it never was read."""
    terms = models.JSONField(null=True)
    """What it demands of passwords; see `PasswordTerms`."""
    gaps = models.JSONField(default=list)
    """What could not be read, as messages."""
    trouble = MessageField()
    """Why the newest look failed; nothing if it did not."""
    revision = models.CharField(max_length=32, blank=True)
    """Of its accounts: another after each look that read them. See `seen.there`."""

    def __str__(self) -> str:
        return self.name

    @property
    def password_terms(self) -> PasswordTerms | None:
        """What it demands of passwords; None if it does not say."""
        return PasswordTerms.from_json(self.terms) if self.terms is not None else None


class CollectedQuerySet(models.QuerySet["CollectedAccount"]):
    """Accounts by their state."""

    def there(self) -> Self:
        """Return those that were there at the newest look."""
        return self.filter(ended_at=None)


class CollectedAccount(models.Model):
    """An account of a system, from the look that found it first to the one that did not."""

    system = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    label = models.CharField(max_length=200, blank=True)
    grants = models.JSONField(default=list)
    is_privileged = models.BooleanField()
    is_locked = models.BooleanField()
    has_password = models.BooleanField(null=True)
    has_factor = models.BooleanField(null=True)
    password_changed_at = models.DateTimeField(null=True)
    oldest_key_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    last_used_from = models.CharField(max_length=100, blank=True)
    first_seen = models.DateTimeField()
    changed_at = models.DateTimeField()
    """When its rights or its lock changed last."""
    ended_at = models.DateTimeField(null=True)

    objects = CollectedQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("system", "name"), condition=Q(ended_at=None), name="one_collected_account"
            ),
        )
        indexes = (models.Index(fields=("ended_at",), name="collected_account_end"),)

    def __str__(self) -> str:
        return f"{self.system}: {self.name}"

    @property
    def found(self) -> FoundAccount:
        """The account as its system told of it."""
        values = {key: getattr(self, key) for key in _SIGNIFICANT}
        return FoundAccount(name=self.name, **{**values, "grants": tuple(self.grants)})

    def take(self, found: FoundAccount, now: datetime) -> None:
        """Become what was *found*."""
        before = (self.is_privileged, self.is_locked, list(self.grants))
        for key in _SIGNIFICANT:
            setattr(self, key, getattr(found, key))
        self.label = storable_text(found.label)[:200]
        self.last_used_from = storable_text(found.last_used_from)[:100]
        self.grants = [storable_text(each)[:200] for each in found.grants]
        if before != (self.is_privileged, self.is_locked, self.grants):
            self.changed_at = now


class Leaver(models.Model):
    """Somebody who leaves, as Toban was told."""

    class ToldBy(models.TextChoices):
        """How it was told."""

        PAGE = "page"
        API = "api"
        CSV = "csv"
        SHELL = "shell"

    name = models.CharField(max_length=200)
    """The name in `[people]`, or another."""
    accounts = models.JSONField(default=list)
    """Account names and addresses that are known to be theirs."""
    leaves_at = models.DateTimeField()
    until = models.DateTimeField()
    """When all of their accounts must be gone."""
    told_at = models.DateTimeField()
    told_by = models.CharField(max_length=150)
    orderers = models.JSONField(default=list)
    """The numbers of the accounts of everybody who told it: none of them approves that Toban locks one."""
    via = models.CharField(max_length=8, choices=ToldBy)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("name",), condition=Q(withdrawn_at=None), name="one_standing_leaver"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.leaves_at.isoformat()}"


class RemovalQuerySet(models.QuerySet["AccessRemoval"]):
    """Accounts that are to go, by their state."""

    def open(self) -> Self:
        """Return those that are not over."""
        return self.filter(ended_at=None, withdrawn_at=None)

    def sure(self) -> Self:
        """Return those that are surely meant: somebody declared whose they are."""
        return self.filter(Q(basis=ClaimBasis.DECLARED) | Q(is_theirs=True))


class AccessRemoval(models.Model):
    """An account that is to go; over once its system shows it no more, or locked."""

    class Occasion(models.TextChoices):
        """Why it is to go."""

        LEAVER = "leaver"
        REVIEW = "review"

    system = models.CharField(max_length=200)
    account = models.CharField(max_length=200)
    ground = models.CharField(max_length=8, choices=Occasion)
    leaver = models.ForeignKey(Leaver, models.CASCADE, null=True, related_name="removals")
    basis = models.CharField(max_length=8, default=ClaimBasis.ALIKE.value)
    """A `ClaimBasis`: how surely it is the leaver's; what a review orders is declared."""
    is_theirs = models.BooleanField(null=True)
    """What somebody answered who was asked whether it is the leaver's; null without an answer."""
    ordered_by = models.CharField(max_length=150)
    orderers = models.JSONField(default=list)
    """As those of a leaver, for what a review ordered, or of whoever said that it is theirs."""
    reason = models.TextField(blank=True)
    found_at = models.DateTimeField()
    """When it was found that it has to go."""
    begins_at = models.DateTimeField()
    """From when on it is to be removed."""
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    """When its system was seen without it."""
    shown_at = models.DateTimeField(null=True)
    """Of when the newest list is that shows it; null before the first."""
    gone_at = models.DateTimeField(null=True)
    """Of when the list is that shows it no more."""
    withdrawn_at = models.DateTimeField(null=True)
    is_given_up = models.BooleanField(default=False)
    """Whether its system was bound no more, so that nobody can see whether it is gone."""

    objects = RemovalQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("system", "account", "leaver"),
                condition=Q(ended_at=None, withdrawn_at=None, ground="leaver"),
                name="one_open_removal_of_leaver",
            ),
            models.UniqueConstraint(
                fields=("system", "account"),
                condition=Q(ended_at=None, withdrawn_at=None, ground="review"),
                name="one_open_removal_of_review",
            ),
        )

    def __str__(self) -> str:
        return f"{self.system}: {self.account}"

    @property
    def is_sure(self) -> bool:
        """Whether somebody declared whose it is; see `RemovalQuerySet.sure`."""
        return self.basis == ClaimBasis.DECLARED or self.is_theirs is True

    @property
    def is_late(self) -> bool:
        """Whether a list of after its time proves that it was still there."""
        return self.shown_at is not None and self.shown_at >= self.until

    @property
    def is_in_time(self) -> bool:
        """Whether a list of before the end of its time proves that it was gone."""
        return self.gone_at is not None and self.gone_at <= self.until

    @property
    def whose(self) -> str:
        """The name of whoever leaves; empty for what a review orders."""
        return self.leaver.name if self.leaver is not None else ""


class AccessDecision(models.Model):
    """What a reviewer decided about an account."""

    system = models.CharField(max_length=200)
    account = models.CharField(max_length=200)
    is_kept = models.BooleanField()
    by = models.CharField(max_length=150)
    at = models.DateTimeField(db_index=True)
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.system}: {self.account} {self.at.isoformat()}"


class WatchedAccount(models.Model):
    """What is known of an account's sign-ins so far; see `AccountHistory`."""

    system = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    networks = models.JSONField(default=list)
    failures = models.JSONField(default=list)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("system", "name"), name="one_watched_account"),)

    def __str__(self) -> str:
        return f"{self.system}: {self.name}"


class WatchMark(models.Model):
    """How far the audit log has been watched."""

    sequence = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.sequence)


class Suspicion(models.Model):
    """A sign-in that somebody should look at, and what they found."""

    system = models.CharField(max_length=200)
    account = models.CharField(max_length=200)
    rule = models.CharField(max_length=16)
    """A `SuspicionRule`."""
    at = models.DateTimeField()
    """Of the sign-in."""
    said = MessageField()
    found_at = models.DateTimeField(db_index=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=150, blank=True)
    remark = models.TextField(blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("system", "account", "rule", "at"), name="one_suspicion"),
        )

    def __str__(self) -> str:
        return f"{self.system}: {self.account} {self.rule}"
