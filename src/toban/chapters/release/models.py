"""What chapter 5 keeps: artefacts, releases with their stop-watch, locks, and what sources have told."""

from django.db import models
from django.db.models import Q

from toban.engine.message_field import MessageField


class StoredArtifact(models.Model):
    """What was made of a commit, once; the same bytes go to every environment."""

    service = models.CharField(max_length=200)
    commit = models.CharField(max_length=64)
    digest = models.CharField(max_length=100, blank=True)
    """See `engine.Artifact`; empty until it is made."""
    label = models.CharField(max_length=200)
    image = models.CharField(max_length=500, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    """Bytes of the archive."""
    ordered_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True)
    """When its bytes were there; until then it has no digest."""
    removed_at = models.DateTimeField(null=True)
    """When the archive was removed from the home; the row stays as evidence."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("service", "commit"), name="one_artifact_per_commit"),)

    def __str__(self) -> str:
        return f"{self.service} {self.label} {self.digest[:12]}"


class Release(models.Model):
    """One version on its way to one environment, or back."""

    class Kind(models.TextChoices):
        """Why there is a release."""

        REGULAR = "regular"
        """A release of the document's schedule."""
        PATCH = "patch"
        """Outside of the schedule, for an incident or an error."""
        AUTOMATIC = "automatic"
        """A trigger of the document ordered it: a merge, a new release branch."""
        ROLLBACK = "rollback"
        DRILL = "drill"
        """A rehearsed rollback."""
        FIRST = "first"
        """The version that an environment begins with: it is bound, or served before Toban was asked."""

    class State(models.TextChoices):
        """How far it is."""

        PLANNED = "planned"
        """It waits for its time, and for its approval if it needs one."""
        RUNNING = "running"
        """Its run is under way."""
        WATCHED = "watched"
        """It serves everywhere, and could still be rolled back by itself."""
        DONE = "done"
        FAILED = "failed"
        """It never served everywhere, and what served before still does, unless the note says otherwise.

    With `served_at`: it served, fell ill in its watch, and was not rolled back.
    """
        ROLLED_BACK = "rolled-back"
        """It served, and was rolled back."""
        ABORTED = "aborted"
        """People called it off, or its approval was refused or not given in time."""

    service = models.CharField(max_length=200)
    environment = models.CharField(max_length=200)
    deployment = models.CharField(max_length=200)
    """The name of its table, `[deployments.NAME]`."""
    kind = models.CharField(max_length=16, choices=Kind)
    state = models.CharField(max_length=16, choices=State, default=State.PLANNED)
    artifact = models.ForeignKey(StoredArtifact, models.PROTECT, related_name="releases")
    former = models.ForeignKey(StoredArtifact, models.PROTECT, null=True, related_name="+")
    """What served when it was planned, and is served again if it fails; None if nothing did."""
    undoes = models.ForeignKey("self", models.PROTECT, null=True, related_name="undone_by")
    """For a rollback: the release that it undoes."""
    clause_id = models.CharField(max_length=300)
    """The row that orders how versions get to this environment, or how they get back."""
    schedule_clause_id = models.CharField(max_length=300, blank=True)
    """The row of the release schedule that it follows."""
    document_digest = models.CharField(max_length=64)
    cause = models.CharField(max_length=500, blank=True)
    """What a patch mends, or why it goes back: a number, a link, or a sentence."""
    trigger = models.CharField(max_length=300, blank=True)
    """The branch that ordered an automatic one."""
    asked_from = models.CharField(max_length=500, blank=True)
    """The address of the run elsewhere that has asked for it, and carries it out."""
    ordered_by = models.CharField(max_length=150)
    """The account, `trigger`, `schedule` or `watch`."""
    orderers = models.JSONField(default=list)
    """The numbers of the accounts that ordered it: none of them approves it."""
    is_reversible = models.BooleanField(default=True)
    """False if it brings a migration that is not declared reversible."""
    loses_migrations = models.BooleanField(default=False)
    """Whether such a migration serves now, and this version lacks it: it may not know the schema."""
    is_writer_unknown = models.BooleanField(default=False)
    """Whether others may have written it, too: of all that there ever was, only the newest is looked at."""
    commits = models.JSONField(default=list)
    """What came in, newest first: pairs of a commit's hash and its time; see `dora`."""
    facts = models.JSONField(default=list)
    """What was shown when it was planned: pairs of label and value, each a message as JSON."""
    backup_run = models.PositiveBigIntegerField(null=True)
    """The run that backed up before it, if it can't be undone."""
    run = models.PositiveBigIntegerField(null=True)
    """The newest run of the ledger that works on it."""
    note = MessageField()
    """Why it is where it is."""
    planned_at = models.DateTimeField()
    """When it is to begin."""
    ordered_at = models.DateTimeField()
    detected_at = models.DateTimeField(null=True)
    """For a rollback: when the trouble was first detected."""
    decided_at = models.DateTimeField(null=True)
    """When it was approved; for a rollback: when somebody, or the watch, decided on it."""
    began_at = models.DateTimeField(null=True)
    served_at = models.DateTimeField(null=True)
    """When the last instance served the version."""
    checked_at = models.DateTimeField(null=True)
    """When it was found healthy after that."""
    watched_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    announced = models.CharField(max_length=16, blank=True)
    """The state that the source was last told."""

    class Meta:
        indexes = (
            models.Index(fields=("service", "environment", "-id"), name="release_newest"),
            models.Index(
                fields=("planned_at",),
                condition=Q(state__in=("planned", "running", "watched")),
                name="release_open",
            ),
        )
        constraints = (
            # However often a trigger is seen: one release for each commit, by itself.
            models.UniqueConstraint(
                fields=("service", "environment", "artifact"),
                condition=Q(kind="automatic"),
                name="one_automatic_release_per_commit",
            ),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.service} {self.environment} {self.kind} {self.state}"

    @property
    def is_bold(self) -> bool:
        """Whether nobody decides on it alone: it can't be undone, or goes back over what can't be."""
        return self.loses_migrations or not self.is_reversible


class DeploymentLock(models.Model):
    """Who is changing an environment, and why: nobody else begins."""

    deployment = models.CharField(max_length=200, unique=True)
    release = models.ForeignKey(Release, models.CASCADE, null=True)
    """The release under way; None if a person has locked it."""
    owner = models.CharField(max_length=150)
    reason = models.CharField(max_length=500)
    since = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.deployment} {self.owner}"


class SourceBranch(models.Model):
    """A branch, or a tag, as the source was last seen."""

    service = models.CharField(max_length=200)
    name = models.CharField(max_length=300)
    is_tag = models.BooleanField(default=False)
    commit = models.CharField(max_length=64)
    first_seen_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    """When the branch last moved."""
    rewritten_at = models.DateTimeField(null=True)
    """When its history was last replaced (a force push)."""
    rewritten_from = models.CharField(max_length=64, blank=True)
    gone_at = models.DateTimeField(null=True)
    """When the source no longer had it; the row stays for a while, to know one that comes back."""
    note = MessageField()
    """Why its commit is not released by itself, although the document orders it."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("service", "name", "is_tag"), name="one_row_per_branch"),
        )

    def __str__(self) -> str:
        return f"{self.service} {self.name} {self.commit[:12]}"


class CommitProof(models.Model):
    """What a source has said about a commit: the newest word of each kind counts."""

    service = models.CharField(max_length=200)
    commit = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    """A `source.ProofKind`."""
    is_given = models.BooleanField(null=True)
    said = MessageField()
    url = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("service", "commit", "kind"), name="one_proof_per_kind"),
        )

    def __str__(self) -> str:
        return f"{self.service} {self.commit[:12]} {self.kind} {self.is_given}"


class SourceLook(models.Model):
    """The last time a source was asked."""

    service = models.CharField(max_length=200, primary_key=True)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    """When it last answered."""
    wanted_at = models.DateTimeField(null=True)
    """When somebody last said that it has something new: a webhook."""
    began = models.JSONField(default=dict)
    """Deployment → since when its trigger counts: what the source had before is not released by itself."""
    trouble = MessageField()
    """Why it did not answer the last time; says nothing if it did."""

    def __str__(self) -> str:
        return f"{self.service} {self.asked_at.isoformat()}"


class ServingLook(models.Model):
    """What serves in an environment, by the last look at its instances."""

    deployment = models.CharField(max_length=200, primary_key=True)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    """When all of its instances last answered."""
    serving = models.JSONField(default=dict)
    """Instance → digest, at that time; empty for a version that is none of Toban's."""
    stray_since = models.DateTimeField(null=True)
    """Since when something serves that no release has brought; None if all of it is what the ledger says."""
    trouble = MessageField()
    """Why the last look failed; says nothing if it did not."""

    def __str__(self) -> str:
        return f"{self.deployment} {self.asked_at.isoformat()}"


class RollbackDrill(models.Model):
    """What a rehearsed rollback showed: the certificate is made of it. Its times stand in its release."""

    release = models.OneToOneField(Release, models.CASCADE, related_name="drill")
    is_passed = models.BooleanField(null=True)
    """None while it is under way, and if it was broken off."""
    reason = MessageField()
    """Why it did not pass."""
    seconds = models.FloatField(null=True)
    """From the decision until the last instance served the former version."""
    limit_seconds = models.FloatField(null=True)
    """What the document promises for that."""
    phases = models.JSONField(default=dict)
    """Phase → seconds, in order."""
    checks = models.JSONField(default=list)
    """What was verified: name and finding as messages, and whether it is as it should be."""
    restored_at = models.DateTimeField(null=True)
    """When the version that served before served again everywhere."""
    evidence_sequence = models.PositiveBigIntegerField(null=True)
    """The entry of the ledger that records it."""

    def __str__(self) -> str:
        return f"{self.release_id} {self.is_passed}"
