"""The outbox of notifications: what each says, in which order, and the evidence of how it ended.

What people must act on goes first, recoveries go last: a new critical alert waits for no old recovery. Only
one alert's notifications to one place keep their order: a recovery never overtakes the news of the problem.
"""

from datetime import datetime, timedelta
from urllib.parse import quote

from django.conf import settings
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When

from toban.design.values.severity import AlertLevel
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.chat.ordering import buttons_of
from toban.engine.notify.delivery import words
from toban.engine.notify.delivery.attempts import Outbox
from toban.engine.notify.delivery.channel import Channel
from toban.engine.notify.delivery.notice import Notice, NoticeAbout, NoticeKind, NoticeMessages
from toban.engine.notify.models import Alert, AnnouncedAlert, Announcement, Delivery
from toban.engine.notify.signal import Condition
from toban.message import NOTHING, Message

GIVE_UP = timedelta(hours=4)
"""A notification that could not be delivered for this long is no longer news."""
_URGENCY = Case(
    When(announcement__kind=NoticeKind.RECOVERED, then=3),
    When(announcement__kind__in=(NoticeKind.ACKNOWLEDGED, NoticeKind.DIGEST), then=2),
    When(announcement__condition=Condition.CRITICAL, then=0),
    default=1,
)
_MEASURED = ("notify.fact-value", "notify.fact-reason", "notify.fact-event")
"""The facts that say what was measured, or why nothing was."""
_ORDERABLE = (NoticeKind.FIRING, NoticeKind.NO_DATA)
"""What it says still holds: something can be done about it."""
_MOST_LISTED = 500
"""Number of alerts of one notification that its evidence lists; the state database holds all."""


def notice_of(delivery: Delivery) -> Notice:
    """Return the notice to send, in its reader's language, with the row that sends it to this recipient."""
    announcement, alert, language = delivery.announcement, delivery.announcement.alert, delivery.language
    ordered_by = Message("notify.row-for", row=delivery.rule_citation, recipients=delivery.recipients)
    is_drill = words.is_of_drill(announcement.title)
    said = NoticeMessages(
        title=announcement.title,
        subject=words.of_drill(alert.subject) if is_drill else alert.subject,
        facts=(*announcement.told, (Message("notify.fact-ordered-by"), ordered_by)),
    )
    kind = NoticeKind(announcement.kind)
    is_digest = kind is NoticeKind.DIGEST
    return Notice(
        key=delivery.key,
        # A digest continues no thread: it is about many alerts, most of them new.
        alert_key=delivery.key if is_digest else _first_alert(delivery).incident_key,
        kind=kind,
        level=AlertLevel(announcement.level),
        title=words.one_line(said.title, language),
        facts=said.facts_in(language),
        citation=alert.citation,
        clause_text=alert.clause_text,
        subject=words.one_line(said.subject, language),
        began_at=alert.began_at,
        at=announcement.at,
        url=announcement.url,
        # What is over as it happens can't be acknowledged, nor what ends with a review.
        announcement=0 if alert.is_event or alert.ends_with_review else announcement.pk,
        buttons=buttons_of(announcement.pk, settings.PARTS.ports) if kind in _ORDERABLE else (),
        reply_to="" if is_digest else _first_receipt(delivery),
        # News of a problem may be sent after it is over.
        ended_at=alert.resolved_at if kind is NoticeKind.RECOVERED else None,
        language=language,
        messages=said,
        about=_about(announcement),
        is_drill=is_drill,
    )


def _about(announcement: Announcement) -> NoticeAbout:
    alert, labels = announcement.alert, announcement.alert.labels
    told = {label.code: value for label, value in announcement.told}
    measured = (told[code] for code in _MEASURED if code in told)
    base = settings.PUBLIC_URL.rstrip("/")
    return NoticeAbout(
        clause_id=alert.clause_id,
        target=labels.get("target", ""),
        metric=labels.get("item", ""),
        instance=labels.get("instance", ""),
        value=next(measured, NOTHING),
        threshold=told.get("notify.fact-limit", NOTHING),
        row_url=f"{base}/clauses/{quote(alert.clause_id)}" if base else "",
    )


def _first_alert(delivery: Delivery) -> Alert:
    """Return the alert that represented this one where the place first heard of it, or of its flapping."""
    alert = delivery.announcement.alert
    same = Q(pk=alert.pk) if alert.flap_root_id is None else Q(flap_root=alert.flap_root_id)
    told = AnnouncedAlert.objects.filter(
        alert__in=Alert.objects.filter(same), announcement__deliveries__destination=delivery.destination
    )
    first = told.exclude(announcement__kind=NoticeKind.DIGEST).order_by("announcement").first()
    return alert if first is None else first.announcement.alert


def _first_receipt(delivery: Delivery) -> str:
    """Return the receipt for the first notification of the same alert to the same place."""
    earlier = Delivery.objects.filter(
        destination=delivery.destination,
        state=Delivery.State.DELIVERED,
        announcement__alerts__in=delivery.announcement.alerts.all(),
        id__lt=delivery.pk,
    )
    first = earlier.order_by("id").values_list("receipt", flat=True).first()
    return first or ""


def _in_turn(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    earlier = Delivery.objects.filter(
        state=Delivery.State.WAITING,
        destination=OuterRef("destination"),
        announcement__alerts__told_in=OuterRef("announcement"),
        id__lt=OuterRef("id"),
    )
    return deliveries.filter(~Exists(earlier))


def _send(delivery: Delivery, channel: Channel) -> str:
    return channel.send(notice_of(delivery), tuple(delivery.addresses))


def _ended(delivery: Delivery, now: datetime) -> None:
    """Write the evidence of how a delivery ended."""
    alert = delivery.announcement.alert
    content = {
        "outcome": delivery.state,
        "title": delivery.announcement.title.as_json(),
        "language": delivery.language,
        "channel": delivery.channel,
        "recipients": delivery.recipients,
        "addresses": delivery.addresses,
        "ordered_by": delivery.rule_citation.as_json(),
        "key": delivery.key,
        "attempts": delivery.attempts,
        "receipt": delivery.receipt,
        "error": delivery.error.as_json(),
        "breach_at": alert.began_at.isoformat(),
        "detected_at": alert.opened_at.isoformat(),
        **_about_many(delivery),
    }
    record = ledger.Record(
        LedgerEntry.Kind.NOTICE,
        content,
        clause_id=alert.clause_id,
        document_digest=alert.document_digest,
    )
    ledger.append(record, now=now)


def _about_many(delivery: Delivery) -> dict[str, object]:
    """Return what the evidence adds for a notification about many alerts: breach and detection of each."""
    told = delivery.announcement.alerts.order_by("began_at", "id")
    count = told.count()
    if count <= 1:
        return {}
    listed = [
        {
            "clause": alert.clause_id,
            "breach_at": alert.began_at.isoformat(),
            "detected_at": alert.opened_at.isoformat(),
        }
        for alert in told[:_MOST_LISTED]
    ]
    return {"alerts": count, "listed": listed}


NOTICES = Outbox[Delivery, Channel](
    model=Delivery,
    needs=("announcement__alert",),
    in_turn=_in_turn,
    urgency=_URGENCY,
    send=_send,
    ended=_ended,
    give_up=GIVE_UP,
)
