"""Alerts that are not settled, each with what became of it so far."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.models import Alert, Announcement, Delivery, Escalation, StageOutcome
from toban.engine.notify.routing.stages import Told
from toban.engine.notify.signal import Condition

AT_LEAST_EVERY = timedelta(minutes=1)
"""Who is on duty and which window is open changes by the clock: no alert is left alone for longer."""

_AT_ONCE = 500
"""SQLite takes a limited number of parameters."""


@dataclass(frozen=True, slots=True)
class Past:
    """What became of an alert so far."""

    deliveries: tuple[Delivery, ...]
    """The oldest first; those of the flapping that it belongs to included."""
    outcomes: Mapping[tuple[str, str, str], StageOutcome]
    """The last one by destination, rule and recipient."""
    escalation: Escalation | None = None

    def told(self, destination: str, kind: NoticeKind) -> Told | None:
        """Return what the place was told last; the 情報 row hears of a recovery as if told before."""
        there = [each for each in self.deliveries if each.destination == destination]
        if not there and kind is NoticeKind.RECOVERED:
            there = list(self.deliveries)
        # Who took it on is no news of the trouble itself.
        there = [each for each in there if each.announcement.kind != NoticeKind.ACKNOWLEDGED]
        if not there:
            return None
        last = there[-1]
        return Told(
            NoticeKind(last.announcement.kind),
            Condition(last.announcement.condition),
            at=last.created_at,
            was_lost=all(each.state == Delivery.State.FAILED for each in there),
        )


def place(outcome: StageOutcome) -> tuple[str, str, str]:
    """Return what tells an alert's outcomes apart: a dead end, without destination, by row and recipient."""
    if outcome.destination:
        return outcome.destination, "", ""
    return "", outcome.rule_id, outcome.recipient


def unsettled(now: datetime, *, everything: bool) -> Iterator[tuple[Alert, Past]]:
    """Yield every alert that may have something to tell at *now*; with *everything*, all of them."""
    open_ones = Alert.objects.filter(settled=False)
    if not everything:
        # What is to be looked at later than that was written before a clock was set back.
        is_astray = Q(look_at__gt=now + AT_LEAST_EVERY)
        open_ones = open_ones.filter(Q(look_at=None) | Q(look_at__lte=now) | is_astray)
    found = list(open_ones.order_by("id"))
    ids = [alert.pk for alert in found]
    roots = {alert.pk: alert.flap_root_id for alert in found if alert.flap_root_id not in (None, alert.pk)}
    deliveries = _deliveries([*ids, *set(roots.values())])
    outcomes = _outcomes(ids)
    escalations = {
        each.alert_id: each for some in _slices(ids) for each in Escalation.objects.filter(alert__in=some)
    }
    for alert in found:
        of_flapping = deliveries.get(roots.get(alert.pk, 0), ())
        sent = sorted({each.pk: each for each in (*of_flapping, *deliveries.get(alert.pk, ()))}.items())
        yield (
            alert,
            Past(
                tuple(each for _, each in sent),
                outcomes.get(alert.pk, {}),
                escalations.get(alert.pk),
            ),
        )


def _deliveries(ids: Sequence[int]) -> Mapping[int, Sequence[Delivery]]:
    found: dict[int, list[Delivery]] = defaultdict(list)
    for some in _slices(ids):
        told = Announcement.alerts.through.objects.filter(alert__in=some)
        announced: dict[int, list[int]] = defaultdict(list)
        for alert_id, announcement_id in told.values_list("alert_id", "announcement_id"):
            announced[announcement_id].append(alert_id)
        for part in _slices(list(announced)):
            sent = Delivery.objects.filter(announcement__in=part).select_related("announcement")
            for delivery in sent.order_by("id"):
                for alert_id in announced[delivery.announcement_id]:
                    found[alert_id].append(delivery)
    return found


def _outcomes(ids: Sequence[int]) -> Mapping[int, Mapping[tuple[str, str, str], StageOutcome]]:
    found: dict[int, dict[tuple[str, str, str], StageOutcome]] = defaultdict(dict)
    for some in _slices(ids):
        for outcome in StageOutcome.objects.filter(alert__in=some).order_by("id"):
            found[outcome.alert_id][place(outcome)] = outcome
    return found


def _slices(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
