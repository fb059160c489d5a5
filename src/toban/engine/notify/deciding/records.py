"""The input of one look: the alerts that are not settled, and what affects them, as values. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from toban.catalogue import DOCUMENTS_LANGUAGE
from toban.design.values.schedule import Schedule
from toban.design.values.severity import AlertLevel
from toban.engine.exceptions.rules import CoveringException
from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.duty.escalation import EscalationProgress
from toban.engine.notify.routing import flapping
from toban.engine.notify.routing.maintenance import AnnouncedMaintenance
from toban.engine.notify.routing.muting import OpenAlert
from toban.engine.notify.routing.silences import ActiveSilence
from toban.engine.notify.routing.stages import LastNotice
from toban.engine.notify.signal import EVENT, LEVEL_OF, Condition
from toban.message import NOTHING, Message

AT_LEAST_EVERY = timedelta(minutes=1)
"""The longest time between looks at an alert: who is on duty and which window is open change with time."""

type Place = tuple[str, str, tuple[str, ...]]
"""Destination, rule and recipients: these identify an alert's outcome."""


def place(destination: str, rule_id: str, recipients: Iterable[str]) -> Place:
    """Return the key of an outcome: its destination, or the row and recipients of a dead end without one."""
    return (destination, "", ()) if destination else ("", rule_id, tuple(recipients))


@dataclass(frozen=True, slots=True)
class SentNotice:
    """A notification of an alert that was put into the outbox for one destination."""

    kind: NoticeKind
    condition: Condition
    destination: str
    channel: str
    addresses: tuple[str, ...]
    recipients: tuple[str, ...]
    rule_id: str
    rule_citation: Message
    at: datetime
    is_lost: bool = False
    """It did not arrive, and is not retried."""
    language: str = DOCUMENTS_LANGUAGE
    announcement: int = 0
    is_stand_in: bool = False
    """It went there only because another place could not be reached."""

    @property
    def is_trouble(self) -> bool:
        """Whether it said that something is wrong: neither that it is over, nor who deals with it."""
        return self.kind not in (NoticeKind.RECOVERED, NoticeKind.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True)
class DeliveryHistory:
    """What has happened with an alert so far."""

    notices: Sequence[SentNotice] = ()
    """The oldest first; includes those of the flapping that the alert belongs to."""
    said: Mapping[Place, tuple[str, Message]] = field(default_factory=dict)
    """Reason and detail of the last outcome at each place."""
    escalation: EscalationProgress | None = None

    def reason_at(self, destination: str) -> str:
        """Return the reason of the last outcome at *destination*; empty if there is none."""
        reason, _ = self.said.get(place(destination, "", ()), ("", NOTHING))
        return reason

    def first_told(self, destination: str) -> int | None:
        """Return the announcement by which *destination* first knew; None if it does not know yet."""
        there = (each for each in self.notices if each.destination == destination)
        return next((each.announcement for each in there if each.kind is not NoticeKind.RECOVERED), None)

    def is_swinging(self, destination: str) -> bool:
        """Return whether *destination* has been told again and again that the alert changed."""
        there = [each for each in self.notices if each.destination == destination and each.is_trouble]
        changes = [
            each.at
            for before, each in zip((None, *there), there, strict=False)
            if before is None or before.condition is not each.condition
        ]
        return flapping.is_swinging(changes)

    def told(self, destination: str, kind: NoticeKind) -> LastNotice | None:
        """Return the last notification to *destination*, or to any if it had none and this is a recovery.

        So the 情報 row is notified of a recovery, too.
        """
        there = [each for each in self.notices if each.destination == destination]
        if not there and kind is NoticeKind.RECOVERED:
            # Others know of the recovery already if this place had to wait for it.
            there = [each for each in self.notices if each.kind is not NoticeKind.RECOVERED]
        # An acknowledgement is no news of the problem itself.
        there = [each for each in there if each.kind is not NoticeKind.ACKNOWLEDGED]
        if not there:
            return None
        last = there[-1]
        return LastNotice(last.kind, last.condition, at=last.at, was_lost=all(each.is_lost for each in there))


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert as read from the database; see `models.Alert`."""

    id: int
    key: str
    clause_id: str
    citation: str
    subject: Message
    condition: Condition
    value: Message
    limit: Message
    advice: Message
    labels: Mapping[str, str]
    people: Sequence[str]
    began_at: datetime
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    acknowledgement_told: bool = False
    released_at: datetime | None = None
    flap_root_id: int | None = None
    past: DeliveryHistory = field(default_factory=DeliveryHistory)

    @property
    def kind(self) -> NoticeKind:
        """The kind of notification to send; an event, which is over at once, never recovers."""
        if self.resolved_at is not None and EVENT not in self.labels:
            return NoticeKind.RECOVERED
        return NoticeKind.NO_DATA if self.condition is Condition.NO_DATA else NoticeKind.FIRING

    @property
    def level(self) -> AlertLevel:
        """The level of the matrix rows that apply to it."""
        return LEVEL_OF[self.condition]

    @property
    def holds_since(self) -> datetime | None:
        """Since when it has been at least as grave as now; None if it is over, an event, or flaps.

        An alert that alternates between warning and critical has been a warning all along. What flaps goes on
        by definition, though each of its alerts is short.
        """
        if self.resolved_at is not None or self.flap_root_id is not None:
            return None
        return self.changed_at if self.condition is Condition.CRITICAL else self.opened_at

    @property
    def trouble(self) -> OpenAlert:
        """The part of the alert that matters for inhibition."""
        return OpenAlert(self.key, self.subject, self.condition, self.labels)


@dataclass(frozen=True, slots=True)
class AlertingSnapshot:
    """Everything that one look reads."""

    now: datetime
    alerts: Sequence[AlertRecord]
    """The alerts that may need a notification."""
    troubles: Sequence[OpenAlert] = ()
    """All open alerts: they may inhibit others."""
    lately_down: Sequence[tuple[OpenAlert, datetime]] = ()
    """What was down, with the end of each: what it led to may take a little longer to be over."""
    told_of: Mapping[str, Sequence[SentNotice]] = field(default_factory=dict)
    """Key of an open alert from which one of `alerts` follows → its notifications."""
    silences: Sequence[ActiveSilence] = ()
    """Active silences, and those that ended recently enough for an open alert to be notified again."""
    exceptions: Sequence[CoveringException] = ()
    """Those in force that hold notifications back."""
    maintenance: Sequence[AnnouncedMaintenance] = ()
    """Maintenance that people have announced."""
    newest_flaps: Mapping[str, int] = field(default_factory=dict)
    """Flapping key → its last alert: the calm is counted from that alert's end."""
    ongoing_groups: frozenset[int] = frozenset()
    """The announcements of which some alerts are over, and some are not."""
    digests: frozenset[Schedule] = frozenset()
    """The digests whose time has come."""
    lately: Mapping[str, tuple[int, datetime]] = field(default_factory=dict)
    """Destination → number of messages within the last minute, and when the last one was written."""
