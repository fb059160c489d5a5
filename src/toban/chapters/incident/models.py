"""Incidents: what they gather, what was done about them, and what is owed for them."""

from django.db import models
from django.db.models import Q

from toban.engine.message_field import MessageField
from toban.engine.notify.models import Alert
from toban.engine.runs.models import Run


class Incident(models.Model):
    """Something from which customers suffer, from its detection until nothing is owed for it any more."""

    class Origin(models.TextChoices):
        """What declared it."""

        ALERT = "alert"
        PERSON = "person"
        REPORT = "report"
        """A user's report."""
        DRILL = "drill"
        """A game day."""

    title = MessageField()
    origin = models.CharField(max_length=16, choices=Origin)
    level = models.CharField(max_length=100, blank=True)
    """In the document's words; empty if the document defines no levels."""
    clause_id = models.CharField(max_length=300, blank=True)
    """The row that defines the level."""
    document_digest = models.CharField(max_length=64)
    proposed = models.CharField(max_length=100, blank=True)
    """The level that the rule proposes for what is known now."""
    why = MessageField()
    """Why the rule proposes it."""
    respond_by = models.DateTimeField(null=True)
    """Until when somebody must answer it; None if its level sets no such limit."""
    recover_by = models.DateTimeField(null=True)
    """Until when it must be over; None if its level sets no such limit.

    Both follow from the document that was in force when the level was given, whatever it says later.
    """
    confirmed_at = models.DateTimeField(null=True)
    """When a person confirmed the level or took another; from then on the rule only proposes."""
    confirmed_by = models.CharField(max_length=150, blank=True)
    targets = models.JSONField(default=list)
    """The document's targets that are affected."""
    began_at = models.DateTimeField()
    """The first measurement out of bounds; for a report, when the user noticed it."""
    detected_at = models.DateTimeField()
    responded_at = models.DateTimeField(null=True)
    responded_by = models.CharField(max_length=150, blank=True)
    recovered_at = models.DateTimeField(null=True)
    """When no alert of it was open any more; null again if one opens within the same incident."""
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=150, blank=True)
    steps_left = models.JSONField(default=list)
    """The steps of the flow that had not been taken when it was closed, in the document's words."""
    commander = models.CharField(max_length=150, blank=True)
    """The account that leads the response."""
    scribe = models.CharField(max_length=150, blank=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")
    recurs = models.ForeignKey("self", models.PROTECT, null=True, related_name="recurrences")
    """The former incident whose failure this is again."""
    is_drill = models.BooleanField(default=False)
    is_public = models.BooleanField(default=False)
    """Whether the status page shows it."""
    public_note = models.TextField(blank=True)
    """What the status page says about it."""
    updated_at = models.DateTimeField()
    """When people were last told how it stands."""
    writers = models.JSONField(default=list)
    """The numbers of the accounts whose words its reports take over: none of them approves one."""

    class Meta:
        indexes = (
            models.Index(fields=("id",), condition=Q(closed_at=None), name="incident_open"),
            models.Index(fields=("clause_id", "detected_at"), name="incident_level"),
            models.Index(fields=("detected_at",), name="incident_detected"),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.level}"


class IncidentAlert(models.Model):
    """An alert that belongs to an incident."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="joined")
    alert = models.OneToOneField(Alert, models.PROTECT, related_name="incident_link")
    joined_at = models.DateTimeField()
    joined_by = models.CharField(max_length=150, blank=True)
    """Empty if the rule joined it."""
    reason = models.CharField(max_length=16, blank=True)
    """Why the rule joined it, a `declaring.rules.PlacingReason`; empty if a person did."""

    def __str__(self) -> str:
        return f"{self.incident_id} {self.alert_id}"


class LevelChange(models.Model):
    """A level that a person, or the rule, gave an incident."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="levels")
    at = models.DateTimeField()
    level = models.CharField(max_length=100)
    clause_id = models.CharField(max_length=300)
    respond_by = models.DateTimeField(null=True)
    recover_by = models.DateTimeField(null=True)
    by = models.CharField(max_length=150, blank=True)
    """Empty if it was the rule."""
    reason = MessageField()

    def __str__(self) -> str:
        return f"{self.incident_id} {self.level}"


class StageDone(models.Model):
    """A step of the document's flow that is over for an incident."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="stages")
    step = models.PositiveSmallIntegerField()
    """Its place in the flow, from 1, of the document then in force."""
    words = models.CharField(max_length=300)
    """What the document calls it: another document may have it in another place."""
    at = models.DateTimeField()
    by = models.CharField(max_length=150, blank=True)
    """Empty if evidence proves it."""
    said = MessageField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("incident", "words"), name="stage_once"),)

    def __str__(self) -> str:
        return f"{self.incident_id} {self.step}"


class TimelineEntry(models.Model):
    """One line of an incident's timeline."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="timeline")
    key = models.CharField(max_length=200)
    """What it was gathered from: `alert/12/opened`; gathering it again changes nothing."""
    kind = models.CharField(max_length=16)
    """A `timeline.kinds.EntryKind`."""
    at = models.DateTimeField()
    said = MessageField()
    by = models.CharField(max_length=150, blank=True)
    url = models.TextField(blank=True)
    is_hidden = models.BooleanField(default=False)
    """Somebody found that it does not belong here; exports leave it out."""
    is_amended = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("incident", "key"), name="gathered_once"),)
        indexes = (models.Index(fields=("incident", "at", "id"), name="timeline_order"),)

    def __str__(self) -> str:
        return f"{self.incident_id} {self.key}"


class TimelineEdit(models.Model):
    """What a line of the timeline said before somebody amended it."""

    entry = models.ForeignKey(TimelineEntry, models.CASCADE, related_name="edits")
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    said = MessageField()
    happened_at = models.DateTimeField()
    was_hidden = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.entry_id} {self.at.isoformat()}"


class RemedyUse(models.Model):
    """A remedy that was wanted for an alert, and what it did."""

    class Effect(models.TextChoices):
        """What the measurements said afterwards."""

        PENDING = "pending"
        RECOVERED = "recovered"
        """The alert ended after the remedy, in its time."""
        NO_EFFECT = "no-effect"
        WORSE = "worse"
        """The alert became critical, or others of the same target opened, after it."""
        NOT_RUN = "not-run"
        """It was only recorded, refused, or held back."""

    remedy = models.CharField(max_length=200)
    """The name of its table, `[remedies.NAME]`."""
    clause_id = models.CharField(max_length=300)
    """The row of the pattern."""
    target = models.CharField(max_length=200)
    incident = models.ForeignKey(Incident, models.SET_NULL, null=True, related_name="remedies")
    alert = models.ForeignKey(Alert, models.PROTECT, related_name="remedies")
    run = models.OneToOneField(Run, models.PROTECT, null=True, related_name="remedy_use")
    """None if it was held back."""
    wanted_at = models.DateTimeField()
    said = MessageField()
    """Why it was wanted, or held back."""
    effect = models.CharField(max_length=16, choices=Effect, default=Effect.PENDING)
    settled_at = models.DateTimeField(null=True)
    took = models.FloatField(null=True)
    """Seconds from its end until the alert ended."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("remedy", "alert"), name="once_per_alert"),)
        indexes = (
            models.Index(fields=("remedy", "target", "wanted_at"), name="remedy_lately"),
            models.Index(fields=("clause_id", "wanted_at"), name="remedy_row"),
        )

    def __str__(self) -> str:
        return f"{self.remedy} {self.effect}"


class IncidentReport(models.Model):
    """A version of an incident's report (障害報告書)."""

    class Kind(models.TextChoices):
        """How much is known."""

        PRELIMINARY = "preliminary"
        FINAL = "final"

    class State(models.TextChoices):
        """How far it is."""

        DRAFT = "draft"
        ASKED = "asked"
        """It waits for approval."""
        APPROVED = "approved"

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=16, choices=Kind)
    state = models.CharField(max_length=16, choices=State, default=State.DRAFT)
    version = models.PositiveSmallIntegerField()
    answers = models.JSONField(default=dict)
    """What only people know, by the name of the field: `cause`, `impact`, `interim`, `permanent`."""
    figures = models.JSONField(default=dict)
    """What evidence says, as it was when the report was last drafted; see `reports.content`."""
    digest = models.CharField(max_length=64, blank=True)
    """Of what is, or was, approved."""
    drafted_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    approved_by = models.CharField(max_length=300, blank=True)
    drafted_by = models.CharField(max_length=150, blank=True)
    """Empty if Toban drafted it by itself."""
    writers = models.JSONField(default=list)
    """The numbers of the accounts that wrote in it: none of them approves it."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("incident", "kind", "version"), name="report_version"),
        )

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind} {self.version}"


class PreventionMeasure(models.Model):
    """Something that keeps an incident from coming again, and that can be checked (再発防止策)."""

    class Kind(models.TextChoices):
        """What proves that it is done."""

        CHANGE = "change"
        """A merged change or a release: a commit, or an address."""
        ROW = "row"
        """A new or changed row of the document."""
        BATCH = "batch"
        """A work of the run ledger that has succeeded since."""
        EXCEPTION = "exception"
        """An accepted exception with an end."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="measures")
    words = models.TextField()
    kind = models.CharField(max_length=16, choices=Kind)
    reference = models.CharField(max_length=500)
    """The commit, the row's id, the work's key, the exception's number."""
    owner = models.CharField(max_length=150)
    due_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=150)
    """Who named what proves it."""
    recorders = models.JSONField(default=list)
    """The numbers of the accounts by which they may be known."""
    kept_at = models.DateTimeField(null=True)
    """Since when it is done; None again if what proves it is gone."""
    proof = MessageField()
    """What shows that it is done, or what is still missing."""
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=150, blank=True)
    withdrawn_because = models.TextField(blank=True)

    class Meta:
        indexes = (models.Index(fields=("due_on",), condition=Q(withdrawn_at=None), name="measure_due"),)

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind} {self.reference}"


class GameDay(models.Model):
    """A failure that was made on purpose, and what answered."""

    class State(models.TextChoices):
        """How it went."""

        RUNNING = "running"
        PASSED = "passed"
        FAILED = "failed"

    pattern = models.CharField(max_length=200)
    clause_id = models.CharField(max_length=300)
    document_digest = models.CharField(max_length=64)
    run = models.OneToOneField(Run, models.PROTECT, null=True, related_name="game_day")
    incident = models.OneToOneField(Incident, models.SET_NULL, null=True, related_name="game_day")
    state = models.CharField(max_length=16, choices=State, default=State.RUNNING)
    broken_at = models.DateTimeField()
    times = models.JSONField(default=dict)
    """`broken` and `restored`, when the commands had ended, and each `gameday.watching.Part` → ISO time."""
    checks = models.JSONField(default=list)
    """Each part with its time and its limit, as `gameday.watching.Check`."""
    evidence_sequence = models.PositiveBigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)
    said = MessageField()

    def __str__(self) -> str:
        return f"{self.pattern} {self.state}"
