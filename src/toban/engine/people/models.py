"""Accounts of Toban itself."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class OperatorRole(models.TextChoices):
    """What an account may do: a viewer reads, a developer acknowledges and runs, a manager changes."""

    MANAGER = "manager"
    DEVELOPER = "developer"
    VIEWER = "viewer"


class Operator(AbstractUser):
    """A person who signs in to Toban."""

    operator_role = models.CharField(max_length=16, choices=OperatorRole, default=OperatorRole.VIEWER)
    password_changed_at = models.DateTimeField(null=True, blank=True)
    must_change_password = models.BooleanField(default=False)


class FeedToken(models.Model):
    """A token with which a calendar program reads the calendar in an operator's name, without signing in."""

    operator = models.OneToOneField(Operator, models.CASCADE, related_name="feed_token")
    digest = models.CharField(max_length=64, unique=True)
    """SHA-256 of the token, in hex: a leaked database does not give access to the calendar."""
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.operator_id} {self.made_at.isoformat()}"
