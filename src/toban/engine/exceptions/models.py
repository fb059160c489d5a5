"""Exceptions, as they were requested, granted and ended."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from toban.engine.exceptions.rules import CoveringException, ExceptionState, ExceptionTimes
from toban.engine.message_field import MessageField


class RowExceptionQuerySet(models.QuerySet["RowException"]):
    """Exceptions by their state at a moment."""

    def asked(self) -> Self:
        """Return those that wait for approval."""
        return self.filter(granted_at=None, ended_at=None)

    def in_force(self, now: datetime) -> Self:
        """Return those that are in force at *now*."""
        return self.filter(granted_at__lte=now, ended_at=None, ends_at__gt=now)

    def expired(self, now: datetime) -> Self:
        """Return those whose time is over at *now*, and that nobody has ended yet."""
        return self.filter(granted_at__isnull=False, ended_at=None, ends_at__lte=now)

    def in_state(self, state: ExceptionState | None, now: datetime) -> Self:
        """Return those in *state* at *now*; None: all."""
        match state:
            case None:
                return self.all()
            case ExceptionState.ASKED:
                return self.asked()
            case ExceptionState.IN_FORCE:
                return self.in_force(now)
            case ExceptionState.ENDED:
                return self.over() | self.expired(now)
            case ExceptionState.REJECTED:
                return self.filter(granted_at=None, ended_at__isnull=False)

    def over(self) -> Self:
        """Return those that were in force and have been ended."""
        return self.filter(granted_at__isnull=False, ended_at__isnull=False)


class RowException(models.Model):
    """A deviation from a row of the document that people allow until a time.

    It changes no verdict: evidence keeps the true one.
    """

    clause_id = models.CharField(max_length=300)
    clause_text = models.TextField()
    """The row as it was; another row under the same id is not covered."""
    citation = models.CharField(max_length=300)
    subject = models.CharField(max_length=200, blank=True)
    """What it is about within the row (a host, an account, a CVE); empty for the whole row."""
    reason = models.TextField()
    holds_notices = models.BooleanField(default=False)
    """Whether notifications of warnings and critical alerts that it covers are held back."""
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    author_name = models.CharField(max_length=150)
    shell_user = models.CharField(max_length=150, blank=True)
    """The user of the operating system, if it was asked for by a command on the server."""
    orderers = models.JSONField(default=list)
    """The numbers of the accounts by which whoever asked for it may be known, as it was then."""
    asked_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    renews = models.ForeignKey("self", models.SET_NULL, null=True, related_name="renewals")
    granted_at = models.DateTimeField(null=True)
    granted_by = models.CharField(max_length=300, blank=True)
    """The names of those who approved it."""
    ended_at = models.DateTimeField(null=True)
    """When it ended before its time, or was refused or withdrawn."""
    ended_by = models.CharField(max_length=150, blank=True)
    ended_because = MessageField()

    objects = RowExceptionQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(ends_at__gt=F("asked_at")), name="exception_ends"),
            models.UniqueConstraint(
                fields=("clause_id", "subject"),
                condition=Q(granted_at=None, ended_at=None),
                name="one_asked_exception",
            ),
        )
        indexes = (models.Index(fields=("ends_at",), name="exception_end"),)

    def __str__(self) -> str:
        return f"{self.clause_id} {self.subject} {self.ends_at.isoformat()}"

    def state(self, now: datetime) -> ExceptionState:
        """Return its state at *now*."""
        return ExceptionTimes(self.granted_at, self.ends_at, self.ended_at).state(now)

    @property
    def covering(self) -> CoveringException:
        """The exception as a value."""
        return CoveringException(
            self.pk,
            self.clause_id,
            self.subject,
            self.reason,
            self.author_name,
            self.ends_at,
            self.holds_notices,
        )
