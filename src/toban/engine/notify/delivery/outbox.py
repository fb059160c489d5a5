"""The outbox: every delivery is attempted until it is accepted, refused for good, or too old.

At least once: if a worker dies while it sends, the next one sends again, under the same key. One worker sends
at a time (`lead`), with one thread per channel: an attempt that another worker began no longer has an owner.
If that worker comes back anyway, its late result is rejected by the number of its attempt. One alert's
notifications to one place go out in order, so that a recovery never overtakes the news of the problem.
"""

import random
import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import structlog
from django.db import InterfaceError, OperationalError, connections, transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from toban.design.values.severity import AlertLevel
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.clock import Clock
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.message_field import storable
from toban.engine.notify.counters import STAGE_TOTAL
from toban.engine.notify.delivery import words
from toban.engine.notify.delivery.channel import Channel, Undelivered
from toban.engine.notify.delivery.notice import Notice, NoticeKind, NoticeMessages
from toban.engine.notify.models import Delivery
from toban.engine.text import storable_text
from toban.message import NOTHING, Message, message_of

GIVE_UP = timedelta(hours=4)
"""A notification that could not be delivered for this long is no longer news."""
LONGEST_WAIT = timedelta(minutes=5)
_FIRST_WAIT = timedelta(seconds=2)
_FEWEST_ATTEMPTS = 16
"""Never given up before this many attempts: a notification may be old because the whole machine was down."""
AHEAD = timedelta(minutes=1)
"""Workers' clocks may differ by less; a time further ahead was written before a clock was set back."""
_STATE_AGAIN = 1.0
"""Seconds until a failed write to the state database is retried."""
_MOST_LISTED = 500
"""Number of alerts of one notification that its evidence lists; the state database holds all."""

type Jitter = Callable[[], float]
"""Returns a number in [0, 1)."""

log = structlog.get_logger()


def _always() -> None:
    """Permit every attempt: no other worker sends."""


def deliver_due(
    name: str,
    channel: Channel,
    *,
    clock: Clock,
    most: int = 10,
    jitter: Jitter = random.random,
    permit: Callable[[], None] = _always,
) -> int:
    """Send up to *most* due deliveries through the channel called *name*; return how many were tried.

    *permit* is called before each attempt; it raises if another worker has taken over sending.
    """
    tried = 0
    for delivery_id in _due(name, clock()).values_list("id", flat=True)[:most]:
        permit()
        delivery = begin(delivery_id, clock())
        if delivery is not None:
            _attempt(delivery, channel, clock, jitter)
            tried += 1
    return tried


def begin(delivery_id: int, now: datetime) -> Delivery | None:
    """Begin an attempt, or return None if it is not due any more."""
    with transaction.atomic():
        due = _waiting(Delivery.objects.filter(id=delivery_id), now)
        if not due.update(attempts=F("attempts") + 1):
            return None
        return Delivery.objects.select_related("announcement__alert").get(id=delivery_id)


def next_attempt(
    failure: Undelivered, *, attempts: int, created_at: datetime, now: datetime, jitter: float
) -> datetime | None:
    """Return when to try again after *attempts* attempts, or None to give up.

    Waits double from 2 s to 5 min, and each is shortened by up to a half (*jitter* in [0, 1)), so that many
    deliveries don't return at once. A wait is at least as long as the receiver asked for (Retry-After).
    """
    if not failure.retry:
        return None
    wait = min(LONGEST_WAIT, _FIRST_WAIT * 2 ** min(attempts - 1, 16)) * (1 - jitter / 2)
    asked = timedelta(seconds=failure.after or 0)
    at = now + max(wait, asked)
    is_given_up = at >= created_at + GIVE_UP and attempts >= _FEWEST_ATTEMPTS
    return None if is_given_up else at


def restamp(now: datetime) -> None:
    """Move deliveries that begin in the future to *now*: a clock was set back after they were written."""
    ahead = Delivery.objects.filter(state=Delivery.State.WAITING, created_at__gt=now + AHEAD)
    ahead.update(created_at=now, next_at=now)


def abandon(bound: Collection[str], now: datetime) -> None:
    """Give up deliveries that wait for a channel that is not *bound* any more."""
    lost = Delivery.objects.filter(state=Delivery.State.WAITING).exclude(channel__in=bound)
    for delivery in lost.select_related("announcement__alert"):
        _close(delivery, Delivery.State.FAILED, now, error=Message("notify.channel-not-bound"))


def notice_of(delivery: Delivery) -> Notice:
    """Return the notice to send, in its reader's language, with the row that sends it to this recipient."""
    announcement, alert, language = delivery.announcement, delivery.announcement.alert, delivery.language
    ordered_by = Message("notify.row-for", row=delivery.rule_citation, recipients=delivery.recipients)
    said = NoticeMessages(
        title=announcement.title,
        subject=alert.subject,
        facts=(*announcement.told, (Message("notify.fact-ordered-by"), ordered_by)),
    )
    kind = NoticeKind(announcement.kind)
    is_digest = kind is NoticeKind.DIGEST
    return Notice(
        key=delivery.key,
        # A digest continues no thread: it is about many alerts, most of them new.
        alert_key=delivery.key if is_digest else alert.incident_key,
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
        announcement=announcement.pk,
        reply_to="" if is_digest else _first_receipt(delivery),
        # News of a problem may be sent after it is over.
        ended_at=alert.resolved_at if kind is NoticeKind.RECOVERED else None,
        language=language,
        messages=said,
    )


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


def _due(name: str, now: datetime) -> QuerySet[Delivery]:
    earlier = Delivery.objects.filter(
        state=Delivery.State.WAITING,
        destination=OuterRef("destination"),
        announcement__alerts__told_in=OuterRef("announcement"),
        id__lt=OuterRef("id"),
    )
    return _waiting(Delivery.objects.filter(~Exists(earlier), channel=name), now).order_by("next_at", "id")


def _waiting(deliveries: QuerySet[Delivery], now: datetime) -> QuerySet[Delivery]:
    return deliveries.filter(state=Delivery.State.WAITING, next_at__lte=now)


def _attempt(delivery: Delivery, channel: Channel, clock: Clock, jitter: Jitter) -> None:
    try:
        receipt = channel.send(notice_of(delivery), tuple(delivery.addresses))
    except Undelivered as failure:
        _failed(delivery, failure, clock(), jitter)
    except SecretUnavailable as missing:
        _failed(delivery, Undelivered(message_of(missing), retry=True), clock(), jitter)
    except Exception as bug:  # noqa: BLE001 - the boundary to a channel: one bad notice must not stop the rest.
        # The message of an unexpected error may contain a secret: only its type is reported.
        log.error("channel_broken", channel=delivery.channel, error=type(bug).__name__)  # noqa: TRY400
        broken = Undelivered(Message("notify.channel-broken", error=type(bug).__name__), retry=True)
        _failed(delivery, broken, clock(), jitter)
    else:
        _settle(delivery, Delivery.State.DELIVERED, clock(), receipt=storable_text(receipt))


def _failed(delivery: Delivery, failure: Undelivered, now: datetime, jitter: Jitter) -> None:
    error = storable(message_of(failure))
    at = next_attempt(
        failure, attempts=delivery.attempts, created_at=delivery.created_at, now=now, jitter=jitter()
    )
    log.warning(
        "notice_undelivered",
        channel=delivery.channel,
        attempt=delivery.attempts,
        retry=at is not None,
        error=error.as_json(),
        clause=delivery.announcement.alert.citation,
    )
    if at is None:
        _settle(delivery, Delivery.State.FAILED, now, error=error)
        return
    STAGE_TOTAL.labels("send", "retry").inc()
    _insist(lambda: _mine(delivery).update(next_at=at, error=error))
    if failure.after is not None:
        # The receiver's wait is about the channel, not about this notification.
        waiting = Delivery.objects.filter(channel=delivery.channel, state=Delivery.State.WAITING)
        waiting.filter(next_at__lt=at).update(next_at=at)


def _settle(
    delivery: Delivery, state: Delivery.State, now: datetime, *, receipt: str = "", error: Message = NOTHING
) -> None:
    def write() -> None:
        with transaction.atomic():
            ledger.hold()
            # Another worker may have begun an attempt after ours: then it writes the receipt.
            if _mine(delivery).select_for_update().exists():
                _close(delivery, state, now, receipt=receipt, error=error)

    _insist(write)


def _insist(write: Callable[[], object]) -> None:
    """Retry *write* until the state database accepts it: a receiver's answer must not be lost."""
    while True:
        try:
            write()
        except (OperationalError, InterfaceError) as error:
            log.warning("receipt_waits_for_state", reason=str(error))
            connections.close_all()
            time.sleep(_STATE_AGAIN)
        else:
            return


def _mine(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(id=delivery.id, attempts=delivery.attempts, state=Delivery.State.WAITING)


def _close(
    delivery: Delivery, state: Delivery.State, now: datetime, *, receipt: str = "", error: Message = NOTHING
) -> None:
    """Write the end of a delivery and its evidence; the caller holds the ledger."""
    delivery.state, delivery.settled_at = state, now
    delivery.receipt, delivery.error = receipt[:500], error
    delivery.save(update_fields=["state", "settled_at", "receipt", "error"])
    alert = delivery.announcement.alert
    content = {
        "outcome": state.value,
        "title": delivery.announcement.title.as_json(),
        "language": delivery.language,
        "channel": delivery.channel,
        "recipients": delivery.recipients,
        "addresses": delivery.addresses,
        "ordered_by": delivery.rule_citation.as_json(),
        "key": delivery.key,
        "attempts": delivery.attempts,
        "receipt": delivery.receipt,
        "error": error.as_json(),
        "breach_at": alert.began_at.isoformat(),
        "detected_at": alert.opened_at.isoformat(),
        **_about_many(delivery),
    }
    ledger.append(
        ledger.Record(
            LedgerEntry.Kind.NOTICE,
            content,
            clause_id=alert.clause_id,
            document_digest=alert.document_digest,
        ),
        now=now,
    )
    STAGE_TOTAL.labels("send", state.value).inc()


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
