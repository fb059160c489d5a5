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

_LATELY = 500
"""The deliveries of a row that are looked at, the newest first: each of its places is among them."""
_GRAVEST = (Delivery.State.FAILED, Delivery.State.WAITING, Delivery.State.DELIVERED)


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
    """Return the status of every row: its dead ends, or else the result of its last notifications."""
    found = []
    for rule in rules:
        routing = routing_of([rule], contacts)
        found.append(status_of(rule, routing, _last(rule, routing), contacts=contacts, now=now))
    return found


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


def _last(rule: NotificationRule, routing: Routing) -> Delivery | None:
    """Return the delivery by which the row is judged; None if it was never used.

    Of the newest one, and the newest to each place of the row, it is the worst: what got through to one does
    not make up for what another did not get. Those that nobody has attempted yet count only without others.
    """
    of_rule = Delivery.objects.filter(rule_id=rule.id).order_by("-id")
    tried = of_rule.exclude(state=Delivery.State.WAITING, error__code="")
    newest: dict[str, int] = {}
    for destination, number in tried.values_list("destination", "pk")[:_LATELY]:
        newest.setdefault(destination, number)
    places = {each.destination for each in routing.routes}
    numbers = {number for place, number in newest.items() if place in places}
    numbers |= {max(newest.values(), default=0)}
    found = Delivery.objects.filter(pk__in=numbers).select_related("announcement")
    judging = min(found, key=lambda each: (_GRAVEST.index(each.state), -each.pk), default=None)
    return judging or of_rule.select_related("announcement").first()
