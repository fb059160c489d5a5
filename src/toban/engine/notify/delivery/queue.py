"""Writes messages into the outbox, with all their destinations and the language of each."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import uuid4

from toban.engine.notify.deciding.records import AlertRecord
from toban.engine.notify.delivery import words
from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.models import AnnouncedAlert, Announcement, Delivery
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.routing.grouping import GroupedNotice
from toban.engine.notify.routing.routing import Route
from toban.engine.notify.signal import EVENT


def put(
    messages: Sequence[GroupedNotice],
    contacts: Contacts,
    now: datetime,
    drilled: Collection[int] = frozenset(),
) -> int:
    """Write *messages* in the caller's transaction, and return the number of deliveries.

    What they say of the alerts with the numbers *drilled* is marked: these were made on purpose.
    """
    announcements = Announcement.objects.bulk_create(
        [_announcement(message, contacts, now, drilled) for message in messages], batch_size=100
    )
    AnnouncedAlert.objects.bulk_create(
        [
            AnnouncedAlert(
                announcement_id=announcement.pk,
                alert_id=alert.id,
                kind=alert.kind if message.kind is NoticeKind.DIGEST else message.kind,
                condition=alert.condition,
            )
            for message, announcement in zip(messages, announcements, strict=True)
            for alert in message.alerts
        ],
        batch_size=200,
    )
    deliveries = [
        Delivery(
            announcement=announcement,
            key=uuid4().hex,
            destination=route.destination,
            channel=route.way.name,
            addresses=route.addresses,
            recipients=route.recipients,
            language=_language(message.alerts[0], route, contacts),
            rule_id=route.rule_id,
            rule_citation=route.rule_citation,
            created_at=now,
            next_at=now,
        )
        for message, announcement in zip(messages, announcements, strict=True)
        for route in message.routes
    ]
    return len(Delivery.objects.bulk_create(deliveries, batch_size=50))


def _announcement(
    message: GroupedNotice, contacts: Contacts, now: datetime, drilled: Collection[int]
) -> Announcement:
    alert, kind = message.alerts[0], message.kind
    stories = [_story(each, message, contacts.system, is_drill=each.id in drilled) for each in message.alerts]
    return Announcement(
        alert_id=alert.id,
        kind=kind,
        condition=alert.condition,
        level=message.level,
        title=words.title(kind, stories, message.reason, message.before),
        facts=[
            [label.as_json(), value.as_json()]
            for label, value in words.facts(kind, stories, contacts.zone, now, message.consequences)
        ],
        at=now,
        url=_page(contacts.public_url, message.alerts),
    )


def _language(alert: AlertRecord, route: Route, contacts: Contacts) -> str:
    """Return the language of what is said about *alert* at a place: the same from its start to its end."""
    before = (each.language for each in alert.past.notices if each.destination == route.destination)
    return next(before, None) or contacts.language_for(route.recipients, route.way)


def _story(alert: AlertRecord, message: GroupedNotice, system: str, *, is_drill: bool) -> words.AlertStory:
    return words.AlertStory(
        subject=words.of_drill(alert.subject) if is_drill else alert.subject,
        condition=alert.condition,
        value=alert.value,
        limit=alert.limit,
        advice=alert.advice,
        began_at=alert.began_at,
        detected_at=alert.opened_at,
        ended_at=alert.resolved_at,
        taken_by=alert.acknowledged_by,
        is_flapping=message.is_flapping,
        is_over=alert.kind is NoticeKind.RECOVERED,
        is_measured="target" in alert.labels and EVENT not in alert.labels,
        system=system,
        citation=alert.citation,
    )


def _page(public_url: str, alerts: Sequence[AlertRecord]) -> str:
    """Return the URL of the alert's page, where it is acknowledged; for many alerts, that of the list."""
    if not public_url:
        return ""
    if len(alerts) > 1:
        return f"{public_url}/alerts/"
    return f"{public_url}/alerts/{alerts[0].id}"
