"""The operation of evidence: every day the ledger's head is noted in each place outside that is bound.

A place where that fails is tried again, and raises an alert that ends once it is done.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import partial

import structlog

from toban.design.clauses.base import Clause
from toban.design.clauses.notices import NotificationRule
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.editions.edition import Edition
from toban.engine.evidence.anchors import ForeignHead, NotAnchored, anchor
from toban.engine.evidence.mailing import send_head
from toban.engine.notify import alerts
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.models import Alert
from toban.engine.notify.routing.routing import orderer
from toban.engine.notify.signal import Condition, Signal
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.stores.store import STORE_KINDS, Store, StoreTrouble, stores_of
from toban.message import NOTHING, Message, message_of

_EVERY = 600.0
"""Seconds after which a place that failed is tried again."""

_KEY = "toban/head/"

type Anchor = Callable[[datetime], bool]
"""Notes the head in one place, unless that was done today; False if there is nothing to note yet."""

log = structlog.get_logger(__name__)


class Anchoring:
    """Notes the head once a day in each place."""

    def __init__(self) -> None:
        self._done_on: dict[str, date] = {}

    def step(self, edition: Edition, now: datetime) -> None:
        """Anchor the ledger where that was not done today; one place that fails does not hold up another."""
        today = now.astimezone(UTC).date()
        troubles: dict[str, Exception] = {}
        for place, note in _places(edition):
            if self._done_on.get(place) == today:
                continue
            try:
                is_done = note(now)
            except (StoreTrouble, SecretUnavailable, NotAnchored, Undelivered) as trouble:
                log.warning("evidence_not_anchored", place=place, reason=message_of(trouble).as_json())
                troubles[place] = trouble
                continue
            if is_done:
                self._done_on[place] = today
        _report(edition, troubles, now)


def _places(edition: Edition) -> Iterator[tuple[str, Anchor]]:
    """Yield the places, each by its table of `toban.toml`."""
    for name, build in stores_of(edition.bindings, edition.kinds.of(STORE_KINDS)):
        yield f"stores.{name}", partial(_in_store, build)
    asked = edition.bindings.evidence
    if asked is not None and asked.channel:
        yield f"channels.{asked.channel}", partial(send_head, edition, asked)


def _in_store(build: Callable[[], Store], now: datetime) -> bool:
    store = build()
    try:
        return anchor(store, now)
    finally:
        store.close()


def _report(edition: Edition, troubles: Mapping[str, Exception], now: datetime) -> None:
    """Raise an alert for each place in *troubles*, and end those of all others."""
    known = Alert.objects.filter(resolved_at=None, key__startswith=_KEY).values_list("key", flat=True)
    places = {*troubles, *(key.removeprefix(_KEY) for key in known)}
    clause = orderer(edition.design.of(NotificationRule))
    if places and clause is not None:
        signals = [_signal(place, troubles.get(place), clause, now) for place in sorted(places)]
        alerts.report(signals, now, edition.design.digest)


def _signal(place: str, trouble: Exception | None, clause: Clause, now: datetime) -> Signal:
    is_foreign = isinstance(trouble, ForeignHead)
    wrong = Condition.CRITICAL if is_foreign else Condition.WARNING
    return Signal(
        key=f"{_KEY}{place}",
        clause_id=clause.id,
        citation=str(clause.origin),
        clause_text=clause.text,
        condition=Condition.OK if trouble is None else wrong,
        subject=Message("evidence.heads-in", place=place),
        value=Message("evidence.head-is-noted") if trouble is None else message_of(trouble),
        limit=Message("evidence.head-every-day"),
        began_at=now,
        detected_at=now,
        advice=NOTHING if trouble is None else Message("evidence.note-head-meanwhile"),
        labels={"place": place},
    )


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift((EditionLoop("anchor", Anchoring().step, every=_EVERY, leads=True),))


OPERATION = Operation(plan=lambda _edition: Rows(), shift=_shift)
