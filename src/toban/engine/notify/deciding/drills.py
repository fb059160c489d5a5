"""Alerts about what is broken on purpose: their notifications say so, and nobody takes them for real."""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from toban.engine.editions.edition import Edition
from toban.engine.notify.deciding.records import AlertRecord
from toban.engine.registry.ports import Port, Ports

if TYPE_CHECKING:
    # The chapters name this port before Django has its models.
    from toban.engine.notify.models import Alert

type FindDrills = Callable[[Edition, Sequence[Alert | AlertRecord]], Collection[int]]
"""Returns the numbers of those alerts that were made on purpose."""

DRILLS: Port[FindDrills] = Port("drills")
"""Who breaks something on purpose: the pipeline asks about every alert of which it notifies, and the
pages about every alert that they show."""

type DrillsAmong = Callable[[Sequence[Alert | AlertRecord]], frozenset[int]]


def drills_among(edition: Edition, ports: Ports) -> DrillsAmong:
    """Return what tells which of some alerts were made on purpose."""
    finders = ports.all(DRILLS)
    return lambda alerts: frozenset(number for find in finders for number in find(edition, alerts))


def none_among(_alerts: "Sequence[Alert | AlertRecord]") -> frozenset[int]:
    """Say of all alerts that they are real."""
    return frozenset()
