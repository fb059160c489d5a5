"""Shipping the audit log once a day: Toban's own evidence, and the applications' audit logs."""

from dataclasses import dataclass
from datetime import date, datetime

import structlog
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from toban.chapters.logs.audit.audit import AuditChain
from toban.chapters.logs.rules import LogRules
from toban.design.values.duration import Duration
from toban.engine.evidence import shipping
from toban.engine.evidence.models import LedgerEntry, Shipment
from toban.engine.evidence.outside import ShippedEvidence
from toban.engine.evidence.shipping import EvidenceChain, LedgerChain, NotShipped, ShippingTerms
from toban.engine.stores.store import Store
from toban.engine.telemetry.logs.words import AUDIT
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable, Telemetry
from toban.message import NOTHING, Message, message_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where evidence is shipped to."""

    store: Store | None
    """None if no store of that name is bound."""
    name: str
    """As the bindings call it."""
    mode: str
    """Either `GOVERNANCE` or `COMPLIANCE`."""


def terms_of(rules: LogRules, mode: str) -> ShippingTerms:
    """Return how long shipped evidence is kept: as long as the document keeps the audit log."""
    kept = rules.retention(AUDIT)
    return ShippingTerms(kept.as_timedelta() if isinstance(kept, Duration) else rules.audit_kept, mode)


class Shipping:
    """Ships evidence. Only one thread drives it, in one process at a time."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._chains: tuple[EvidenceChain, ...] = (LedgerChain(), AuditChain(telemetry))
        self._done_on: date | None = None
        self._trouble = NOTHING

    def step(self, rules: LogRules, to: Destination, now: datetime) -> ShippedEvidence:
        """Ship what is not outside yet, unless already done today, and return the state."""
        today = now.astimezone(rules.zone).date()
        if self._done_on != today:
            try:
                count = self.ship(rules, to, now)
            except NotShipped as error:
                self._trouble = message_of(error)
                log.warning("evidence_not_shipped", reason=self._trouble.as_json())
            else:
                self._trouble, self._done_on = NOTHING, today
                log.info("evidence_shipped", segments=count)
        return outside(to, self._trouble)

    def ship(self, rules: LogRules, to: Destination, now: datetime) -> int:
        """Ship what is not outside yet, and return the number of segments; raises `NotShipped`."""
        if to.store is None:
            raise NotShipped(Message("logs.store-not-bound", store=to.name))
        terms = terms_of(rules, to.mode)
        try:
            # Days follow the document's time zone, including those of the lock.
            at = now.astimezone(rules.zone)
            return sum(shipping.ship(chain, to.store, terms, at) for chain in self._chains)
        except (StoreUnavailable, StoreRefused) as away:
            raise NotShipped(Message("logs.store-not-answering", reason=message_of(away))) from away


def outside(to: Destination, trouble: Message = NOTHING) -> ShippedEvidence:
    """Return the state of the evidence outside."""
    place = to.store.name if to.store is not None else ""
    there = Shipment.objects.filter(place=place)
    found = there.aggregate(count=Count("pk"), entries=Coalesce(Sum("last") - Sum("first") + Count("pk"), 0))
    newest = there.order_by("-shipped_at", "-pk").first()
    waiting = LedgerEntry.objects.filter(sequence__gt=shipping.tip_of(LedgerChain.name, place).last)
    oldest = waiting.order_by("sequence").first()
    return ShippedEvidence(
        place=place,
        segments=found["count"],
        entries=int(found["entries"]),
        lock=newest.lock if newest is not None else "",
        waiting_since=oldest.at if oldest is not None else None,
        trouble=trouble,
    )
