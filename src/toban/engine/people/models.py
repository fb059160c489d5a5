"""Accounts of Toban itself."""

from typing import override

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.crypto import salted_hmac

from toban.message import Message

_TOBANS = frozenset(("bindings", "log-gap", "ping", "report", "schedule", "toban", "trigger", "watch"))
"""Who orders what no person orders, or reports without signing in, by name: an account of that name would
pass for it."""


class OperatorRole(models.TextChoices):
    """What an account may do: a viewer reads, a developer acknowledges and runs, a manager changes."""

    MANAGER = "manager"
    DEVELOPER = "developer"
    VIEWER = "viewer"


class Operator(AbstractUser):
    """A person who signs in to Toban."""

    operator_role = models.CharField(max_length=16, choices=OperatorRole, default=OperatorRole.VIEWER)
    role_setters = models.JSONField(default=list, blank=True)
    """The numbers of the accounts by which whoever last changed that role may be known."""
    role_set_at = models.DateTimeField(null=True, blank=True)
    password_changed_at = models.DateTimeField(null=True, blank=True)
    must_change_password = models.BooleanField(default=False)
    password_setters = models.JSONField(default=list, blank=True)
    """The numbers of the accounts by which whoever gave the last one-time password may be known."""
    password_set_at = models.DateTimeField(null=True, blank=True)
    """When they did, or when the first did of those who may be behind the account: see
    `access.who_set_password`."""
    password_told_at = models.DateTimeField(null=True, blank=True)
    """When its owner was told that a new password has been chosen with theirs; null: not yet."""
    lockouts = models.PositiveIntegerField(default=0)
    """How often the account was locked out or given a one-time password: each time all its sessions and its
    tokens of the API end, for good."""

    @override
    def clean(self) -> None:
        """Refuse a name by which the evidence and the approvals know Toban itself."""
        super().clean()
        if self.username.casefold() in _TOBANS:
            raise ValidationError({"username": str(Message("people.name-is-tobans"))})

    @override
    def get_session_auth_hash(self) -> str:
        """Return what a session must know: another after each new password and each lock-out."""
        own = super().get_session_auth_hash()
        if not self.lockouts:
            return own
        return salted_hmac("toban.lockouts", f"{own}{self.lockouts}", algorithm="sha256").hexdigest()


class FeedToken(models.Model):
    """A token with which a calendar program reads the calendar in an operator's name, without signing in."""

    operator = models.OneToOneField(Operator, models.CASCADE, related_name="feed_token")
    digest = models.CharField(max_length=64, unique=True)
    """SHA-256 of the token, in hex: a leaked database does not give access to the calendar."""
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.operator_id} {self.made_at.isoformat()}"


class SignInCount(models.Model):
    """Failed sign-ins at an account, from a source, or at one from the other. See `backoff`."""

    account = models.CharField(max_length=64, blank=True)
    """A keyed digest, of an account or of a name that none has; empty: all accounts."""
    source = models.CharField(max_length=100, blank=True)
    """A known device or an address; empty: all unknown sources."""
    level = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(db_index=True)
    is_recorded = models.BooleanField(default=False)
    """Whether the lock-out that goes on is in the audit log."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "source"), name="sign_in_count"),)

    def __str__(self) -> str:
        return f"{self.source} {self.level}"


class KnownSource(models.Model):
    """A device or an address from which an operator has signed in. See `sources`."""

    operator = models.ForeignKey(Operator, models.CASCADE, related_name="known_sources")
    source = models.CharField(max_length=100)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("operator", "source"), name="known_source"),)

    def __str__(self) -> str:
        return f"{self.operator_id} {self.source}"
