"""The status of each row of the notification matrix: does it reach people, and what proves it?"""

from collections.abc import Sequence
from datetime import datetime

from toban.design.clauses.notices import NotificationRule
from toban.design.clauses.objectives import MaintenanceWindow
from toban.engine.bindings.model import System
from toban.engine.calendar.due import next_due
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.delivery import words
from toban.engine.notify.models import Delivery
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.routing.routing import Routing, routing_of
from toban.message import NOTHING, Message, lines


def maintenance(windows: Sequence[MaintenanceWindow], system: System, now: datetime) -> list[StatusUpdate]:
    """Return the status of the windows in which notifications are held."""
    return [
        StatusUpdate(
            each.id,
            Verdict.CONFORMING,
            NOTHING,
            Message("notify.window-holds"),
            now,
            next_due(each, system, now),
        )
        for each in windows
    ]


def statuses(rules: Sequence[NotificationRule], contacts: Contacts, now: datetime) -> list[StatusUpdate]:
    """Return the status of every row: its dead ends, or else the result of its last notification."""
    return [
        status_of(rule, routing_of([rule], contacts), _last(rule), contacts=contacts, now=now)
        for rule in rules
    ]


def status_of(
    rule: NotificationRule, routing: Routing, last: Delivery | None, *, contacts: Contacts, now: datetime
) -> StatusUpdate:
    """Return one row's status. An unreachable recipient outweighs notifications that reached others."""
    total = len(routing.routes) + len(routing.dead_ends)
    value = Message("notify.routes", count=len(routing.routes), all=total)
    if routing.dead_ends:
        reason = lines(*(end.detail for end in routing.dead_ends))
        return StatusUpdate(rule.id, Verdict.UNBOUND, value, reason, now)
    if last is None:
        return StatusUpdate(rule.id, Verdict.NOT_DUE, value, Message("notify.never-used"), now)
    proof = {"delivery": last.key, "channel": last.channel, "receipt": last.receipt}
    if last.state == Delivery.State.DELIVERED:
        at = words.moment(last.settled_at or last.created_at, contacts.zone)
        reason = Message("notify.accepted", at=at, channel=last.channel, title=last.announcement.title)
        return StatusUpdate(rule.id, Verdict.CONFORMING, value, reason, now, proof=proof)
    if last.state == Delivery.State.FAILED:
        reason = Message("notify.not-delivered", channel=last.channel, error=last.error)
        return StatusUpdate(rule.id, Verdict.DEVIATING, value, reason, now, proof=proof)
    if last.error:
        reason = Message("notify.retrying", channel=last.channel, count=last.attempts, error=last.error)
        return StatusUpdate(rule.id, Verdict.WARNING, value, reason, now, proof=proof)
    reason = Message("notify.waiting-to-send", channel=last.channel)
    return StatusUpdate(rule.id, Verdict.NOT_DUE, value, reason, now)


def _last(rule: NotificationRule) -> Delivery | None:
    """Return the row's newest delivery that has been attempted, or else the newest of all."""
    tried = Delivery.objects.filter(rule_id=rule.id).select_related("announcement").order_by("-id")
    return tried.exclude(state=Delivery.State.WAITING, error__code="").first() or tried.first()
