"""What the alerts of an incident say about it: answered, over, how grave. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.incident.declaring.rules import SeenAlert, newest_saying, proposal_of
from toban.chapters.incident.plan import IncidentPlan
from toban.design.clauses.incident import IncidentLevel
from toban.message import NOTHING, Message

ROW_REMOVED = "notify.row-removed"
"""What an alert says that ended because its row left the document: its trouble may go on, unmeasured."""


@dataclass(frozen=True, slots=True)
class JoinedAlert:
    """An alert of an incident."""

    seen: SeenAlert
    value: Message = NOTHING
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""


@dataclass(frozen=True, slots=True)
class AlertsSay:
    """What the alerts of an incident say."""

    is_measured: bool
    """False: no alert tells whether it goes on."""
    recovered_at: datetime | None
    responded_at: datetime | None
    responded_by: str


def said_by(alerts: Sequence[JoinedAlert], detected_at: datetime) -> AlertsSay:
    """Return what *alerts* say of the incident that was detected then.

    It is over when none of them is open any more. If the one that ended last did so because its row left the
    document, nobody measures it any more.
    """
    taken = [each for each in alerts if each.acknowledged_at is not None]
    first = min(taken, key=lambda each: each.acknowledged_at or detected_at, default=None)
    at = max(first.acknowledged_at, detected_at) if first is not None and first.acknowledged_at else None
    by = first.acknowledged_by if first is not None else ""
    is_open = any(each.seen.resolved_at is None for each in alerts)
    if is_open or not alerts:
        return AlertsSay(is_open, None, at, by)
    last = max(alerts, key=lambda each: each.seen.resolved_at or detected_at)
    if last.value.code == ROW_REMOVED:
        return AlertsSay(False, None, at, by)
    return AlertsSay(True, last.seen.resolved_at, at, by)


@dataclass(frozen=True, slots=True)
class RaisedLevel:
    """A graver level than the rule has proposed so far."""

    level: IncidentLevel
    why: Message
    is_whole: bool = False
    """See `Proposal`."""
    because: str = ""
    """The key of the newest alert that says so."""


def raised(alerts: Sequence[JoinedAlert], proposed: str, plan: IncidentPlan) -> RaisedLevel | None:
    """Return the level that the rule proposes now if it is graver than *proposed*.

    It never falls by itself: an incident was as grave as it has been. A level of another document can't be
    compared, and stays.
    """
    found = proposal_of(each.seen for each in alerts)
    level = plan.level_of(found.scope) if found is not None else None
    if found is None or level is None:
        return None
    former = plan.level(proposed) if proposed else None
    if proposed and former is None:
        return None
    ranks = [each.id for each in plan.levels]
    if former is not None and ranks.index(level.id) >= ranks.index(former.id):
        return None
    newest = newest_saying(found.scope, (each.seen for each in alerts))
    return RaisedLevel(level, found.why, found.is_whole, newest.key)
