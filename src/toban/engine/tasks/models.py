"""Sign-offs of tasks, and to whom tasks were handed on. A task itself is a run that no worker claims."""

from datetime import datetime

from django.conf import settings
from django.db import models

from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.notify.models import DutyOverride
from toban.engine.people.models import Operator
from toban.engine.runs.models import Run
from toban.engine.tasks.facts import TaskFact
from toban.engine.tasks.rules import TaskTerms


def _is_trusted(giver: Operator | None, lockouts: int | None) -> bool:
    """Return whether *giver* was not locked out since they gave a task away; None: that was not kept then."""
    return lockouts is None or (giver is not None and giver.is_active and giver.lockouts == lockouts)


def _is_made_in_trust(deputy: DutyOverride | None) -> bool:
    """Return whether the task was given by no deputy, or whoever made them one was not locked out since."""
    return deputy is None or _is_trusted(deputy.account, deputy.lockouts)


def _is_relieved(deputy: DutyOverride | None, due_at: datetime) -> bool:
    """Return whether it was given by a deputy whose time ended before it was due: it was never theirs."""
    return deputy is not None and deputy.ends_at <= due_at


class Handover(models.Model):
    """A task handed on to another person; the newest one counts."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="handovers")
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    giver_name = models.CharField(max_length=150)
    taker = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    taker_person = models.CharField(max_length=200)
    """The name in `[people]`."""
    lockouts = models.PositiveIntegerField(null=True)
    """The giver's `lockouts` then: one more ends it, as whoever chose the taker may have been another."""
    deputy = models.ForeignKey("notify.DutyOverride", models.SET_NULL, null=True, related_name="+")
    """Set if the giver had the task as a deputy; see `_is_made_in_trust`."""
    reason = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.run_id} {self.giver_name} → {self.taker_person}"

    @property
    def is_giver_trusted(self) -> bool:
        """Whether its giver's account is there, and was not locked out since."""
        return _is_trusted(self.giver, self.lockouts)

    @property
    def is_giver_relieved(self) -> bool:
        """Whether its giver was a deputy whose time was ended before the task was due."""
        return _is_relieved(self.deputy, self.run.due_at)

    @property
    def stands(self) -> bool:
        """Whether it counts: nor was locked out who made the giver the deputy by which they gave it."""
        return self.is_giver_trusted and not self.is_giver_relieved and _is_made_in_trust(self.deputy)


class SignOff(models.Model):
    """How a task ended: who said so, when, and what they were shown."""

    run = models.OneToOneField(Run, models.CASCADE, related_name="sign_off")
    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    username = models.CharField(max_length=150)
    person = models.CharField(max_length=200, blank=True)
    """The name in `[people]` under which they held the role."""
    via = models.CharField(max_length=8, choices=ApprovalAnswer.Via)
    at = models.DateTimeField()
    is_performed = models.BooleanField()
    """False: they said that it is not performed, and why."""
    remark = models.TextField(blank=True)
    facts = models.JSONField(default=list)
    """What they were shown; see `TaskFact.as_json`."""
    digest = models.CharField(max_length=64)
    open_for = models.DurationField(null=True)
    """How long they had the page open with it; null if it was signed by command or by the API."""

    def __str__(self) -> str:
        return f"{self.run_id} {self.username} {self.at.isoformat()}"

    def facts_shown(self) -> list[TaskFact]:
        """Return what was shown."""
        return [TaskFact.from_json(each) for each in self.facts]

    @property
    def seconds_open(self) -> int | None:
        """How long it was open, in seconds."""
        return int(self.open_for.total_seconds()) if self.open_for is not None else None

    @property
    def by(self) -> str:
        """Who signed it off, as people read it."""
        return self.person or self.username


class ExtraTask(models.Model):
    """What a task is that no row of the document orders: somebody ordered it once."""

    run = models.OneToOneField(Run, models.CASCADE, related_name="extra")
    name = models.TextField()
    owner = models.CharField(max_length=200)
    """A role of the document, or a name in `[people]`."""
    content = models.TextField(blank=True)
    facts = models.JSONField(default=list)
    """Lines of text: what is known when it is ordered."""
    orderer = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    ordered_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.run_id} {self.name}"

    @property
    def terms(self) -> TaskTerms:
        """Whose it is: it stays open until somebody signs it off."""
        return TaskTerms(self.name, (self.owner,), is_owed=True)


class Swap(models.Model):
    """Two people's exchange of one task each: the one asks, the other agrees or not."""

    class State(models.TextChoices):
        """How far it is."""

        ASKED = "asked"
        AGREED = "agreed"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    asker = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asker_person = models.CharField(max_length=200)
    answerer = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    answerer_person = models.CharField(max_length=200)
    reason = models.TextField()
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=State, default=State.ASKED)
    answered_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.asker_person} ⇄ {self.answerer_person} {self.state}"


class SwapLeg(models.Model):
    """One of the two tasks of a swap: it may not be due yet, so that there is no run of it."""

    swap = models.ForeignKey(Swap, models.CASCADE, related_name="legs")
    work = models.CharField(max_length=200)
    due_at = models.DateTimeField()
    name = models.TextField()
    clause_id = models.CharField(max_length=300)
    giver_person = models.CharField(max_length=200)
    taker = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    taker_person = models.CharField(max_length=200)
    lockouts = models.PositiveIntegerField(null=True)
    """The giver's `lockouts` when they asked or agreed; see `Handover.lockouts`."""
    deputy = models.ForeignKey("notify.DutyOverride", models.SET_NULL, null=True, related_name="+")
    """See `Handover.deputy`."""

    class Meta:
        indexes = (models.Index(fields=("work", "due_at"), name="swap_leg_of_task"),)

    def __str__(self) -> str:
        return f"{self.work} {self.due_at.isoformat()} → {self.taker_person}"

    @property
    def giver(self) -> Operator | None:
        """Who gives it away."""
        return self.swap.asker if self.taker_id == self.swap.answerer_id else self.swap.answerer

    @property
    def stands(self) -> bool:
        """See `Handover.stands`."""
        is_theirs = not _is_relieved(self.deputy, self.due_at)
        return is_theirs and _is_trusted(self.giver, self.lockouts) and _is_made_in_trust(self.deputy)

    def handover(self, run: Run) -> Handover:
        """Return the handover that the swap is for *run*, which is its task."""
        return Handover(
            run=run,
            giver=self.giver,
            giver_name=self.giver_person,
            taker=self.taker,
            taker_person=self.taker_person,
            lockouts=self.lockouts,
            deputy=self.deputy,
            reason=self.swap.reason,
            at=self.swap.answered_at or self.swap.asked_at,
        )


class OfferedTask(models.Model):
    """A task that a notification shows with its facts: exactly these can be signed off from there."""

    alert_key = models.CharField(max_length=600)
    """The key of the event that the notification tells of."""
    run = models.ForeignKey(Run, models.CASCADE, related_name="+")
    name = models.TextField()
    digest = models.CharField(max_length=64)
    """What a sign-off binds to; see `digest_of_facts`."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("alert_key", "run"), name="one_offer_per_event"),)

    def __str__(self) -> str:
        return f"{self.alert_key} {self.run_id}"
