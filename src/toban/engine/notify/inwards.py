"""Alerts from outside, in Alertmanager's format: Prometheus sends them, the document's matrix routes them.

The contract is that of API v2 (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml,
`postAlerts`): an alert is identified by all its labels, and sent repeatedly while it fires. It is over when
its end time is past. If its sender merely falls silent, nothing is over: it can't be measured any more. Pure,
except for `take` and `end_unsent`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, QuerySet

from toban.design.clauses.notices import NotificationRule
from toban.design.reader import Design
from toban.design.values.severity import AlertLevel, read_alert_level
from toban.engine.evidence import ledger
from toban.engine.notify import alerts
from toban.engine.notify.models import Alert
from toban.engine.notify.routing.places import NOWHERE, Places
from toban.engine.notify.routing.routing import rules_for
from toban.engine.notify.routing.silences import FOREIGN
from toban.engine.notify.signal import Condition, Signal
from toban.message import Message, plain
from toban.text import storable_text

UNSENT = timedelta(minutes=5)
"""How long an alert without an end holds unless it is sent again: Alertmanager's `resolve_timeout`."""

MOST = 2000
"""The maximum number of alerts in one request; Prometheus sends 64."""

_LONGEST = 1000
_KEY = "outside/"
_CONDITIONS = {
    AlertLevel.CRITICAL: Condition.CRITICAL,
    AlertLevel.WARNING: Condition.WARNING,
    AlertLevel.INFO: Condition.INFO,
}


class BadAlerts(Exception):
    """The request does not follow the contract; the message says where."""


@dataclass(frozen=True, slots=True)
class IncomingAlert:
    """An alert as it was sent."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime
    url: str

    @property
    def key(self) -> str:
        """The alert's key: the same for the same labels."""
        written = json.dumps(sorted(self.labels.items()), ensure_ascii=False)
        return _KEY + hashlib.sha256(written.encode()).hexdigest()[:32]

    @property
    def level(self) -> AlertLevel:
        """The level in the label `severity`, in the words of documents; a warning if there is none."""
        return read_alert_level(self.labels.get("severity", "")) or AlertLevel.WARNING

    def is_over(self, now: datetime) -> bool:
        """Return whether its end time is past."""
        return self.ends_at <= now


def read_alerts(body: bytes, now: datetime) -> tuple[IncomingAlert, ...]:
    """Return the alerts in a request body, or raise `BadAlerts` for the first error in it."""
    try:
        written = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadAlerts("the body is no JSON") from error
    if not isinstance(written, list):
        raise BadAlerts("the body must be an array of alerts")
    if len(written) > MOST:
        raise BadAlerts(f"{len(written)} alerts at once; at most {MOST}")
    return tuple(_alert(each, position, now) for position, each in enumerate(written))


def _alert(written: object, position: int, now: datetime) -> IncomingAlert:
    if not isinstance(written, dict):
        raise BadAlerts(f"alert {position}: not an object")
    labels = _texts(written.get("labels"), f"alert {position}: labels")
    if not labels:
        raise BadAlerts(f"alert {position}: no labels")
    starts_at = _moment(written.get("startsAt"), f"alert {position}: startsAt") or now
    ends_at = _moment(written.get("endsAt"), f"alert {position}: endsAt") or now + UNSENT
    if ends_at < starts_at:
        raise BadAlerts(f"alert {position}: it ends before it starts")
    return IncomingAlert(
        labels=labels,
        annotations=_texts(written.get("annotations") or {}, f"alert {position}: annotations"),
        starts_at=starts_at,
        ends_at=ends_at,
        url=storable_text(str(written.get("generatorURL") or ""))[:_LONGEST],
    )


def _texts(written: object, where: str) -> dict[str, str]:
    if not isinstance(written, dict) or not all(isinstance(value, str) for value in written.values()):
        raise BadAlerts(f"{where} must be an object of texts")
    # Alertmanager drops empty labels: they are as good as absent.
    return {storable_text(name): storable_text(value)[:_LONGEST] for name, value in written.items() if value}


def _moment(written: object, where: str) -> datetime | None:
    """Return an RFC 3339 time; None if it is missing or Go's zero time."""
    if written in (None, ""):
        return None
    try:
        moment = datetime.fromisoformat(str(written))
    except ValueError as error:
        raise BadAlerts(f"{where} is no time") from error
    if moment.tzinfo is None:
        raise BadAlerts(f"{where} names no zone")
    return moment if moment.year > 1 else None


def signal_of(
    outside: IncomingAlert, design: Design, sender: str, now: datetime, places: Places = NOWHERE
) -> Signal | None:
    """Return the signal to report; None if the document has no row at all for notifications.

    If *places* know what it is about, it has the labels of that target and instance.
    """
    rules = design.of(NotificationRule)
    rule = next(iter(rules_for(rules, outside.level) or rules), None)
    if rule is None:
        return None
    name = outside.labels.get("alertname", "alert")
    called = outside.labels.get("instance") or outside.labels.get("job", "")
    place = places.of(outside.labels)
    is_over = outside.is_over(now)
    text = outside.annotations.get("summary") or outside.annotations.get("description", "")
    return Signal(
        key=outside.key,
        clause_id=rule.id,
        citation=str(rule.origin),
        clause_text=rule.text,
        condition=Condition.OK if is_over else _CONDITIONS[outside.level],
        subject=plain(" ".join(part for part in (called, name) if part)),
        value=plain(text)
        or Message("notify.outside-over" if outside.is_over(now) else "notify.outside-firing"),
        limit=Message("notify.outside-rule", sender=sender, rule=name),
        began_at=outside.starts_at,
        detected_at=now,
        advice=plain(outside.annotations.get("runbook_url", "")),
        labels={
            **{f"{FOREIGN}{label}": value for label, value in outside.labels.items()},
            "target": place.target or called,
            "item": name,
            "instance": place.instance or place.target or called,
            "sender": sender,
        },
    )


def take(
    outsiders: Sequence[IncomingAlert],
    design: Design,
    sender: str,
    now: datetime,
    places: Places = NOWHERE,
) -> int:
    """Bring the alerts up to date with what *sender* posted; return how many were accepted."""
    with transaction.atomic():
        ledger.hold()
        told = [(each, signal_of(each, design, sender, now, places)) for each in outsiders]
        signals = [signal for _, signal in told if signal is not None]
        alerts.report(signals, now, design.digest)
        # A sender that is back has time to repeat what still holds.
        _outside().filter(heard_at__isnull=False, ends_at=None, labels__sender=sender).update(
            heard_at=now, ends_at=now + UNSENT
        )
        for outside, _ in told:
            # Each repetition postpones the end.
            _outside().filter(key=outside.key).update(heard_at=now, ends_at=outside.ends_at)
    return len(signals)


def end_unsent(now: datetime) -> int:
    """Judge alerts that were not sent again before their end; return how many. The caller holds the ledger.

    Those of a sender that still sends others are over. Those of a silent one can't be measured: they stay,
    and that is an alert of its own until the sender is back.
    """
    late = list(_outside().filter(ends_at__lte=now))
    for alert in late:
        sender = str(alert.labels.get("sender", ""))
        alerts.report([_unsent(alert, sender, now)], now, alert.document_digest)
    _outside().filter(pk__in=[alert.pk for alert in late]).update(ends_at=None)
    return len(late)


def _unsent(alert: Alert, sender: str, now: datetime) -> Signal:
    is_alive = is_still_sending(alert.heard_at, alert.ends_at, _last_heard(sender))
    silent = Message("notify.sender-silent", sender=sender)
    said = Message("notify.outside-unsent") if is_alive else silent
    return Signal(
        key=alert.key,
        clause_id=alert.clause_id,
        citation=alert.citation,
        clause_text=alert.clause_text,
        condition=Condition.OK if is_alive else Condition.NO_DATA,
        subject=alert.subject,
        value=said,
        limit=alert.limit,
        began_at=alert.heard_at or now,
        detected_at=now,
        labels=alert.labels,
    )


def is_still_sending(heard_at: datetime | None, ends_at: datetime | None, sender_at: datetime | None) -> bool:
    """Say whether a sender, last heard at *sender_at*, lives on without an alert last *heard_at* then.

    Senders repeat an alert several times before it ends. Whatever a sender that has died sent last came soon
    after the alert; only in the later half of its time does another alert prove that the sender lives.
    """
    if heard_at is None or ends_at is None or sender_at is None:
        return False
    return sender_at - heard_at >= (ends_at - heard_at) / 2


def _outside() -> QuerySet[Alert]:
    return Alert.objects.filter(resolved_at=None, key__startswith=_KEY)


def _last_heard(sender: str) -> datetime | None:
    heard: datetime | None = Alert.objects.filter(labels__sender=sender).aggregate(at=Max("heard_at"))["at"]
    return heard
