"""Lines about alerts: opened, changed, acknowledged, over; and who was told, with receipts."""

from collections.abc import Iterator

from toban.chapters.incident.timeline.kinds import EntryKind, GatheredEntry, with_detail
from toban.chapters.incident.timeline.scene import Scene, newest
from toban.engine.notify.delivery.handing_on import PATIENCE, late
from toban.engine.notify.models import Alert, Announcement, Delivery
from toban.message import NOTHING, Message

_ENDED = (Delivery.State.DELIVERED, Delivery.State.FAILED)


def lines(scene: Scene) -> Iterator[GatheredEntry]:
    """Yield what is known of the alerts of *scene*, and of others about the same targets."""
    for alert in scene.alerts:
        yield from _alert(alert)
    yield from _notices(scene)
    yield from _beside(scene)


def _alert(alert: Alert) -> Iterator[GatheredEntry]:
    key, url = f"alert/{alert.pk}", f"/alerts/{alert.pk}"
    subject, condition = alert.subject, Message(f"notify.condition-{alert.condition}")
    is_open = alert.resolved_at is None
    # The value of one that is over is the one that ended it.
    value = alert.value if is_open else NOTHING
    said = with_detail(Message("incident-reports.alert-opened", subject=subject, condition=condition), value)
    yield GatheredEntry(f"{key}/opened", EntryKind.ALERT, alert.opened_at, said, url=url)
    if is_open and alert.changed_at != alert.opened_at:
        changed = Message("incident-reports.alert-changed", subject=subject, condition=condition)
        said = with_detail(changed, value)
        at = alert.changed_at
        yield GatheredEntry(f"{key}/changed/{at.isoformat()}", EntryKind.ALERT, at, said, url=url)
    if alert.acknowledged_at is not None:
        said, by = Message("incident-reports.alert-acknowledged", subject=subject), alert.acknowledged_by
        at = alert.acknowledged_at
        name = f"{key}/acknowledged/{at.isoformat()}"
        yield GatheredEntry(name, EntryKind.ACKNOWLEDGEMENT, at, said, by, url)
    if alert.released_at is not None:
        said, at = Message("incident-reports.alert-released", subject=subject), alert.released_at
        yield GatheredEntry(f"{key}/released/{at.isoformat()}", EntryKind.ACKNOWLEDGEMENT, at, said, url=url)
    if alert.resolved_at is not None:
        said = with_detail(Message("incident-reports.alert-resolved", subject=subject), alert.value)
        yield GatheredEntry(f"{key}/resolved", EntryKind.ALERT, alert.resolved_at, said, url=url)


def _notices(scene: Scene) -> Iterator[GatheredEntry]:
    numbers = [alert.pk for alert in scene.alerts]
    told = newest(Announcement.objects.filter(alerts__in=numbers).distinct())
    for each in told:
        said = Message("incident-reports.announced", title=each.title)
        url = f"/alerts/{each.alert_id}"
        yield GatheredEntry(f"announcement/{each.pk}", EntryKind.NOTICE, each.at, said, url=url)
    sent = Delivery.objects.filter(announcement__in=[each.pk for each in told])
    for delivery in newest(sent.filter(state__in=_ENDED).select_related("announcement")):
        yield _delivery(delivery)
    for delivery in newest(sent.filter(late(scene.until)).select_related("announcement")):
        yield _late(delivery)


def _delivery(delivery: Delivery) -> GatheredEntry:
    is_delivered = delivery.state == Delivery.State.DELIVERED
    said = (
        Message(
            "incident-reports.delivered",
            channel=delivery.channel,
            recipients=delivery.recipients,
            title=delivery.announcement.title,
        )
        if is_delivered
        else Message(
            "incident-reports.not-delivered",
            channel=delivery.channel,
            recipients=delivery.recipients,
            error=delivery.error,
        )
    )
    at, url = delivery.settled_at or delivery.created_at, f"/alerts/{delivery.announcement.alert_id}"
    return GatheredEntry(f"delivery/{delivery.pk}", EntryKind.NOTICE, at, said, url=url)


def _late(delivery: Delivery) -> GatheredEntry:
    """Return the line of one that did not get through in time: a channel that is down is tried for hours."""
    said = Message(
        "incident-reports.not-delivered-yet",
        channel=delivery.channel,
        recipients=delivery.recipients,
        error=delivery.error,
    )
    at, url = delivery.created_at + PATIENCE, f"/alerts/{delivery.announcement.alert_id}"
    return GatheredEntry(f"delivery/{delivery.pk}/late", EntryKind.NOTICE, at, said, url=url)


def _beside(scene: Scene) -> Iterator[GatheredEntry]:
    """Yield the alerts about the same targets that opened meanwhile and belong to no incident."""
    opened = Alert.objects.filter(
        clause_id__in=scene.rows,
        opened_at__gte=scene.since,
        opened_at__lt=scene.until,
        incident_link=None,
    )
    for alert in newest(opened):
        if scene.names.intersection((alert.clause_id, str(alert.labels.get("target", "")))):
            said = Message("incident-reports.alert-beside", subject=alert.subject)
            key, url = f"alert/{alert.pk}/beside", f"/alerts/{alert.pk}"
            yield GatheredEntry(key, EntryKind.ALERT, alert.opened_at, said, url=url)
