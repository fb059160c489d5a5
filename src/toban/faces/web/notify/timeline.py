"""What happened to an alert, in order of time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.account import NoticePlace
from toban.engine.notify.models import Alert, Delivery, Silence
from toban.engine.notify.reason import NO_NEWS
from toban.faces.words.alerts import STAGES, because, sent
from toban.faces.words.lists import listed


@dataclass(frozen=True, slots=True)
class TimelineMoment:
    """Something that happened."""

    at: datetime
    kind: str
    """What sort of thing: `breach`, `told`, `failed`, …"""
    what: str
    more: str = ""


def timeline(
    alert: Alert,
    places: Sequence[NoticePlace],
    by_hand: Sequence[LedgerEntry],
    silences: Sequence[Silence],
    now: datetime,
) -> list[TimelineMoment]:
    """Return everything that is known about *alert* up to *now*, the oldest first.

    *by_hand* are the audited orders about it, *silences* those that covered it at some time.
    """
    found = [
        *_own(alert),
        *(_ordered(entry) for entry in by_hand),
        *(moment for each in silences for moment in _silence(each)),
        *_notices(places),
        *(moment for place in places for moment in _at(place)),
    ]
    # Moments at the same time keep the order above: an order before its notifications, and these before their
    # receipts.
    return sorted((each for each in found if each.at <= now), key=lambda each: each.at)


def _own(alert: Alert) -> Iterator[TimelineMoment]:
    if alert.is_event:
        yield TimelineMoment(alert.opened_at, "detected", _("イベントが発生"), str(alert.value))
        return
    yield TimelineMoment(alert.began_at, "breach", _("しきい値を超過"), str(alert.limit))
    yield TimelineMoment(alert.opened_at, "detected", _("検知した"))
    if alert.resolved_at is not None:
        yield TimelineMoment(alert.resolved_at, "over", _("復旧"), str(alert.value))


def _notices(places: Sequence[NoticePlace]) -> Iterator[TimelineMoment]:
    """Yield each announcement once, with all the places that it went to."""
    sent_by: dict[int, list[Delivery]] = {}
    for place in places:
        for delivery in place.deliveries:
            sent_by.setdefault(delivery.announcement_id, []).append(delivery)
    for deliveries in sent_by.values():
        to = listed(dict.fromkeys(each.destination for each in deliveries))
        yield TimelineMoment(
            deliveries[0].announcement.at, "told", str(deliveries[0].announcement.title), f"→ {to}"
        )


def _at(place: NoticePlace) -> Iterator[TimelineMoment]:
    """Yield the receipts of *place*, and what kept notifications from it."""
    for delivery in place.deliveries:
        if delivery.settled_at is not None:
            kind = "delivered" if delivery.state == Delivery.State.DELIVERED else "failed"
            what = f"{delivery.destination}: {sent(delivery)}"
            proof = delivery.receipt or str(delivery.error)
            yield TimelineMoment(delivery.settled_at, kind, what, proof)
    for outcome in place.outcomes:
        if not outcome.passed and outcome.reason not in NO_NEWS:
            where = place.destination or listed(place.recipients) or STAGES[outcome.stage]
            yield TimelineMoment(outcome.at, "stopped", f"{where}: {STAGES[outcome.stage]}", because(outcome))


def _ordered(entry: LedgerEntry) -> TimelineMoment:
    if entry.content["order"] == "release":
        return TimelineMoment(entry.at, "released", _("%(who)s が対応を取り消し") % {"who": entry.actor})
    return TimelineMoment(entry.at, "taken", _("%(who)s が対応を開始") % {"who": entry.actor})


def _silence(each: Silence) -> Iterator[TimelineMoment]:
    yield TimelineMoment(
        each.starts_at, "silence", _("%(who)s がミュート") % {"who": each.author}, each.reason
    )
    yield TimelineMoment(each.ends_at, "silence", _("ミュートが終了"), each.reason)
