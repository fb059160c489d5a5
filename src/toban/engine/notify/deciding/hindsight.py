"""Whom a changed matrix, roster or window would have told of the alerts that there were. See `HINDSIGHT`."""

from collections.abc import Iterator
from datetime import datetime

from toban.design.clauses.duty import DutyRole
from toban.design.clauses.notices import NotificationRule
from toban.design.clauses.objectives import MaintenanceWindow
from toban.engine.hindsight.question import Hindsight, HindsightQuestion, unknown
from toban.engine.notify.deciding.rehearsal import PastAlert, ToldInReplay, rehearse
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import EVENT, Condition
from toban.message import NOTHING, Message

_NOTICES = "notices"
_MOST = 2_000
"""Alerts that are replayed; of more, the newest."""


def recall(question: HindsightQuestion) -> Iterator[Hindsight]:
    """Yield how many notifications each recipient would have had of the alerts that there were."""
    known = _alerts(question.since)
    if not known:
        yield unknown(_NOTICES, Message("hindsight.no-alerts"))
        return
    told = [
        rehearse(map(_past, known), edition, question.now, question.site.hurry)
        for edition in (question.old, question.new)
    ]
    old, new = told
    limited = Message("hindsight.newest-alerts", most=_MOST) if len(known) == _MOST else NOTHING
    values = {
        "alerts": len(known),
        "old": {"told": dict(old.messages), "told_twice": old.twice},
        "new": {"told": dict(new.messages), "told_twice": new.twice},
    }
    said = (Message("hindsight.of-alerts", count=len(known)), *told_said(old, new), limited)
    is_adverse = new.twice > old.twice or not old.messages.keys() <= new.messages.keys()
    yield Hindsight(_NOTICES, tuple(filter(None, said)), values, is_adverse)


def told_said(old: ToldInReplay, new: ToldInReplay) -> Iterator[Message]:
    """Yield in words how many notifications each recipient has in both replays, and what is told twice."""
    names = dict.fromkeys((*old.messages, *new.messages))
    each = [
        Message("hindsight.told-recipient", name=name, old=was, new=will)
        for name in names
        for was, will in [(old.messages.get(name, 0), new.messages.get(name, 0))]
    ]
    yield Message("hindsight.told", recipients=each) if each else Message("hindsight.nobody-told")
    if new.twice:
        yield Message("hindsight.told-twice", count=new.twice, former=old.twice)
    else:
        yield Message("hindsight.told-twice-never")


def _alerts(since: datetime) -> list[Alert]:
    opened = Alert.objects.filter(opened_at__gte=since).exclude(labels__has_key=EVENT)
    return list(opened.order_by("-opened_at")[:_MOST])


def _past(alert: Alert) -> PastAlert:
    # Of earlier conditions of one alert only the notifications are stored, by the matrix of then.
    turns = ((alert.opened_at, Condition(alert.condition)),)
    return PastAlert(alert.key, alert.clause_id, turns, alert.resolved_at, alert.labels, alert.people)


HINDSIGHT = {NotificationRule: recall, DutyRole: recall, MaintenanceWindow: recall}
