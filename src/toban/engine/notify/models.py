"""Alerts, the notifications sent about them, and the reasons."""

import hashlib
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from toban.catalogue import DOCUMENTS_LANGUAGE, LANGUAGES
from toban.design.values.severity import AlertLevel
from toban.engine.changes.models import Change
from toban.engine.message_field import MessageField
from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.routing.silences import APPROVAL, ActiveSilence
from toban.engine.notify.signal import EVENT, Condition
from toban.engine.state.question import Given
from toban.message import Message, from_json

_CONDITIONS = [(condition.value, condition.value) for condition in Condition]
_LEVELS = [(level.value, level.value) for level in AlertLevel]


class Alert(models.Model):
    """One problem with one thing, from its first detection until it is over.

    Missing data is a separate alert from the one about the measured value: neither resolves the other.
    """

    key = models.TextField()
    """The signal's key; `…/no-data` for missing data. One alert per key is open at a time."""
    clause_id = models.CharField(max_length=300)
    citation = models.TextField()
    clause_text = models.TextField()
    subject = MessageField()
    document_digest = models.CharField(max_length=64, blank=True)
    condition = models.CharField(max_length=16, choices=_CONDITIONS)
    """The current condition while open, the last bad one afterwards."""
    value = MessageField()
    """The last measured value; after the recovery, the value that ended the alert."""
    limit = MessageField()
    advice = MessageField()
    labels = models.JSONField(default=dict)
    """`target`, `item`, `instance`: silences and inhibition match these."""
    people = models.JSONField(default=list)
    """Who is notified in addition to the matrix's recipients: names in `[people]`."""
    began_at = models.DateTimeField()
    """When the first measurement out of bounds was made: the breach."""
    opened_at = models.DateTimeField()
    """When Toban first decided that something is wrong: the detection."""
    changed_at = models.DateTimeField()
    """When Toban decided on the current condition."""
    resolved_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    """For an alert from outside: until when it holds unless sent again; None if its sender is silent."""
    heard_at = models.DateTimeField(null=True)
    """For an alert from outside: when it was last sent."""
    acknowledged_at = models.DateTimeField(null=True)
    """When somebody acknowledged it: from then on it is neither repeated nor escalated."""
    acknowledged_by = models.CharField(max_length=150, blank=True)
    acknowledgement_told = models.BooleanField(default=False)
    released_at = models.DateTimeField(null=True)
    """When an acknowledgement was withdrawn that others had already been notified of."""
    flap_root = models.ForeignKey("self", models.PROTECT, null=True, related_name="flaps")
    """The alert of the same key in which the flapping was first detected; that alert refers to itself."""
    look_at = models.DateTimeField(null=True)
    """When to look again: until then only the alert itself can change its decision; null: look now."""
    settled = models.BooleanField(default=False)
    """The recovery has passed the pipeline: nothing more will be announced."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("key",), condition=Q(resolved_at=None), name="alert_open_once"),
        )
        indexes = (
            models.Index(fields=("id",), condition=Q(settled=False), name="alert_unsettled"),
            models.Index(fields=("clause_id", "opened_at"), name="alert_clause"),
            models.Index(fields=("key", "opened_at"), name="alert_key"),
        )

    is_flap_root = False
    """Set before the alert is saved: it will be its own `flap_root`."""

    def __str__(self) -> str:
        return f"{self.key} {self.condition}"

    @property
    def is_event(self) -> bool:
        """Whether it only reports that something happened: it was over at once, and never recovers."""
        return EVENT in self.labels

    @property
    def ends_with_review(self) -> bool:
        """Whether it is about what went ahead without approval: nobody acknowledges it before the review."""
        return bool(self.labels == APPROVAL)

    @property
    def incident_key(self) -> str:
        """A key that is the same for all notifications of this alert, and unique across installations."""
        return hashlib.sha256(f"{self.key}\n{self.opened_at.isoformat()}".encode()).hexdigest()[:40]


class Announcement(models.Model):
    """What one notification says, the same for all recipients, each of whom reads it in a language."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="announcements")
    """The alert it is about; if it is about many, the one that represents them."""
    alerts = models.ManyToManyField(Alert, related_name="told_in", through="AnnouncedAlert")
    """All alerts that it is about."""
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in NoticeKind])
    condition = models.CharField(max_length=16, choices=_CONDITIONS)
    level = models.CharField(max_length=16, choices=_LEVELS)
    title = MessageField()
    facts = models.JSONField()
    """Pairs of label and value, each a message as JSON."""
    at = models.DateTimeField()
    url = models.TextField(blank=True)

    def __str__(self) -> str:
        return str(self.title)

    @property
    def told(self) -> tuple[tuple[Message, Message], ...]:
        """The facts, label and value."""
        return tuple((from_json(label), from_json(value)) for label, value in self.facts)


class AnnouncedAlert(models.Model):
    """What a notification says about one of its alerts: in a digest each has a condition of its own."""

    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE)
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in NoticeKind])
    condition = models.CharField(max_length=16, choices=_CONDITIONS)

    class Meta:
        db_table = "notify_announcement_alerts"
        unique_together = (("announcement", "alert"),)

    def __str__(self) -> str:
        return f"{self.announcement_id} {self.alert_id} {self.kind} {self.condition}"


class DigestTurn(models.Model):
    """The last time at which a digest was due: it was sent, or there was nothing to send."""

    digest = models.CharField(max_length=300, primary_key=True)
    """The schedule in the document's words, in their canonical form."""
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.digest} {self.at.isoformat()}"


class Posting(models.Model):
    """Something on its way through one channel; afterwards it is the receipt."""

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting"
        DELIVERED = "delivered"
        FAILED = "failed"

    key = models.CharField(max_length=64, unique=True)
    """Idempotency key: the same for every attempt."""
    channel = models.CharField(max_length=200)
    """The channel's name in toban.toml."""
    language = models.CharField(
        max_length=8, choices=[(each, each) for each in LANGUAGES], default=DOCUMENTS_LANGUAGE
    )
    """The language in which it is sent."""
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    created_at = models.DateTimeField()
    next_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    """Number of attempts begun; the result of one is written only if no later one has begun."""
    settled_at = models.DateTimeField(null=True)
    receipt = models.TextField(blank=True)
    """The receiver's own reference."""
    error = MessageField()

    class Meta:
        abstract = True


class Delivery(Posting):
    """One announcement on its way through one channel: the outbox, and afterwards the receipt."""

    announcement = models.ForeignKey(Announcement, on_delete=models.PROTECT, related_name="deliveries")
    destination = models.TextField()
    """The channel, with the address if it has one per recipient: "already notified" is decided by this."""
    addresses = models.JSONField(default=list)
    """The recipients' addresses on this channel; empty if the channel has a fixed place."""
    recipients = models.JSONField(default=list)
    """Roles or places in the document's words."""
    rule_id = models.CharField(max_length=300)
    """The clause id of the matrix row that requires it."""
    rule_citation = MessageField()
    """The row, with a note if it is assumed."""
    handed_on = models.BooleanField(default=False)
    """It was late and was also sent another way, or it is that other delivery."""

    class Meta:
        indexes = (
            models.Index(fields=("channel", "next_at"), condition=Q(state="waiting"), name="delivery_due"),
            models.Index(fields=("rule_id", "id"), name="delivery_rule"),
            models.Index(fields=("created_at",), name="delivery_created"),
        )

    def __str__(self) -> str:
        return f"{self.destination} {self.state}"

    @property
    def is_stand_in(self) -> bool:
        """Whether it goes another way instead of a late delivery; others are as old as what they say."""
        return self.created_at > self.announcement.at


class ChangePosting(Posting):
    """One change on its way to a program through one channel."""

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="postings")

    class Meta:
        indexes = (
            models.Index(fields=("channel", "next_at"), condition=Q(state="waiting"), name="posting_due"),
            models.Index(fields=("created_at",), name="posting_created"),
        )
        constraints = (models.UniqueConstraint(fields=("channel", "change"), name="posted_once"),)

    def __str__(self) -> str:
        return f"{self.change_id} {self.channel} {self.state}"


class ChangeCursor(models.Model):
    """The last change that was considered for a channel: later ones are still to be posted."""

    channel = models.CharField(max_length=200, primary_key=True)
    entry = models.BigIntegerField()
    """The number of its entry in the evidence."""

    def __str__(self) -> str:
        return f"{self.channel} {self.entry}"


class StageOutcome(models.Model):
    """Why a notification was, or was not, put into the outbox; a row is written when the outcome changes."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="outcomes")
    at = models.DateTimeField()
    condition = models.CharField(max_length=16, choices=_CONDITIONS)
    destination = models.TextField(blank=True)
    recipients = models.JSONField(default=list)
    rule_id = models.CharField(max_length=300, blank=True)
    rule_citation = MessageField()
    passed = models.BooleanField()
    stage = models.CharField(max_length=32)
    """The stage that decided."""
    reason = models.CharField(max_length=64)
    detail = MessageField()
    """The reason for people, with a way out if there is one."""
    trail = models.JSONField()
    """Every stage that was asked, as pairs of stage and reason."""

    class Meta:
        indexes = (models.Index(fields=("alert", "id"), name="outcome_alert"),)

    def __str__(self) -> str:
        return f"{self.stage}: {self.reason}"


class Periods[Period: "OrderedPeriod"](models.QuerySet[Period]):
    """Periods that people ordered."""

    def unended(self, now: datetime | Given) -> Self:
        """Return the active and the future ones."""
        return self.filter(ends_at__gt=now)

    def holding(self, now: datetime) -> Self:
        """Return the active ones."""
        return self.unended(now).filter(starts_at__lte=now)


class OrderedPeriod(models.Model):
    """Something that a person ordered for a limited time, with a reason; there is always an end."""

    author = models.CharField(max_length=150)
    reason = models.TextField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    objects = Periods.as_manager()

    class Meta:
        abstract = True


class Silence(OrderedPeriod):
    """Notifications that somebody stopped until a time; alerts that still fire then are notified again."""

    matchers = models.JSONField()
    """All must match: names that `silences.is_matcher` accepts, with the value that each must have."""

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(ends_at__gte=models.F("starts_at")), name="silence_ends"),
        )
        indexes = (models.Index(fields=("ends_at",), name="silence_end"),)

    def __str__(self) -> str:
        return f"{self.matchers} {self.ends_at.isoformat()}"

    @property
    def quiet(self) -> ActiveSilence:
        """The silence as the pipeline's value."""
        return ActiveSilence(self.matchers, self.author, self.reason, self.starts_at, self.ends_at)


class Maintenance(OrderedPeriod):
    """Planned maintenance that is not in the document: announced here by a person, one time only."""

    targets = models.JSONField(default=list)
    """The document's targets under maintenance; empty for the whole system."""

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(ends_at__gte=models.F("starts_at")), name="maintenance_ends"),
        )
        indexes = (models.Index(fields=("ends_at",), name="maintenance_end"),)

    def __str__(self) -> str:
        return f"{self.reason} {self.ends_at.isoformat()}"


class DutyOverride(OrderedPeriod):
    """A deputy who holds a role of the document for a time, regardless of turns; see `roster.Override`."""

    role = models.TextField()
    person = models.TextField()
    """The name in `[people]`."""
    makers = models.JSONField(default=list)
    """The numbers of the accounts of who had just set the author's password: it may have been they."""
    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    """The author's; None if a command made it for somebody who has none."""
    lockouts = models.PositiveIntegerField(null=True)
    """The account's `lockouts` then: one more ends the deputy, as whoever made it may have been another."""

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(ends_at__gte=models.F("starts_at")), name="override_ends"),
        )
        indexes = (models.Index(fields=("ends_at",), name="override_end"),)

    def __str__(self) -> str:
        return f"{self.role} {self.person} {self.ends_at.isoformat()}"


class Escalation(models.Model):
    """The escalation of an unacknowledged alert, with the policy that was in force when it began."""

    alert = models.OneToOneField(Alert, models.PROTECT, related_name="escalation")
    policy = models.JSONField()
    """Steps in order: seconds since the first notification, roles, and what requires it."""
    began_at = models.DateTimeField()
    steps_done = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.alert_id} {self.steps_done}"


class Leader(models.Model):
    """The worker that measures, announces and sends; see `lead.Lead`."""

    name = models.CharField(max_length=32, primary_key=True)
    holder = models.CharField(max_length=300, blank=True)
    """Empty if the last leader has released the lead."""
    beats = models.BigIntegerField(default=0)
    """Grows with every heartbeat."""

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"
