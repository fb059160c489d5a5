"""Notifications of hand-overs of duty: an event to the matrix's 情報 row, and to both people."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from toban.design.clauses.duty import DutyRole
from toban.design.reader import Design
from toban.engine.notify import alerts
from toban.engine.notify.duty.overrides import between
from toban.engine.notify.duty.roster import DutyShift, Override, Roster, clock, last_handover, rosters
from toban.engine.notify.models import Alert
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.signal import Condition, Signal
from toban.message import NOTHING, Message

_NEWS = timedelta(hours=12)
"""An older hand-over that was missed is no longer news: the page shows who is on duty."""


type Handover = tuple[DutyRole, DutyShift, DutyShift]
"""The role, and its shifts before and after."""


def tell_handovers(design: Design, contacts: Contacts, now: datetime) -> None:
    """Have every hand-over of the last hours announced once, in the caller's transaction."""
    changes = list(handovers(design, contacts, now))
    if changes:
        count = Alert.objects.filter(resolved_at=None).count()
        alerts.tell([_event(*change, count, contacts, now) for change in changes], now, design.digest)


def handovers(design: Design, contacts: Contacts, now: datetime) -> Iterator[Handover]:
    """Yield the last hand-over of each role that is still news."""
    # A role without a row in the document does not say who is to be notified.
    written = [(each, each.clause) for each in rosters(design, contacts.duty) if each.clause is not None]
    given = between(now - _NEWS, now + timedelta(microseconds=1)) if written else ()
    for roster, clause in written:
        if _may_change(roster, given):
            change = last_handover(roster, given, now - _NEWS, now, contacts.calendar)
            if change is not None:
                yield clause, *change


def _may_change(roster: Roster, given: Sequence[Override]) -> bool:
    takes_turns = any(len(layer.people) > 1 or layer.hours is not None for layer in roster.layers)
    return takes_turns or len(roster.layers) > 1 or any(each.role == roster.role for each in given)


def _event(
    clause: DutyRole, before: DutyShift, after: DutyShift, count: int, contacts: Contacts, now: datetime
) -> Signal:
    at, override = clock(after.start, contacts.zone), after.watch.override
    value = Message("notify.handed-over", at=at, old=before.watch.people, new=after.watch.people)
    if override is not None:
        why = Message("notify.said-by", who=override.author, words=override.reason)
        value = Message("notify.because", why=value, more=why)
    people = dict.fromkeys((*before.watch.people, *after.watch.people))
    return Signal(
        key=f"{clause.id}/handover/{after.start.isoformat()}/{'、'.join(after.watch.people)}",
        clause_id=clause.id,
        citation=str(clause.origin),
        clause_text=clause.text,
        condition=Condition.INFO,
        subject=Message("notify.handover", role=clause.role),
        value=value,
        limit=NOTHING,
        began_at=after.start,
        detected_at=now,
        advice=Message("notify.ongoing", count=count) if count else Message("notify.nothing-ongoing"),
        labels={"item": "duty"},
        people=tuple(people),
    )
