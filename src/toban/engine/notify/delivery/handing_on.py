"""Handling of a channel that is down: its notifications go another way, and it gets an alert of its own.

A notification is handed on once: to the same people through a channel that has not notified them yet, or to
the fallback channel of the bindings. The first channel keeps trying: twice is better than not at all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from django.db.models import Max, Q, QuerySet

from toban.design.clauses.notices import NotificationRule
from toban.engine.notify import alerts
from toban.engine.notify.models import ChangePosting, Delivery, Posting
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.routing.routing import Route
from toban.engine.notify.signal import Condition, Signal
from toban.message import NOTHING, Message

PATIENCE = timedelta(seconds=60)
"""How long a notification may be on its way before it is handed on."""

_NEWS = timedelta(hours=4)
"""Older notifications are not handed on: a newly bound channel is not flooded with handled problems."""


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """The state of a channel, by its newest notifications."""

    name: str
    error: Message
    """Why it does not deliver; `NOTHING` while it does."""
    since: datetime
    waiting: int
    """The number of notifications that did not get through."""


def hand_on(rules: Sequence[NotificationRule], contacts: Contacts, now: datetime) -> int:
    """Send late notifications another way and report channels that are down, in the caller's transaction.

    The caller holds the ledger. Returns the number of deliveries added.
    """
    # Nobody needs to be notified of resolved alerts any more.
    open_ones = Delivery.objects.filter(handed_on=False, announcement__alert__resolved_at=None)
    # If a channel fails slowly, its newest notifications wait for a first attempt behind all the others.
    failing = Delivery.objects.filter(state=Delivery.State.WAITING).exclude(error__code="").values("channel")
    stuck = open_ones.filter(created_at__gt=now - _NEWS).filter(
        Q(state=Delivery.State.FAILED)
        | Q(state=Delivery.State.WAITING, created_at__lte=now - PATIENCE, channel__in=failing)
    )
    added = []
    for delivery in stuck.select_related("announcement").order_by("id"):
        added += list(_another_way(delivery, contacts, now))
        delivery.handed_on = True
        delivery.save(update_fields=["handed_on"])
    Delivery.objects.bulk_create(added, batch_size=50)
    alerts.report([_signal(each, rules, now) for each in _channels(contacts, now)] if rules else [], now)
    return len(added)


def _another_way(delivery: Delivery, contacts: Contacts, now: datetime) -> Iterator[Delivery]:
    announcement = delivery.announcement
    told = set(Delivery.objects.filter(announcement=announcement).values_list("destination", flat=True))
    for route in _routes(delivery, contacts):
        if route.destination in told:
            continue
        told.add(route.destination)
        yield Delivery(
            announcement=announcement,
            key=uuid4().hex,
            destination=route.destination,
            channel=route.way.name,
            addresses=route.addresses,
            recipients=route.recipients,
            language=contacts.language_for(route.recipients, route.way),
            rule_id=route.rule_id,
            rule_citation=route.rule_citation,
            created_at=now,
            next_at=now,
            # Never handed on twice: no notification wanders from channel to channel.
            handed_on=True,
        )


def _routes(delivery: Delivery, contacts: Contacts) -> Iterator[Route]:
    """Yield the other ways to the recipients, and the fallback channel."""
    route = partial(Route, delivery.rule_id, delivery.rule_citation)
    others = [way for way in contacts.ways if way.name != delivery.channel]
    for recipient in delivery.recipients:
        addresses = contacts.addresses(recipient) or {}
        for way in others:
            address = addresses.get(way.kind, "")
            if address and not address.startswith("#"):
                yield route((recipient,), way, (address,))
    for way in others:
        if way.name == contacts.notices.fallback and way.is_shared:
            yield route(tuple(delivery.recipients), way, ())


def late(now: datetime) -> Q:
    """Return what finds the postings that failed at least once, and are still on their way after too long."""
    return Q(state=Posting.State.WAITING, created_at__lte=now - PATIENCE) & ~Q(error__code="")


def _channels(contacts: Contacts, now: datetime) -> Iterator[ChannelStatus]:
    # Most channels take no changes.
    has_changes = ChangePosting.objects.filter(created_at__gt=now - _NEWS).exists()
    sent: tuple[type[Posting], ...] = (Delivery, ChangePosting) if has_changes else (Delivery,)
    for way in contacts.ways:
        lately = [_postings(model, way.name, now) for model in sent]
        arrived = max((at for each in lately if (at := _arrived(each)) is not None), default=None)
        since = Q() if arrived is None else Q(settled_at=None) | Q(settled_at__gt=arrived)
        stuck = [each.filter(Q(state=Posting.State.FAILED) | late(now)).filter(since) for each in lately]
        firsts = [first for each in stuck if (first := each.order_by("pk").first()) is not None]
        oldest = min(firsts, key=lambda each: each.created_at, default=None)
        if oldest is not None:
            count = sum(each.count() for each in stuck)
            yield ChannelStatus(way.name, oldest.error, oldest.created_at, count)
        elif arrived is not None:
            yield ChannelStatus(way.name, NOTHING, arrived, 0)


def _postings(model: type[Posting], channel: str, now: datetime) -> QuerySet[Posting]:
    return model._default_manager.filter(channel=channel, created_at__gt=now - _NEWS)  # noqa: SLF001


def _arrived(postings: QuerySet[Posting]) -> datetime | None:
    done = postings.filter(state=Posting.State.DELIVERED).aggregate(latest=Max("settled_at"))
    found: datetime | None = done["latest"]
    return found


def _signal(channel: ChannelStatus, rules: Sequence[NotificationRule], now: datetime) -> Signal:
    """Return the channel's signal, under the first row of the matrix, which represents all its rows."""
    rule = rules[0]
    is_down = bool(channel.error)
    return Signal(
        key=f"{rule.id}/channel/{channel.name}",
        clause_id=rule.id,
        citation=str(rule.origin),
        clause_text=rule.text,
        condition=Condition.CRITICAL if is_down else Condition.OK,
        subject=Message("notify.channel", channel=channel.name),
        value=Message("notify.undelivered", count=channel.waiting)
        if is_down
        else Message("notify.delivering"),
        limit=channel.error,
        began_at=channel.since,
        detected_at=now,
        advice=Message("notify.channel-needs-help"),
        labels={"channel": channel.name},
    )
