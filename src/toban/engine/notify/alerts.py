"""Signals to alerts: what is wrong now, since when, and when it ended."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from toban.engine.evidence import ledger
from toban.engine.message_field import storable
from toban.engine.notify.models import Alert
from toban.engine.notify.routing import flapping
from toban.engine.notify.signal import EVENT, NO_DATA_SUFFIX, Condition, Signal
from toban.message import NOTHING, Message

_CHANGING = (
    "citation",
    "clause_text",
    "subject",
    "document_digest",
    "condition",
    "value",
    "limit",
    "advice",
    "labels",
    "people",
    "changed_at",
    "resolved_at",
    "look_at",
)


class AlertChange(StrEnum):
    """What a signal does to the alert of one key."""

    NOTHING = "nothing"
    OPEN = "open"
    KEEP = "keep"
    """Still the same condition; the measured value may differ."""
    CHANGE = "change"
    """Warning to critical or back."""
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Facet:
    """One of the two subjects of a signal: the measured value, or whether there is a value at all."""

    key: str
    condition: Condition | None
    """OK ends the alert; None says nothing about it."""


def facets(signal: Signal) -> tuple[Facet, Facet]:
    """Split *signal*: no data leaves an alert about the value as it is, and any value ends "no data"."""
    if signal.condition is Condition.NO_DATA:
        return Facet(signal.key, None), Facet(signal.key + NO_DATA_SUFFIX, Condition.NO_DATA)
    return Facet(signal.key, signal.condition), Facet(signal.key + NO_DATA_SUFFIX, Condition.OK)


def step(open_condition: Condition | None, reported: Condition | None) -> AlertChange:
    """Return what *reported* does to an alert that is open in *open_condition* (None: none is open)."""
    if reported is None:
        return AlertChange.NOTHING
    if open_condition is None:
        return AlertChange.NOTHING if reported is Condition.OK else AlertChange.OPEN
    if reported is Condition.OK:
        return AlertChange.RESOLVE
    return AlertChange.KEEP if reported is open_condition else AlertChange.CHANGE


def report(signals: Collection[Signal], now: datetime, document_digest: str = "") -> None:
    """Bring the alerts up to date with *signals*, in the caller's transaction (or one of its own).

    Each signal is the complete current state of its key: reporting it again changes nothing, and an alert
    whose key is not reported stays as it is.
    """
    latest = {signal.key: signal for signal in signals}
    faceted = [(facet, signal) for signal in latest.values() for facet in facets(signal)]
    if not faceted:
        return
    # Most ticks change nothing: then no lock is taken.
    if not any(_changes(faceted, now, document_digest)):
        return
    with transaction.atomic(savepoint=False):
        # The first lock in every transaction that writes evidence, so that no two wait for each other.
        ledger.hold()
        opened, changed = _changes(faceted, now, document_digest)
        _mark_flapping(opened, now)
        Alert.objects.bulk_create(opened, batch_size=50)
        roots = [alert for alert in opened if alert.is_flap_root]
        for alert in roots:
            alert.flap_root = alert
        Alert.objects.bulk_update(roots, ["flap_root"], batch_size=50)
        Alert.objects.bulk_update(changed, _CHANGING, batch_size=50)


def ended(item: str, still: Collection[str], value: Message, now: datetime) -> Iterator[Signal]:
    """Yield the end, as *value*, of every open alert about *item* whose key is not in *still*."""
    for alert in Alert.objects.filter(resolved_at=None, labels__item=item).exclude(key__in=still):
        yield Signal(
            key=alert.key,
            clause_id=alert.clause_id,
            citation=alert.citation,
            clause_text=alert.clause_text,
            condition=Condition.OK,
            subject=alert.subject,
            value=value,
            limit=NOTHING,
            began_at=now,
            detected_at=now,
            labels=alert.labels,
        )


def tell(events: Collection[Signal], now: datetime, document_digest: str = "") -> None:
    """Have each of *events* announced once, in the caller's transaction (or one of its own).

    An event is over as soon as it happens: no recovery follows, and it is not escalated. Its key is never
    reused, so passing the event again changes nothing.
    """
    new = _untold(events)
    if not new:
        return
    with transaction.atomic(savepoint=False):
        # The first lock in every transaction that writes evidence, so that no two wait for each other.
        ledger.hold()
        for signal in _untold(new):
            alert = _opened(Facet(signal.key, signal.condition), signal, document_digest)
            alert.labels = {**signal.labels, EVENT: signal.key}
            alert.resolved_at = now
            alert.save(force_insert=True)


def _untold(events: Collection[Signal]) -> Sequence[Signal]:
    by_key = {signal.key: signal for signal in events}
    keys, told = list(by_key), set[str]()
    # SQLite takes a limited number of parameters.
    for start in range(0, len(keys), 500):
        told |= set(Alert.objects.filter(key__in=keys[start : start + 500]).values_list("key", flat=True))
    return [signal for key, signal in by_key.items() if key not in told]


def withdraw(clause_ids: Collection[str], now: datetime) -> None:
    """Resolve every open alert whose clause is not among *clause_ids*: its row left the document."""
    unresolved = Alert.objects.filter(resolved_at=None)
    for clause_id in set(unresolved.values_list("clause_id", flat=True).distinct()) - set(clause_ids):
        unresolved.filter(clause_id=clause_id).update(
            resolved_at=now, changed_at=now, value=Message("notify.row-removed"), look_at=None
        )


def _changes(
    faceted: Collection[tuple[Facet, Signal]], now: datetime, document_digest: str
) -> tuple[list[Alert], list[Alert]]:
    """Return the alerts to open and those to change."""
    is_open = _open_alerts([facet.key for facet, _ in faceted])
    opened, changed = [], []
    for facet, signal in faceted:
        alert = is_open.get(facet.key)
        taken = step(Condition(alert.condition) if alert else None, facet.condition)
        if taken is AlertChange.OPEN:
            opened.append(_opened(facet, signal, document_digest))
        elif alert is not None and _take(alert, taken, signal, now, document_digest):
            changed.append(alert)
    return opened, changed


def _mark_flapping(opened: Sequence[Alert], now: datetime) -> None:
    """Link each alert of a flapping key to the alert in which flapping was first detected."""
    before: dict[str, list[Alert]] = defaultdict(list)
    keys = [alert.key for alert in opened]
    for start in range(0, len(keys), 500):
        lately = Alert.objects.filter(key__in=keys[start : start + 500], opened_at__gte=now - flapping.SPAN)
        for alert in lately.order_by("id"):
            before[alert.key].append(alert)
    for alert in opened:
        earlier = before.get(alert.key, [])
        last = earlier[-1] if earlier else None
        if last is not None and last.flap_root_id is not None and not _is_calm(last, now):
            alert.flap_root_id = last.flap_root_id
        elif flapping.is_flapping([each.opened_at for each in earlier], now):
            alert.is_flap_root = True


def _is_calm(alert: Alert, now: datetime) -> bool:
    return alert.resolved_at is not None and flapping.is_calm(alert.resolved_at, now)


def _open_alerts(keys: Sequence[str]) -> dict[str, Alert]:
    found: dict[str, Alert] = {}
    # SQLite takes a limited number of parameters.
    for start in range(0, len(keys), 500):
        rows = Alert.objects.filter(resolved_at=None, key__in=keys[start : start + 500])
        found.update({alert.key: alert for alert in rows})
    return found


def _opened(facet: Facet, signal: Signal, document_digest: str) -> Alert:
    alert = Alert(
        key=facet.key,
        clause_id=signal.clause_id,
        began_at=signal.began_at,
        opened_at=signal.detected_at,
        changed_at=signal.detected_at,
    )
    _describe(alert, signal, document_digest)
    return alert


def _describe(alert: Alert, signal: Signal, document_digest: str) -> None:
    alert.citation, alert.clause_text = signal.citation, signal.clause_text
    alert.subject, alert.document_digest = storable(signal.subject), document_digest
    alert.condition, alert.value = signal.condition, storable(signal.value)
    alert.limit, alert.advice = storable(signal.limit), storable(signal.advice)
    alert.labels = dict(signal.labels)
    alert.people = list(signal.people)


def _take(alert: Alert, taken: AlertChange, signal: Signal, now: datetime, document_digest: str) -> bool:
    """Apply a step to an open alert; return whether it must be saved."""
    if taken is AlertChange.NOTHING:
        return False
    if taken is AlertChange.RESOLVE:
        # Limit, advice and condition stay those of the problem: the recovery notification says what it was.
        alert.resolved_at = alert.changed_at = now
        alert.value, alert.look_at = storable(_ending(alert, signal)), None
        return True
    before, labels = _told(alert), alert.labels
    _describe(alert, signal, document_digest)
    if taken is AlertChange.CHANGE:
        alert.changed_at = signal.detected_at
    # What is known of its cause stands in the labels, too.
    if taken is AlertChange.CHANGE or alert.labels != labels:
        alert.look_at = None
    return before != _told(alert)


def _ending(alert: Alert, signal: Signal) -> Message:
    """Return the value that ended *alert*; a bad one ends missing data, and belongs to another alert."""
    is_bad = alert.condition == Condition.NO_DATA and signal.condition is not Condition.OK
    return Message("notify.measured-again") if is_bad else signal.value


def _told(alert: Alert) -> tuple[object, ...]:
    return alert.value, alert.subject, alert.citation, alert.condition, alert.limit, alert.labels
