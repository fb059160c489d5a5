"""What people may order about alerts: acknowledge, silence, announce maintenance. All audited."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from toban.engine.amounts import length
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.models import Alert, Maintenance, Silence
from toban.engine.notify.routing.silences import CLAUSE, FOREIGN, MATCHERS, is_matcher
from toban.engine.orders import NotPossible
from toban.message import Message

LONGEST = timedelta(days=30)
"""People forget a silence that lasts longer; a problem of this length belongs in the document."""
_LONGEST_NAME, _LONGEST_REASON = 300, 2000
"""Characters: no row, target or label is called longer."""


def acknowledge(alert_id: int, *, by: str, now: datetime) -> Alert:
    """Acknowledge an open alert: its recipients are notified, and it is no longer repeated or escalated."""
    with transaction.atomic():
        now = ledger.turn(now)
        alert = _open(alert_id)
        if alert.ends_with_review:
            # Otherwise whoever broke the glass would see to it that nobody else is woken.
            raise NotPossible(Message("notify.ends-with-review"), Message("notify.review-it"))
        if alert.acknowledged_at is not None:
            raise NotPossible(
                Message("notify.already-acknowledged", alert=alert_id, who=alert.acknowledged_by)
            )
        _take(alert, by, now)
    return alert


def acknowledge_told(announcement_id: int, *, by: str, now: datetime) -> list[Alert]:
    """Acknowledge all unacknowledged alerts of an announcement."""
    told = Alert.objects.filter(told_in=announcement_id, resolved_at=None)
    return acknowledge_all(list(told.values_list("pk", flat=True)), by=by, now=now)


def acknowledge_all(alert_ids: Collection[int], *, by: str, now: datetime) -> list[Alert]:
    """Acknowledge those of these alerts that can be: open and unacknowledged; in one transaction."""
    free = Alert.objects.select_for_update().filter(resolved_at=None, acknowledged_at=None)
    with transaction.atomic():
        now = ledger.turn(now)
        found = [free.filter(pk=alert_id).first() for alert_id in alert_ids]
        taken = [alert for alert in found if alert is not None and not alert.ends_with_review]
        for alert in taken:
            _take(alert, by, now)
    if not taken:
        raise NotPossible(Message("notify.nothing-unacknowledged"), Message("notify.see-alerts"))
    return taken


def release(alert_id: int, *, by: str, now: datetime) -> Alert:
    """Withdraw the acknowledgement of an open alert; everyone who was notified of it is notified of this.

    Repeats and an escalation in progress continue as if it had never been acknowledged.
    """
    with transaction.atomic():
        now = ledger.turn(now)
        alert = _open(alert_id)
        if alert.acknowledged_at is None:
            raise NotPossible(Message("notify.not-acknowledged", alert=alert_id))
        content = {"order": "release", "alert": alert.pk, "subject": alert.subject.as_json()}
        audit({**content, "was_with": alert.acknowledged_by}, by, now, alert.clause_id)
        if alert.acknowledgement_told:
            alert.released_at = now
        alert.acknowledged_at, alert.acknowledged_by, alert.acknowledgement_told = None, "", False
        alert.look_at = None
        alert.save(
            update_fields=(
                "acknowledged_at", "acknowledged_by", "acknowledgement_told", "released_at", "look_at",
            )
        )  # fmt: skip
    return alert


def silence(
    matchers: Mapping[str, str], reason: str, *, ends_at: datetime | None, by: str, now: datetime
) -> Silence:
    """Stop notifications about what *matchers* select until *ends_at*; without an end it is refused."""
    _check_matchers(matchers)
    with transaction.atomic():
        now = ledger.turn(now)
        end = checked_end(now, ends_at, reason)
        made = Silence.objects.create(
            matchers=dict(matchers), author=by, reason=reason.strip(), starts_at=now, ends_at=end
        )
        look_again()
        content = {"order": "silence", "silence": made.pk, "matchers": made.matchers, "reason": made.reason}
        audit({**content, "until": written(made.ends_at)}, by, now, matchers.get(CLAUSE, ""))
    return made


def end_silence(silence_id: int, *, by: str, now: datetime) -> Silence:
    """End a silence now: alerts that still fire are notified again."""
    with transaction.atomic():
        now = ledger.turn(now)
        found = Silence.objects.select_for_update().unended(now).filter(pk=silence_id).first()
        if found is None:
            raise NotPossible(
                Message("notify.no-such-silence", silence=silence_id), Message("notify.see-silences")
            )
        found.ends_at = now
        found.save(update_fields=["ends_at"])
        look_again()
        content = {"order": "end-silence", "silence": found.pk, "matchers": found.matchers}
        audit(content, by, now, found.matchers.get(CLAUSE, ""))
    return found


def announce_maintenance(
    targets: Sequence[str],
    reason: str,
    *,
    starts_at: datetime,
    ends_at: datetime | None,
    by: str,
    now: datetime,
) -> Maintenance:
    """Announce maintenance of *targets* (empty: everything) that is not in the document.

    It begins now at the earliest: otherwise an outage would be planned once it is over, and cost nothing.
    """
    end = checked_end(starts_at, ends_at, reason)
    _check_length(_LONGEST_NAME, *targets)
    with transaction.atomic():
        now = ledger.turn(now)
        require_future(end, now)
        made = Maintenance.objects.create(
            targets=list(targets),
            author=by,
            reason=reason.strip(),
            starts_at=max(starts_at, now),
            ends_at=end,
        )
        look_again()
        content = {
            "order": "maintenance",
            "maintenance": made.pk,
            "targets": made.targets,
            "reason": made.reason,
            "from": written(made.starts_at),
            "until": written(made.ends_at),
        }
        audit(content, by, now)
    return made


def end_maintenance(maintenance_id: int, *, by: str, now: datetime) -> Maintenance:
    """End announced maintenance now, or cancel it."""
    with transaction.atomic():
        now = ledger.turn(now)
        found = Maintenance.objects.select_for_update().unended(now).filter(pk=maintenance_id).first()
        if found is None:
            raise NotPossible(
                Message("notify.no-such-maintenance", maintenance=maintenance_id),
                Message("notify.see-maintenance"),
            )
        found.starts_at, found.ends_at = min(found.starts_at, now), now
        found.save(update_fields=["starts_at", "ends_at"])
        look_again()
        content = {"order": "end-maintenance", "maintenance": found.pk, "targets": found.targets}
        audit(content, by, now)
    return found


def _open(alert_id: int) -> Alert:
    """Return the open alert, locked."""
    alert = Alert.objects.select_for_update().filter(pk=alert_id, resolved_at=None).first()
    if alert is None:
        raise NotPossible(Message("notify.no-such-alert", alert=alert_id), Message("notify.see-alerts"))
    return alert


def _take(alert: Alert, by: str, now: datetime) -> None:
    alert.acknowledged_at, alert.acknowledged_by, alert.look_at = now, by, None
    alert.save(update_fields=["acknowledged_at", "acknowledged_by", "look_at"])
    content = {"order": "acknowledge", "alert": alert.pk, "subject": alert.subject.as_json()}
    audit(content, by, now, alert.clause_id)


def _check_matchers(matchers: Mapping[str, str]) -> None:
    unknown = [name for name in matchers if not is_matcher(name)]
    if unknown or not matchers or not all(matchers.values()):
        raise NotPossible(
            Message("notify.unknown-matchers", names=unknown) if unknown else Message("notify.no-matchers"),
            Message("notify.known-matchers", names=MATCHERS, foreign=FOREIGN),
        )
    _check_length(_LONGEST_NAME, *matchers, *matchers.values())


def _check_length(most: int, *written: str) -> None:
    if any(len(each) > most for each in written):
        raise NotPossible(Message("notify.say-less", count=most))


def checked_end(starts_at: datetime, ends_at: datetime | None, reason: str) -> datetime:
    """Return when an order ends; raise `NotPossible` if it has no end or no reason, or is too long."""
    if ends_at is None:
        raise NotPossible(Message("notify.end-missing"), Message("notify.give-an-end"))
    if ends_at <= starts_at:
        raise NotPossible(Message("notify.end-before-start"), Message("notify.give-a-later-end"))
    if ends_at - starts_at > LONGEST:
        raise NotPossible(
            Message("notify.too-long", longest=length(LONGEST)), Message("notify.change-for-good")
        )
    if not reason.strip():
        raise NotPossible(Message("notify.explanation-missing"), Message("notify.give-an-explanation"))
    _check_length(_LONGEST_REASON, reason)
    return ends_at


def require_future(ends_at: datetime, now: datetime) -> None:
    """Raise `NotPossible` if what is ordered would be over already."""
    if ends_at <= now:
        raise NotPossible(Message("notify.already-past"), Message("notify.give-a-future-time"))


def look_again() -> None:
    """Have every alert looked at again, in the caller's transaction: its recipients may have changed."""
    Alert.objects.filter(settled=False).update(look_at=None)


def written(at: datetime) -> str:
    """Return *at* in the form that the evidence stores."""
    return at.isoformat()


def audit(content: Mapping[str, object], by: str, now: datetime, clause_id: str = "") -> None:
    """Record an order in the evidence, in the caller's transaction."""
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=by, clause_id=clause_id), now=now)
