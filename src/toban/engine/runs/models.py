"""The run ledger's tables: what is due, running and done is read from here, never kept in a process."""

from django.db import models

from toban.engine.message_field import MessageField


class PlannedWork(models.Model):
    """A work that the document requires, and the time up to which its due times have become runs."""

    key = models.CharField(max_length=200, primary_key=True)
    clause_id = models.CharField(max_length=300)
    rule = models.TextField()
    """The schedule and its zone as text: a changed rule starts over, without a past to catch up on."""
    timing = models.TextField(default="")
    """The same for people: the document's own words, and the zone."""
    planned_until = models.DateTimeField()
    next_due = models.DateTimeField(null=True)
    depends_on = models.JSONField(default=list)
    """Keys of the works that must have succeeded for the same due time."""
    parameters = models.JSONField(null=True)
    """The parameters of a run, in the form of `parameters.kept`; None: anything."""
    needs_approval = models.BooleanField(default=False)
    """A step of it needs approval: who orders it must be known."""
    is_reported = models.BooleanField(default=False)
    """It is done elsewhere and only reported: it can't be started or ended here."""
    is_task = models.BooleanField(default=False)
    """A person performs it: it is not ordered but signed off."""
    in_force = models.BooleanField(default=True)
    """False if the row or its binding is gone; no run is started then."""

    class Meta:
        indexes = (
            models.Index(fields=("next_due",), condition=models.Q(in_force=True), name="work_next_due"),
        )

    def __str__(self) -> str:
        return f"{self.key} {self.rule}"


class Run(models.Model):
    """One work at one due time; there is never a second run for it."""

    class State(models.TextChoices):
        """The state of the run."""

        WAITING = "waiting"
        """Waiting for its time, its turn, or its next attempt; it occupies no worker."""
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        MISSED = "missed"
        SKIPPED = "skipped"
        CANCELLED = "cancelled"
        SHADOW = "shadow"
        """It would have run, but its mode is to change nothing: it proves nothing."""

    OPEN = (State.WAITING, State.RUNNING)
    """The states of a run that is not over."""

    work = models.CharField(max_length=200)
    due_at = models.DateTimeField()
    clause_id = models.CharField(max_length=300)
    document_digest = models.CharField(max_length=64)
    ordered_by = models.CharField(max_length=150)
    """`schedule`, `trigger`, or the account that asked for it."""
    orderers = models.JSONField(default=list)
    """The numbers of the accounts that ordered it or had it repeated: none of them approves it."""
    parameters = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=32)
    """A `rules.RunReason`: why the state is what it is."""
    note = MessageField()
    """The last error, the result, or who ordered what."""
    wake_at = models.DateTimeField()
    """It must not start before this time."""
    due_until = models.DateTimeField(null=True)
    """For a task: the end of its window; a sign-off from then on is late."""
    is_rerun = models.BooleanField(default=False)
    """It repeats a failed run, by itself."""
    failures = models.PositiveSmallIntegerField(default=0)
    losses = models.PositiveSmallIntegerField(default=0)
    """How often a worker died or froze during it."""
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    holder = models.CharField(max_length=100, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    """Grows with every claim: a worker with a smaller one has been replaced."""
    leased_until = models.DateTimeField(null=True)
    is_cancelling = models.BooleanField(default=False)
    step = models.CharField(max_length=100, blank=True)
    """The current step, or the one where the run stopped or waits."""
    progress_percent = models.FloatField(null=True)
    """The progress of that step, 0 to 100, if known."""
    progress_text = MessageField()
    progress_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("work", "due_at"), name="one_run_per_due_time"),
            # No overlap, regardless of who claims: the database itself refuses a second running run.
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
    """A `rules.RunReason`; empty while the attempt is running."""
    error = MessageField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "fence"), name="one_attempt_per_claim"),)

    def __str__(self) -> str:
        return f"{self.run_id}/{self.fence} {self.outcome}"


class FinishedStep(models.Model):
    """A finished step, and what it returned; it is not repeated."""

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


class HostResult(models.Model):
    """One of the hosts on which a run does the same; the run succeeds only if it succeeds on all of them."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="hosts")
    name = models.CharField(max_length=300)
    state = models.CharField(max_length=16)
    """A `rules.HostState`."""
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    note = MessageField()
    """Why it failed there."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "name"), name="one_result_per_host"),)

    def __str__(self) -> str:
        return f"{self.run_id} {self.name} {self.state}"


class RunLog(models.Model):
    """Lines that a run wrote, in order; their number is limited."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="log")
    fence = models.PositiveBigIntegerField()
    step = models.CharField(max_length=100)
    at = models.DateTimeField()
    text = MessageField()
    """What another program wrote is a plain message."""

    def __str__(self) -> str:
        return f"{self.run_id} {self.text}"
