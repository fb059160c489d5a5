"""What people may order about alerts: acknowledge, silence, announce maintenance. All audited."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.models import Alert, Maintenance, Silence
from toban.engine.notify.routing.silences import CLAUSE, FOREIGN, MATCHERS, is_matcher
from toban.engine.orders import NotPossible

LONGEST = timedelta(days=30)
"""People forget a silence that lasts longer; a problem of this length belongs in the document."""


def acknowledge(alert_id: int, *, by: str, now: datetime) -> Alert:
    """Acknowledge an open alert: its recipients are notified, and it is no longer repeated or escalated."""
    with transaction.atomic():
        ledger.hold()
        alert = _open(alert_id)
        if alert.acknowledged_at is not None:
            raise NotPossible(
                "アラート %(number)s は %(who)s が対応中です",
                "",
                number=alert_id,
                who=alert.acknowledged_by,
            )
        _take(alert, by, now)
    return alert


def acknowledge_told(announcement_id: int, *, by: str, now: datetime) -> list[Alert]:
    """Acknowledge all unacknowledged alerts of an announcement."""
    told = Alert.objects.filter(told_in=announcement_id, resolved_at=None)
    return acknowledge_all(list(told.values_list("pk", flat=True)), by=by, now=now)


def acknowledge_all(alert_ids: Collection[int], *, by: str, now: datetime) -> list[Alert]:
    """Acknowledge those of these alerts that are open and unacknowledged, in one transaction."""
    free = Alert.objects.select_for_update().filter(resolved_at=None, acknowledged_at=None)
    with transaction.atomic():
        ledger.hold()
        found = [free.filter(pk=alert_id).first() for alert_id in alert_ids]
        taken = [alert for alert in found if alert is not None]
        for alert in taken:
            _take(alert, by, now)
    if not taken:
        raise NotPossible("未対応のアラートはありません", "toban alerts")
    return taken


def release(alert_id: int, *, by: str, now: datetime) -> Alert:
    """Withdraw the acknowledgement of an open alert; everyone who was notified of it is notified of this.

    Repeats and an escalation in progress continue as if it had never been acknowledged.
    """
    with transaction.atomic():
        ledger.hold()
        alert = _open(alert_id)
        if alert.acknowledged_at is None:
            raise NotPossible("アラート %(number)s は未対応です", "", number=alert_id)
        content = {"order": "release", "alert": alert.pk, "subject": alert.subject}
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
    end = checked_end(now, ends_at, reason)
    with transaction.atomic():
        ledger.hold()
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
        ledger.hold()
        found = Silence.objects.select_for_update().unended(now).filter(pk=silence_id).first()
        if found is None:
            raise NotPossible(
                "有効なミュート %(number)s はありません",
                "toban silence list で確かめてください",
                number=silence_id,
            )
        found.ends_at = now
        found.save(update_fields=["ends_at"])
        look_again()
        audit({"order": "end-silence", "silence": found.pk}, by, now, found.matchers.get(CLAUSE, ""))
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
    """Announce maintenance of *targets* (empty: everything) that is not in the document."""
    end = checked_end(starts_at, ends_at, reason)
    with transaction.atomic():
        ledger.hold()
        made = Maintenance.objects.create(
            targets=list(targets), author=by, reason=reason.strip(), starts_at=starts_at, ends_at=end
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
        ledger.hold()
        found = Maintenance.objects.select_for_update().unended(now).filter(pk=maintenance_id).first()
        if found is None:
            raise NotPossible(
                "有効なメンテナンス %(number)s はありません",
                "toban maintenance list で確かめてください",
                number=maintenance_id,
            )
        found.starts_at, found.ends_at = min(found.starts_at, now), now
        found.save(update_fields=["starts_at", "ends_at"])
        look_again()
        audit({"order": "end-maintenance", "maintenance": found.pk}, by, now)
    return found


def _open(alert_id: int) -> Alert:
    """Return the open alert, locked."""
    alert = Alert.objects.select_for_update().filter(pk=alert_id, resolved_at=None).first()
    if alert is None:
        raise NotPossible(
            "継続中のアラート %(number)s はありません", "toban alerts で確かめてください", number=alert_id
        )
    return alert


def _take(alert: Alert, by: str, now: datetime) -> None:
    alert.acknowledged_at, alert.acknowledged_by, alert.look_at = now, by, None
    alert.save(update_fields=["acknowledged_at", "acknowledged_by", "look_at"])
    content = {"order": "acknowledge", "alert": alert.pk, "subject": alert.subject}
    audit(content, by, now, alert.clause_id)


def _check_matchers(matchers: Mapping[str, str]) -> None:
    unknown = [name for name in matchers if not is_matcher(name)]
    if unknown or not matchers or not all(matchers.values()):
        raise NotPossible(
            "「%(unknown)s」は条件に使えません" if unknown else "ミュートの条件がありません",
            "使えるのは %(known)s と、外部アラートのラベル %(foreign)s名前 です",
            unknown="、".join(unknown),
            known="、".join(MATCHERS),
            foreign=FOREIGN,
        )


def checked_end(starts_at: datetime, ends_at: datetime | None, reason: str) -> datetime:
    """Return when an order ends; raise `NotPossible` if it has no end or no reason, or is too long."""
    if ends_at is None:
        raise NotPossible("終了時刻がありません", "期限を必ず指定してください")
    if ends_at <= starts_at:
        raise NotPossible("終了が開始より前です", "開始より後の時刻にしてください")
    if ends_at - starts_at > LONGEST:
        raise NotPossible(
            "%(days)s日より長くはできません",
            "恒久的に変えるときは、運用設計書か接続表を直してください",
            days=LONGEST.days,
        )
    if not reason.strip():
        raise NotPossible("理由が必要です", "後から見る人に分かるように理由を書いてください")
    return ends_at


def look_again() -> None:
    """Have every alert looked at again, in the caller's transaction: its recipients may have changed."""
    Alert.objects.filter(settled=False).update(look_at=None)


def written(at: datetime) -> str:
    """Return *at* in the form that the evidence stores."""
    return at.isoformat()


def audit(content: Mapping[str, object], by: str, now: datetime, clause_id: str = "") -> None:
    """Record an order in the evidence, in the caller's transaction."""
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=by, clause_id=clause_id), now=now)
