"""Sign-offs of tasks, and to whom tasks were handed on. A task itself is a run that no worker claims."""

from django.conf import settings
from django.db import models

from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.runs.models import Run
from toban.engine.tasks.facts import TaskFact


class Handover(models.Model):
    """A task handed on to another person; the newest one counts."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="handovers")
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    giver_name = models.CharField(max_length=150)
    taker = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    taker_person = models.CharField(max_length=200)
    """The name in `[people]`."""
    reason = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.run_id} {self.giver_name} → {self.taker_person}"


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
