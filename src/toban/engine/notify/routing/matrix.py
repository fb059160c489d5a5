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
from toban.engine.said import recorded

_HELD = recorded("この時間帯は通知を控え、終了時に継続中なら通知します")
_NEVER_USED = recorded("接続済みですが、まだ一度も送信していません")


def maintenance(windows: Sequence[MaintenanceWindow], system: System, now: datetime) -> list[StatusUpdate]:
    """Return the status of the windows in which notifications are held."""
    return [
        StatusUpdate(each.id, Verdict.CONFORMING, "", _HELD, now, next_due(each, system, now))
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
    value = recorded("%(count)s/%(all)s 経路", count=len(routing.routes), all=total)
    if routing.dead_ends:
        reason = "\n".join(end.detail for end in routing.dead_ends)
        return StatusUpdate(rule.id, Verdict.UNBOUND, value, reason, now)
    if last is None:
        return StatusUpdate(rule.id, Verdict.NOT_PERFORMED, value, _NEVER_USED, now)
    proof = {"delivery": last.key, "channel": last.channel, "receipt": last.receipt}
    if last.state == Delivery.State.DELIVERED:
        at = words.moment(last.settled_at or last.created_at, contacts.zone)
        reason = recorded(
            "%(clock)s に %(channel)s が受け取りました: %(title)s",
            clock=at,
            channel=last.channel,
            title=last.announcement.title,
        )
        return StatusUpdate(rule.id, Verdict.CONFORMING, value, reason, now, proof=proof)
    if last.state == Delivery.State.FAILED:
        reason = recorded("%(channel)s に届きませんでした: %(error)s", channel=last.channel, error=last.error)
        return StatusUpdate(rule.id, Verdict.DEVIATING, value, reason, now, proof=proof)
    if last.error:
        reason = recorded(
            "%(channel)s に再送しています (%(count)s回失敗): %(error)s",
            channel=last.channel,
            count=last.attempts,
            error=last.error,
        )
        return StatusUpdate(rule.id, Verdict.WARNING, value, reason, now, proof=proof)
    reason = recorded("%(channel)s への送信を待っています", channel=last.channel)
    return StatusUpdate(rule.id, Verdict.NOT_PERFORMED, value, reason, now)


def _last(rule: NotificationRule) -> Delivery | None:
    """Return the row's newest delivery that has been attempted, or else the newest of all."""
    tried = Delivery.objects.filter(rule_id=rule.id).select_related("announcement").order_by("-id")
    return tried.exclude(state=Delivery.State.WAITING, error="").first() or tried.first()
