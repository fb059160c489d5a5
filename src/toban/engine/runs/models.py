"""The run ledger's tables. What is due, in hand and done is read from here, never remembered in a process."""

from django.db import models


class PlannedWork(models.Model):
    """A work that the document orders, and up to when its due times have become runs."""

    key = models.CharField(max_length=200, primary_key=True)
    clause_id = models.CharField(max_length=300)
    rule = models.TextField()
    """The schedule and its zone in words: another rule starts anew, without a past to make up for."""
    planned_until = models.DateTimeField()
    next_due = models.DateTimeField(null=True)
    depends_on = models.JSONField(default=list)
    """Keys of the works that must have succeeded for the same due time."""
    parameters = models.JSONField(null=True)
    """What a run may be given, as `parameters.kept` has it; None: anything."""
    is_reported = models.BooleanField(default=False)
    """It is done elsewhere and only reported: nothing of it can be started or ended here."""
    in_force = models.BooleanField(default=True)
    """False once the row or its binding is gone; no run is started then."""

    class Meta:
        indexes = (
            models.Index(fields=("next_due",), condition=models.Q(in_force=True), name="work_next_due"),
        )

    def __str__(self) -> str:
        return f"{self.key} {self.rule}"


class Run(models.Model):
    """One work at one due time; there is never a second."""

    class State(models.TextChoices):
        """Where the run stands."""

        WAITING = "waiting"
        """For its time, its turn, or its next attempt; no worker is held."""
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        MISSED = "missed"
        SKIPPED = "skipped"
        CANCELLED = "cancelled"

    work = models.CharField(max_length=200)
    due_at = models.DateTimeField()
    clause_id = models.CharField(max_length=300)
    document_digest = models.CharField(max_length=64)
    ordered_by = models.CharField(max_length=150)
    """`schedule`, or the account that asked for it."""
    parameters = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=32)
    """A `rules.Reason`: why the state is what it is."""
    note = models.TextField(blank=True)
    """The last error, or an operator's reason."""
    wake_at = models.DateTimeField()
    """Not to be started before."""
    failures = models.PositiveSmallIntegerField(default=0)
    losses = models.PositiveSmallIntegerField(default=0)
    """How often a worker died or froze over it."""
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    holder = models.CharField(max_length=100, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    """Grows with every claim: whoever holds a smaller one has been replaced."""
    leased_until = models.DateTimeField(null=True)
    is_cancelling = models.BooleanField(default=False)
    step = models.CharField(max_length=100, blank=True)
    """The step under way, or the one where the run stopped or waits."""
    progress_percent = models.FloatField(null=True)
    """How far that step is, 0 to 100, where it can say so."""
    progress_text = models.CharField(max_length=200, blank=True)
    progress_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("work", "due_at"), name="one_run_per_due_time"),
            # No overlap, whoever claims: the database itself refuses a second running one.
            models.UniqueConstraint(
                fields=("work",), condition=models.Q(state="running"), name="one_running_per_work"
            ),
        )
        # Nearly all runs are done: workers look only at the few that are not.
        indexes = (
            models.Index(fields=("wake_at", "id"), condition=models.Q(state="waiting"), name="run_waiting"),
            models.Index(fields=("leased_until",), condition=models.Q(state="running"), name="run_in_hand"),
        )

    def __str__(self) -> str:
        return f"{self.work} {self.due_at.isoformat()} {self.state}"


class Attempt(models.Model):
    """One claim of a run by one worker."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="attempts")
    fence = models.PositiveBigIntegerField()
    holder = models.CharField(max_length=100)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=32, blank=True)
    """A `rules.Reason`; empty while it goes on."""
    error = models.TextField(blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "fence"), name="one_attempt_per_claim"),)

    def __str__(self) -> str:
        return f"{self.run_id}/{self.fence} {self.outcome}"


class FinishedStep(models.Model):
    """A step that is done, and what it returned: it is not done again."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="steps")
    name = models.CharField(max_length=100)
    fence = models.PositiveBigIntegerField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    result = models.JSONField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "name"), name="one_result_per_step"),)

    def __str__(self) -> str:
        return f"{self.run_id} {self.name}"


class Approval(models.Model):
    """A step's question whether it may act, and the answer."""

    class Answer(models.TextChoices):
        """What was answered."""

        GRANTED = "granted"
        REFUSED = "refused"

    run = models.ForeignKey(Run, models.CASCADE, related_name="approvals")
    step = models.CharField(max_length=100)
    wanted_of = models.CharField(max_length=200)
    """Whose consent is asked for, in the document's words."""
    asked_at = models.DateTimeField()
    answer = models.CharField(max_length=16, choices=Answer, blank=True)
    """Empty while the question is open."""
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=150, blank=True)
    note = models.TextField(blank=True)
    is_superseded = models.BooleanField(default=False)
    """The run was taken up again from before that step: the old answer counts no more."""

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("run", "step"), condition=models.Q(is_superseded=False), name="one_question_per_step"
            ),
        )

    def __str__(self) -> str:
        return f"{self.run_id} {self.step} {self.answer}"


class RunLog(models.Model):
    """Lines that a run wrote, in order; how many are kept is bounded."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="log")
    fence = models.PositiveBigIntegerField()
    step = models.CharField(max_length=100)
    at = models.DateTimeField()
    text = models.TextField()

    def __str__(self) -> str:
        return f"{self.run_id} {self.text}"
