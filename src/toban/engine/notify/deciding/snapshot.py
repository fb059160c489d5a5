"""Reads the input of a look, in hardly more queries for a thousand alerts than for one."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from django.db.models import Count, DateTimeField, Max, Q, QuerySet

from toban.design.values.schedule import Schedule
from toban.engine.exceptions.standing import in_force
from toban.engine.notify.deciding.records import (
    AT_LEAST_EVERY,
    AlertingSnapshot,
    AlertRecord,
    DeliveryHistory,
    Place,
    SentNotice,
    place,
)
from toban.engine.notify.delivery.attempts import AHEAD
from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.duty import escalation
from toban.engine.notify.duty.escalation import EscalationProgress
from toban.engine.notify.models import (
    Alert,
    AnnouncedAlert,
    Delivery,
    Escalation,
    Maintenance,
    Silence,
    StageOutcome,
)
from toban.engine.notify.routing.maintenance import AnnouncedMaintenance
from toban.engine.notify.routing.muting import AFTERMATH, OpenAlert
from toban.engine.notify.routing.silences import ActiveSilence
from toban.engine.notify.signal import BECAUSE, Condition
from toban.engine.state.question import NOW, Given, Question
from toban.message import Message

_AT_ONCE = 500
"""SQLite takes a limited number of parameters."""
_COLUMNS = tuple(each.name for each in fields(AlertRecord) if each.name != "past")


def load(now: datetime, *, everything: bool, digests: frozenset[Schedule] = frozenset()) -> AlertingSnapshot:
    """Read the alerts that may need a notification at *now*, and everything that affects them.

    With *everything*, or if the time of *digests* has come, these are all alerts that are not settled.
    """
    unsettled = Alert.objects.filter(settled=False)
    alerts = tuple(
        _alerts(unsettled if everything or digests else _due(unsettled, now, now + AT_LEAST_EVERY))
    )
    if not alerts:
        # The loop looks twice a second, and thousands of alerts may be open.
        return AlertingSnapshot(now, alerts)
    return AlertingSnapshot(
        now=now,
        alerts=alerts,
        troubles=tuple(_troubles()),
        lately_down=(*_lately_down(now), *_just_over(alerts)),
        told_of=_told_of({each.labels[BECAUSE] for each in alerts if BECAUSE in each.labels}),
        silences=tuple(_silences(unsettled, now)),
        exceptions=tuple(each for each in in_force(now) if each.holds_notices),
        maintenance=tuple(_maintenance(now)),
        newest_flaps=_newest_flaps(unsettled),
        ongoing_groups=_ongoing_groups(alerts),
        digests=digests,
        lately=_lately(now),
    )


def are_due(now: datetime) -> bool:
    """Return whether an alert is due for another look at *now*, or was not sent again before its end."""
    return _ANY_DUE.finds(now=now, astray=now + AT_LEAST_EVERY)


def _any_due() -> QuerySet[Alert, Any]:
    unsettled = Alert.objects.filter(settled=False)
    found = _due(unsettled, NOW, Given("astray", DateTimeField())) | unsettled.filter(ends_at__lte=NOW)
    return found.values_list("pk")[:1]


_ANY_DUE = Question(_any_due)


def _due(unsettled: QuerySet[Alert], now: datetime | Given, astray: datetime | Given) -> QuerySet[Alert]:
    # A later time was written before a clock was set back.
    is_astray = Q(look_at__gt=astray)
    return unsettled.filter(Q(look_at=None) | Q(look_at__lte=now) | is_astray)


def _alerts(due: QuerySet[Alert]) -> Iterator[AlertRecord]:
    found = list(due.order_by("id").values(*_COLUMNS))
    ids = [row["id"] for row in found]
    notices = _notices({*ids, *(row["flap_root_id"] for row in found)} - {None})
    said, escalations = _said(ids), _escalations(ids)
    for row in found:
        own, of_flapping = notices.get(row["id"], {}), notices.get(row["flap_root_id"], {})
        sent = sorted({**of_flapping, **own}.items())
        past = DeliveryHistory(
            tuple(notice for _, notice in sent), said.get(row["id"], {}), escalations.get(row["id"])
        )
        yield AlertRecord(**{**row, "condition": Condition(row["condition"])}, past=past)


def _notices(ids: Collection[int]) -> Mapping[int, Mapping[int, SentNotice]]:
    """Return alert → number of the delivery → its notification; for a flap root, those of all its flaps."""
    found: dict[int, dict[int, SentNotice]] = defaultdict(dict)
    for some in batched(ids, _AT_ONCE):
        announced: dict[int, list[tuple[AnnouncedAlert, int | None]]] = defaultdict(list)
        about = AnnouncedAlert.objects.filter(Q(alert__in=some) | Q(alert__flap_root__in=some))
        for each in about.select_related("alert").only(
            "announcement_id", "kind", "condition", "alert__flap_root"
        ):
            announced[each.announcement_id].append((each, each.alert.flap_root_id))
        for part in batched(announced, _AT_ONCE):
            for delivery in Delivery.objects.filter(announcement__in=part).select_related("announcement"):
                for each, root in announced[delivery.announcement_id]:
                    for alert in {each.alert_id, root or each.alert_id}:
                        found[alert][delivery.pk] = _notice(delivery, each)
    return found


def _notice(delivery: Delivery, said: AnnouncedAlert) -> SentNotice:
    return SentNotice(
        kind=NoticeKind(said.kind),
        condition=Condition(said.condition),
        destination=delivery.destination,
        channel=delivery.channel,
        addresses=tuple(delivery.addresses),
        recipients=tuple(delivery.recipients),
        rule_id=delivery.rule_id,
        rule_citation=delivery.rule_citation,
        at=delivery.created_at,
        is_lost=delivery.state == Delivery.State.FAILED,
        language=delivery.language,
        announcement=delivery.announcement_id,
        is_stand_in=delivery.is_stand_in,
    )


def _said(ids: Collection[int]) -> Mapping[int, Mapping[Place, tuple[str, Message]]]:
    found: dict[int, dict[Place, tuple[str, Message]]] = defaultdict(dict)
    columns = ("alert_id", "destination", "rule_id", "recipients", "reason", "detail")
    for some in batched(ids, _AT_ONCE):
        written = StageOutcome.objects.filter(alert__in=some).order_by("id").values_list(*columns)
        for alert_id, destination, rule_id, recipients, reason, detail in written:
            found[alert_id][place(destination, rule_id, recipients)] = (reason, detail)
    return found


def _escalations(ids: Collection[int]) -> Mapping[int, EscalationProgress]:
    return {
        each.alert_id: EscalationProgress(escalation.read(each.policy), each.began_at, each.steps_done)
        for some in batched(ids, _AT_ONCE)
        for each in Escalation.objects.filter(alert__in=some)
    }


def _troubles() -> Iterator[OpenAlert]:
    held = Alert.objects.filter(resolved_at=None).values_list("key", "subject", "condition", "labels")
    for key, subject, condition, labels in held:
        yield OpenAlert(key, subject, Condition(condition), labels)


def _ongoing_groups(alerts: Iterable[AlertRecord]) -> frozenset[int]:
    over = (alert for alert in alerts if alert.resolved_at is not None)
    told_in = {each.announcement for alert in over for each in alert.past.notices}
    return frozenset(
        announcement
        for some in batched(told_in, _AT_ONCE)
        for announcement in AnnouncedAlert.objects.filter(announcement__in=some, alert__resolved_at=None)
        .values_list("announcement", flat=True)
        .distinct()
    )


def _lately_down(now: datetime) -> Iterator[tuple[OpenAlert, datetime]]:
    # By the notifications of its end, which are indexed by time; nobody was told of any other.
    told = Delivery.objects.filter(created_at__range=(now - AFTERMATH, now + AHEAD))
    over = AnnouncedAlert.objects.filter(kind=NoticeKind.RECOVERED, announcement__deliveries__in=told)
    columns = ("key", "subject", "condition", "labels", "resolved_at")
    for key, subject, condition, labels, at in Alert.objects.filter(
        pk__in=over.values("alert"), condition=Condition.CRITICAL, resolved_at__isnull=False
    ).values_list(*columns):
        each = OpenAlert(key, subject, Condition(condition), labels)
        if each.is_down:
            yield each, at


def _just_over(alerts: Iterable[AlertRecord]) -> Iterator[tuple[OpenAlert, datetime]]:
    """Yield those whose end this very look tells."""
    for alert in alerts:
        if alert.resolved_at is not None and alert.trouble.is_down:
            yield alert.trouble, alert.resolved_at


def _told_of(keys: Collection[str]) -> Mapping[str, Sequence[SentNotice]]:
    if not keys:
        return {}
    found = dict(Alert.objects.filter(key__in=keys, resolved_at=None).values_list("pk", "key"))
    notices = _notices(found)
    return {key: tuple(notices.get(pk, {}).values()) for pk, key in found.items()}


def _silences(unsettled: QuerySet[Alert], now: datetime) -> Iterator[ActiveSilence]:
    oldest = unsettled.order_by("opened_at").values_list("opened_at", flat=True)
    since = oldest.first() or now
    for each in Silence.objects.filter(starts_at__lte=now, ends_at__gte=since):
        yield each.quiet


def _maintenance(now: datetime) -> Iterator[AnnouncedMaintenance]:
    for each in Maintenance.objects.filter(starts_at__lte=now, ends_at__gt=now):
        yield AnnouncedMaintenance(f"{each.author}: {each.reason}", frozenset(each.targets), each.ends_at)


def _newest_flaps(unsettled: QuerySet[Alert]) -> Mapping[str, int]:
    flapping = unsettled.exclude(flap_root=None).values_list("key", flat=True)
    newest = Alert.objects.filter(key__in=set(flapping)).values("key").annotate(newest=Max("id"))
    return {row["key"]: row["newest"] for row in newest.order_by()}


def _lately(now: datetime) -> Mapping[str, tuple[int, datetime]]:
    # Deliveries written far ahead of now are ignored: a clock was set back after them.
    span = (now - timedelta(minutes=1), now + AHEAD)
    written = Delivery.objects.filter(created_at__range=span).values("destination")
    told = written.annotate(count=Count("id"), last=Max("created_at")).order_by()
    return {row["destination"]: (row["count"], row["last"]) for row in told}
