"""Requests for approval, the answers, delegations, and acts that went ahead without approval."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from toban.engine.approvals.rules import RequestState
from toban.engine.message_field import MessageField
from toban.engine.state.question import Given
from toban.message import Message, from_json

_STATES = [(state.value, state.value) for state in RequestState]
_LIVE = [state.value for state in RequestState if state is RequestState.OPEN or state.lets_act]


class ApprovalRequest(models.Model):
    """One act that needs approval, exactly as it was shown to those who may approve it."""

    subject = models.CharField(max_length=200)
    """What wants to act: `run/12`; later also a release, an edition, a remedy."""
    part = models.CharField(max_length=100, blank=True)
    """The part of it, such as a run's step."""
    digest = models.CharField(max_length=64)
    """Of everything that would be done; an answer to another digest is no answer to this."""
    document_digest = models.CharField(max_length=64, blank=True)
    acting_digest = models.CharField(max_length=64, blank=True)
    """With the document's digest: the edition. See `Bindings.acting_digest`."""
    title = MessageField()
    facts = models.JSONField(default=list)
    """What was shown: pairs of label and value, both messages as JSON."""
    page = models.CharField(max_length=50, blank=True)
    """The page where it is answered, by its name in the URL table."""
    page_arguments = models.JSONField(default=list)
    clause_id = models.CharField(max_length=300, blank=True)
    role = models.CharField(max_length=200)
    """Whose approval it needs, in the document's words."""
    people = models.PositiveSmallIntegerField(default=1)
    """How many different people must approve."""
    is_irreversible = models.BooleanField(default=False)
    is_time_assumed = models.BooleanField(default=False)
    """Whether the bindings say nothing about how long it may wait."""
    ordered_by = models.CharField(max_length=150, blank=True)
    """Who ordered it, as text: `schedule`, or a name."""
    orderers = models.JSONField(default=list)
    """The numbers of all accounts that had a part in ordering it."""
    orderer_marks = models.JSONField(null=True)
    """Number → by what its owner was known as a human when it was asked; null: not looked at yet."""
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    """Until when it can be answered; once approved, until when it must have begun."""
    valid_for = models.DurationField()
    state = models.CharField(max_length=16, choices=_STATES, default=RequestState.OPEN.value)
    decided_at = models.DateTimeField(null=True)
    told = models.JSONField(default=list)
    """The names in `[people]` that have been told of it."""

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("subject", "part"), condition=Q(state__in=_LIVE), name="one_live_request"
            ),
        )
        indexes = (models.Index(fields=("expires_at",), condition=Q(state="open"), name="request_open"),)

    def __str__(self) -> str:
        return f"{self.subject} {self.part} {self.state}"

    def facts_said(self) -> list[tuple[Message, Message]]:
        """Return what was shown, without what says nothing."""
        said = [(from_json(label), from_json(value)) for label, value in self.facts]
        return [(label, value) for label, value in said if value]


class AnswerQuerySet(models.QuerySet["ApprovalAnswer"]):
    """Answers to requests."""

    def standing(self) -> Self:
        """Return the approvals that count: not those of accounts that are gone, or were locked out since.

        Nor those of delegates whose giver was, and of deputies whose maker was: somebody else may have chosen
        who approves.
        """
        lasts = Q(delegation__giver__is_active=True, delegation__lockouts=F("delegation__giver__lockouts"))
        counts = Q(deputy__account__is_active=True, deputy__lockouts=F("deputy__account__lockouts"))
        return self.filter(
            Q(delegation=None) | lasts,
            Q(deputy=None) | Q(deputy__lockouts=None) | counts,
            answer=ApprovalAnswer.Answer.GRANTED,
            account__is_active=True,
            lockouts=F("account__lockouts"),
        )


class ApprovalAnswer(models.Model):
    """One person's answer to a request."""

    class Answer(models.TextChoices):
        """The answer."""

        GRANTED = "granted"
        REFUSED = "refused"

    class Via(models.TextChoices):
        """Where it was given."""

        PAGE = "page"
        SHELL = "shell"
        """By a command on the server: whoever has that shell names the account."""
        API = "api"
        """By the API: whoever has a token of the account."""
        CHAT = "chat"
        """By a button or a command in a chat, which vouches for the member."""

    request = models.ForeignKey(ApprovalRequest, models.CASCADE, related_name="answers")
    answer = models.CharField(max_length=16, choices=Answer)
    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    username = models.CharField(max_length=150)
    person = models.CharField(max_length=200, blank=True)
    """The name in `[people]` under which they held the role."""
    delegation = models.ForeignKey("Delegation", models.SET_NULL, null=True, related_name="+")
    appointers = models.JSONField(default=list)
    """The numbers of the accounts that may have made them a deputy, if that is how they held the role."""
    deputy = models.ForeignKey("notify.DutyOverride", models.SET_NULL, null=True, related_name="+")
    """Set for a deputy, and for a delegate of one."""
    via = models.CharField(max_length=8, choices=Via, default=Via.PAGE)
    shell_user = models.CharField(max_length=150, blank=True)
    """The user of the operating system, for a command on the server."""
    setters = models.JSONField(default=list)
    """The numbers of the accounts of whoever had just set the account's password: it may be they."""
    lockouts = models.PositiveIntegerField(default=0)
    """The account's `lockouts` when it was given: one more ends it for good, as it ends sessions."""
    marks = models.JSONField(default=list)
    """By what its owner was known as a human then: an account may be joined to another person later."""
    answered_at = models.DateTimeField()
    note = models.TextField(blank=True)

    objects = AnswerQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("request", "account"), name="one_answer_per_account"),)

    def __str__(self) -> str:
        return f"{self.request_id} {self.username} {self.answer}"


class DelegationQuerySet(models.QuerySet["Delegation"]):
    """Delegations by time."""

    def unended(self, now: datetime | Given) -> Self:
        """Return those that have not ended at *now*, begun or not."""
        return self.filter(ended_at=None, ends_at__gt=now)

    def in_force(self, now: datetime | Given) -> Self:
        """Return those that hold at *now*, if their givers hold the role."""
        return self.unended(now).filter(starts_at__lte=now)


class Delegation(models.Model):
    """The right to approve for a role, given by its holder to another account for a time."""

    role = models.CharField(max_length=200)
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    taker = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    giver_person = models.CharField(max_length=200)
    taker_person = models.CharField(max_length=200)
    makers = models.JSONField(default=list)
    """The numbers of the accounts by which whoever gave it in the giver's name may be known, too."""
    lockouts = models.PositiveIntegerField(default=0)
    """The giver's `lockouts` when it was made: one more ends it, as whoever made it may have been another."""
    reason = models.TextField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    """When it was ended before its time."""
    ended_because = MessageField()
    is_told = models.BooleanField(default=False)
    """Whether both people have been told of it."""

    objects = DelegationQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="delegation_ends"),
        )
        indexes = (models.Index(fields=("ends_at",), name="delegation_end"),)

    def __str__(self) -> str:
        return f"{self.role} {self.giver_person} → {self.taker_person} {self.ends_at.isoformat()}"


class BreakGlass(models.Model):
    """An act that went ahead without the approval it needed, in an emergency; another person reviews it."""

    request = models.OneToOneField(ApprovalRequest, models.CASCADE, related_name="broken")
    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    """None: somebody with a shell on the server, who named no account."""
    by = models.CharField(max_length=150)
    via = models.CharField(max_length=8, choices=ApprovalAnswer.Via)
    shell_user = models.CharField(max_length=150, blank=True)
    """The user of the operating system whose shell it was, or who made the token by which it came."""
    setters = models.JSONField(default=list)
    """See `ApprovalAnswer.setters`."""
    lockouts = models.PositiveIntegerField(default=0)
    """See `ApprovalAnswer.lockouts`: what has not begun by then does not go ahead."""
    marks = models.JSONField(default=list)
    """See `ApprovalAnswer.marks`."""
    reason = models.TextField()
    at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    reviewed_by = models.CharField(max_length=150, blank=True)
    review = models.TextField(blank=True)

    class Meta:
        indexes = (
            models.Index(fields=("at",), condition=Q(reviewed_at=None), name="break_glass_unreviewed"),
        )

    def __str__(self) -> str:
        return f"{self.request_id} {self.by} {self.at.isoformat()}"

    @property
    def stands(self) -> bool:
        """Whether it counts: not if its account is gone, or was locked out since."""
        if self.account is None:
            return self.by == f"shell:{self.shell_user}"
        return self.account.is_active and self.account.lockouts == self.lockouts
