"""What one look knows: the alerts that are not settled, and all that bears on them, as values. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from toban.design.values.severity import AlertLevel
from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.duty.escalation import Progress
from toban.engine.notify.routing.maintenance import Planned
from toban.engine.notify.routing.muting import Trouble
from toban.engine.notify.routing.silences import Quiet
from toban.engine.notify.routing.stages import Told
from toban.engine.notify.signal import EVENT, LEVEL_OF, Condition

AT_LEAST_EVERY = timedelta(minutes=1)
"""Who is on duty and which window is open changes by the clock: no alert is left alone for longer."""

type Place = tuple[str, str, tuple[str, ...]]
"""Destination, rule and recipients: what tells an alert's outcomes apart."""


def place(destination: str, rule_id: str, recipients: Iterable[str]) -> Place:
    """Return where an outcome belongs: a dead end, without destination, by row and recipients."""
    return (destination, "", ()) if destination else ("", rule_id, tuple(recipients))


@dataclass(frozen=True, slots=True)
class SentNotice:
    """A notice of an alert that was put into the outbox for one place."""

    kind: NoticeKind
    condition: Condition
    destination: str
    channel: str
    addresses: tuple[str, ...]
    recipients: tuple[str, ...]
    rule_id: str
    rule_citation: str
    at: datetime
    is_lost: bool = False
    """It did not arrive, and is not tried again."""


@dataclass(frozen=True, slots=True)
class Past:
    """What became of an alert so far."""

    notices: Sequence[SentNotice] = ()
    """The oldest first; those of the flapping that it belongs to included."""
    said: Mapping[Place, tuple[str, str]] = field(default_factory=dict)
    """Reason and detail of the last outcome at each place."""
    escalation: Progress | None = None

    def told(self, destination: str, kind: NoticeKind) -> Told | None:
        """Return what the place was told last; the 情報 row hears of a recovery as if told before."""
        there = [each for each in self.notices if each.destination == destination]
        if not there and kind is NoticeKind.RECOVERED:
            there = list(self.notices)
        # Who took it on is no news of the trouble itself.
        there = [each for each in there if each.kind is not NoticeKind.ACKNOWLEDGED]
        if not there:
            return None
        last = there[-1]
        return Told(last.kind, last.condition, at=last.at, was_lost=all(each.is_lost for each in there))


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert as it was read; see `models.Alert`."""

    id: int
    key: str
    clause_id: str
    citation: str
    subject: str
    condition: Condition
    value: str
    limit: str
    advice: str
    labels: Mapping[str, str]
    people: Sequence[str]
    began_at: datetime
    opened_at: datetime
    resolved_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    acknowledgement_told: bool = False
    released_at: datetime | None = None
    flap_root_id: int | None = None
    past: Past = field(default_factory=Past)

    @property
    def kind(self) -> NoticeKind:
        """What there is to tell of it: an event, over at once, never recovers."""
        if self.resolved_at is not None and EVENT not in self.labels:
            return NoticeKind.RECOVERED
        return NoticeKind.NO_DATA if self.condition is Condition.NO_DATA else NoticeKind.FIRING

    @property
    def level(self) -> AlertLevel:
        """The rows of the matrix that speak of it."""
        return LEVEL_OF[self.condition]

    @property
    def trouble(self) -> Trouble:
        """The alert as far as muting goes."""
        return Trouble(self.key, self.subject, self.condition, self.labels)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that one look reads."""

    now: datetime
    alerts: Sequence[AlertRecord]
    """Those that may have something to tell."""
    troubles: Sequence[Trouble] = ()
    """All that is open: what may mute others."""
    silences: Sequence[Quiet] = ()
    """Those that hold, and those that have ended lately enough for an open alert to be told again."""
    maintenance: Sequence[Planned] = ()
    """What people have announced."""
    newest_flaps: Mapping[str, int] = field(default_factory=dict)
    """Key → the last alert of what flaps: the calm is counted from its end."""
    lately: Mapping[str, tuple[int, datetime]] = field(default_factory=dict)
    """Destination → how many messages it got within a minute, and when the last one was written."""
