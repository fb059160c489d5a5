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
