"""Whom the pipeline would have told of alerts that a row would have raised, by its own decisions. Pure.

Nobody acknowledges anything in a replay, and no silence, announced maintenance or other alert is known in it:
the windows of the document hold, and whoever had the turn then is told.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice

from toban.design.clauses.notices import NotificationRule
from toban.design.reader import Design
from toban.design.values.schedule import Schedule
from toban.engine.calendar.due import due_times
from toban.engine.editions.edition import Edition
from toban.engine.notify.deciding.decisions import decide
from toban.engine.notify.deciding.records import AlertingSnapshot, AlertRecord, DeliveryHistory, SentNotice
from toban.engine.notify.delivery.channel import CHANNEL_KINDS
from toban.engine.notify.duty.roster import holding, rosters
from toban.engine.notify.routing import flapping
from toban.engine.notify.routing.contacts import Contacts, contacts_of
from toban.engine.notify.routing.grouping import PassedNotice
from toban.engine.notify.routing.timing import has_come
from toban.engine.notify.signal import Condition
from toban.message import NOTHING

_STEP = timedelta(minutes=10)
"""How often a lasting alert is looked at: a repetition may come so much late in a replay."""
_AHEAD = timedelta(days=370)


@dataclass(frozen=True, slots=True)
class PastAlert:
    """An alert as it was, or as a row would have raised it."""

    key: str
    clause_id: str
    turns: tuple[tuple[datetime, Condition], ...]
    """When it had which condition; the first is its beginning."""
    resolved_at: datetime | None = None
    """None if it was still open at the end."""
    labels: Mapping[str, str] = field(default_factory=dict)
    people: Sequence[str] = ()

    @property
    def opened_at(self) -> datetime:
        """When it was detected."""
        return self.turns[0][0]


@dataclass(frozen=True, slots=True)
class ToldInReplay:
    """The notifications of some alerts."""

    messages: Mapping[str, int]
    """Recipient, in the document's words → number of notifications."""
    twice: int
    """The number of alerts of whose trouble one place was told more than once."""


def rehearse(
    alerts: Iterable[PastAlert],
    edition: Edition,
    until: datetime,
    hurry: Callable[[], None] = lambda: None,
) -> ToldInReplay:
    """Return whom *edition* would have had told of *alerts* until *until*; *hurry* is called now and then."""
    design, kinds = edition.design, edition.kinds.of(CHANNEL_KINDS)
    contacts = contacts_of(edition.bindings, kinds, "", design.language)
    messages: Counter[str] = Counter()
    twice = 0
    # So many decide: a noisy row may have opened thousands.
    earlier: dict[str, deque[datetime]] = defaultdict(lambda: deque(maxlen=flapping.MOST))
    flapped: dict[str, list[SentNotice]] = {}
    for alert in sorted(alerts, key=lambda each: each.opened_at):
        hurry()
        flaps = flapping.is_flapping(earlier[alert.key], alert.opened_at)
        before = flapped.get(alert.key, []) if flaps else []
        sent = _Replay(alert, design, contacts, until, flaps=flaps).sent(before, hurry)
        # What belongs to one flapping is told once.
        if flaps:
            flapped[alert.key] = [*before, *sent]
        else:
            flapped.pop(alert.key, None)
        earlier[alert.key].append(alert.opened_at)
        messages.update(recipient for each in sent for recipient in each.recipients)
        places = Counter(each.destination for each in sent if each.is_trouble)
        twice += any(count > 1 for count in places.values())
    return ToldInReplay(dict(messages), twice)


@dataclass(frozen=True, slots=True)
class _Replay:
    alert: PastAlert
    design: Design
    contacts: Contacts
    until: datetime
    flaps: bool

    def sent(self, before: Sequence[SentNotice], hurry: Callable[[], None]) -> list[SentNotice]:
        """Return what is sent about the alert; *before* is what was sent about its flapping already."""
        found: list[SentNotice] = []
        calls = None
        last = self.alert.opened_at
        for now in self._looks():
            hurry()
            record = self._record(now, DeliveryHistory((*before, *found), escalation=calls))
            digests = frozenset(each for each in self._digests() if self._has_come(each, last, now))
            seen = AlertingSnapshot(now, (record,), digests=digests)
            (decision,) = decide(self.design, self._contacts(now), seen)
            calls, last = decision.escalation, now
            found += [_sent(each, now) for each in decision.passed]
        return found

    def _looks(self) -> list[datetime]:
        """Return when something may be decided: at each change, while it lasts, and when it is over."""
        alert, end = self.alert, min(self.alert.resolved_at or self.until, self.until)
        looks = {at for at, _ in alert.turns}
        looks |= {alert.opened_at + step * _STEP for step in range((end - alert.opened_at) // _STEP + 1)}
        looks |= {end, end + flapping.CALM} if alert.resolved_at is not None else {end}
        calendar = self.contacts.calendar
        for each in self._digests():
            looks |= set(due_times(each, calendar, alert.opened_at, end))
            looks |= set(islice(due_times(each, calendar, end, end + _AHEAD), 1))
        return sorted(at for at in looks if at <= self.until)

    def _contacts(self, now: datetime) -> Contacts:
        """Return the contacts with those whose turn it was then; who stood in for them is not replayed."""
        found = [each for each in rosters(self.design, self.contacts.duty) if each.layers]
        calendar = self.contacts.calendar
        return replace(
            self.contacts, on_duty={each.role: holding(each, (), now, calendar).people for each in found}
        )

    def _digests(self) -> set[Schedule]:
        return {each.delivery.digest for each in self.design.of(NotificationRule) if each.delivery.digest}

    def _has_come(self, digest: Schedule, last: datetime, now: datetime) -> bool:
        return has_come(digest, last, self.contacts.calendar, now)

    def _record(self, now: datetime, past: DeliveryHistory) -> AlertRecord:
        alert = self.alert
        changed_at, condition = [turn for turn in alert.turns if turn[0] <= now][-1]
        is_over = alert.resolved_at is not None and alert.resolved_at <= now
        return AlertRecord(
            id=1,
            key=alert.key,
            clause_id=alert.clause_id,
            citation="",
            subject=NOTHING,
            condition=condition,
            value=NOTHING,
            limit=NOTHING,
            advice=NOTHING,
            labels=alert.labels,
            people=alert.people,
            began_at=alert.opened_at,
            opened_at=alert.opened_at,
            changed_at=changed_at,
            resolved_at=alert.resolved_at if is_over else None,
            flap_root_id=1 if self.flaps else None,
            past=past,
        )


def _sent(passed: PassedNotice, now: datetime) -> SentNotice:
    route = passed.route
    return SentNotice(
        kind=passed.kind,
        condition=passed.alert.condition,
        destination=route.destination,
        channel=route.way.name,
        addresses=route.addresses,
        recipients=route.recipients,
        rule_id=route.rule_id,
        rule_citation=route.rule_citation,
        at=now,
        announcement=1,
    )
