"""How logs ship evidence on demand. See `toban.engine.evidence.port`."""

from collections.abc import Mapping
from datetime import datetime

from toban.chapters.logs.audit.shipping import Shipping
from toban.chapters.logs.keeping.places import destination_of
from toban.chapters.logs.rules import rules
from toban.engine.editions.edition import Edition
from toban.engine.evidence.port import ShipmentSummary
from toban.engine.stores.store import StoreKind
from toban.engine.telemetry.store import Telemetry


def ship(
    edition: Edition, stores: Mapping[str, StoreKind], telemetry: str, now: datetime
) -> ShipmentSummary | None:
    """See `toban.engine.evidence.port.Ship`."""
    to = destination_of(edition.bindings, stores)
    if to is None:
        return None
    segments = Shipping(Telemetry(telemetry)).ship(rules(edition.design, edition.bindings), to, now)
    return ShipmentSummary(to.store.name if to.store is not None else "", segments)
