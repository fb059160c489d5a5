"""The operation of evidence: every day the ledger's head is noted in each store that is bound."""

from datetime import UTC, date, datetime

import structlog

from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.editions.edition import Edition
from toban.engine.evidence.anchors import ForeignHead, anchor
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.stores.store import STORE_KINDS, StoreTrouble, stores_of
from toban.message import message_of

_EVERY = 600.0
"""Seconds after which a place that failed is tried again."""

log = structlog.get_logger(__name__)


class Anchoring:
    """Notes the head once a day in each place; what a place has is read there, not remembered."""

    def __init__(self) -> None:
        self._done_on: dict[str, date] = {}

    def step(self, edition: Edition, now: datetime) -> None:
        """Anchor the ledger where that was not done today; one place that fails does not hold up another."""
        today = now.astimezone(UTC).date()
        for name, build in stores_of(edition.bindings, edition.kinds.of(STORE_KINDS)):
            if self._done_on.get(name) == today:
                continue
            try:
                store = build()
                try:
                    is_done = anchor(store, now)
                finally:
                    store.close()
            except (StoreTrouble, SecretUnavailable, ForeignHead) as trouble:
                log.warning("evidence_not_anchored", store=name, reason=message_of(trouble).as_json())
                continue
            if is_done:
                self._done_on[name] = today


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift((EditionLoop("anchor", Anchoring().step, every=_EVERY, leads=True),))


OPERATION = Operation(plan=lambda _edition: Rows(), shift=_shift)
