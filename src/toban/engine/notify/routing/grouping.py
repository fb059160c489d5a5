"""Grouping: what goes to one place at one time, in as few messages as its readers can handle. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.design.values.severity import AlertLevel
from toban.engine.notify.deciding.records import AlertRecord
from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.reason import NoticeReason
from toban.engine.notify.routing.routing import Route
from toban.engine.notify.signal import PERSONAL, Condition
from toban.message import Message

MANY = 3
"""From this number on, simultaneous alerts of one kind go to a place in one message.

That instances of one target are down, or up again, is one message whatever their number.
"""

BUSY = 6
"""From this number of messages within a minute on, a place's messages are delayed and grouped."""

LONGEST = timedelta(seconds=10)
URGENT = timedelta(seconds=3)
"""A critical alert waits no longer than this, however many messages a place has got."""
_ORDER = (Condition.CRITICAL, Condition.WARNING, Condition.NO_DATA, Condition.INFO, Condition.OK)
_STEP = timedelta(seconds=1)
"""The delay grows by this with each message in the minute: a few are hardly late, a storm is grouped."""


@dataclass(frozen=True, slots=True)
class PassedNotice:
    """A notification to one place that passed all stages."""

    alert: AlertRecord
    kind: NoticeKind
    level: AlertLevel
    route: Route
    reason: NoticeReason
    """Why it is sent, from the last stage."""
    before: Condition | None = None
    """The condition of the place's previous notification, if it was another."""
    is_digest: bool = False
    """It goes into one message with everything else since the last digest."""
    is_flapping: bool = False
    """Whether the place is told that it comes and goes, or swings between its levels."""
    incident: int | None = None
    """The announcement that opened its incident at the place, if that has incidents and knows of it."""
    consequences: tuple[Message, ...] = ()
    """The subjects of what is inhibited because of it."""


@dataclass(frozen=True, slots=True)
class GroupedNotice:
    """One notification about one alert or many, and the places that it goes to."""

    alerts: tuple[AlertRecord, ...]
    """The one that represents all comes first: the one that has lasted longest, in a digest the gravest."""
    kind: NoticeKind
    level: AlertLevel
    reason: NoticeReason
    before: Condition | None
    routes: tuple[Route, ...]
    is_flapping: bool = False
    consequences: tuple[Message, ...] = ()


type _Sort = tuple[NoticeKind, str, NoticeReason, int | None]


def messages(passed: Iterable[PassedNotice]) -> Sequence[GroupedNotice]:
    """Return the messages for *passed*: one each, or one for many of a kind if the place allows grouping."""
    by_place: dict[tuple[str, _Sort], list[PassedNotice]] = defaultdict(list)
    for each in passed:
        by_place[each.route.destination, _sort(each)].append(each)
    shared: dict[tuple[_Sort, tuple[int, ...]], list[list[PassedNotice]]] = defaultdict(list)
    for (_, sort), there in by_place.items():
        for lot in _lots(there):
            shared[sort, tuple(each.alert.id for each in lot)].append(lot)
    return [_message(lots) for lots in shared.values()]


def busy_until(
    told: Mapping[str, tuple[int, datetime]], longest: timedelta = LONGEST
) -> Mapping[str, datetime]:
    """Return until when each busy place waits; *told*: last minute's messages, and the last one's time."""
    return {
        place: last + min((count - BUSY + 1) * _STEP, longest)
        for place, (count, last) in told.items()
        if count >= BUSY
    }


def _sort(passed: PassedNotice) -> _Sort:
    if passed.is_digest:
        return NoticeKind.DIGEST, "", NoticeReason.FIRST, None
    # Repeats and escalations say so in the message; all other reasons read alike.
    again = (
        passed.reason
        if passed.reason in (NoticeReason.REPEATED, NoticeReason.ESCALATED)
        else NoticeReason.FIRST
    )
    return passed.kind, passed.alert.condition, again, passed.incident


def _lots(there: Sequence[PassedNotice]) -> Iterable[list[PassedNotice]]:
    if there[0].is_digest:
        return [sorted(there, key=_gravest_first)]
    if not there[0].route.way.gathers:
        return [[each] for each in there]
    alone = [[each] for each in there if PERSONAL in each.alert.labels]
    several = [each for each in there if PERSONAL not in each.alert.labels]
    if len(several) >= MANY:
        return [*alone, _oldest_first(several)]
    by_outage: dict[str, list[PassedNotice]] = defaultdict(list)
    for each in several:
        by_outage[_outage(each.alert)].append(each)
    return [*alone, *(_oldest_first(lot) for lot in by_outage.values())]


def _outage(alert: AlertRecord) -> str:
    """Return what the instances of one target that are down have in common; else what no other alert has."""
    return f"down {alert.trouble.target}" if alert.trouble.is_down else f"alert {alert.id}"


def _oldest_first(lot: Sequence[PassedNotice]) -> list[PassedNotice]:
    return sorted(lot, key=lambda each: (each.alert.began_at, each.alert.id))


def _gravest_first(passed: PassedNotice) -> tuple[bool, int, datetime, int]:
    """Order what is ongoing before what is over, the gravest first."""
    alert = passed.alert
    return alert.kind is NoticeKind.RECOVERED, _ORDER.index(alert.condition), alert.began_at, alert.id


def _message(lots: Sequence[Sequence[PassedNotice]]) -> GroupedNotice:
    first = lots[0][0]
    return GroupedNotice(
        alerts=tuple(each.alert for each in lots[0]),
        kind=NoticeKind.DIGEST if first.is_digest else first.kind,
        level=first.level,
        reason=first.reason,
        before=None
        if first.is_digest
        else next((lot[0].before for lot in lots if lot[0].before is not None), None),
        routes=tuple(lot[0].route for lot in lots),
        is_flapping=any(lot[0].is_flapping for lot in lots),
        consequences=tuple(dict.fromkeys(one for each in lots[0] for one in each.consequences)),
    )
