"""The limits that reality itself sets, beside those of the usage table. See `COMPARED_SETTINGS`."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from toban.chapters.capacity.known import KnownResource
from toban.chapters.capacity.models import ResourceReading
from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.plan import Resource
from toban.chapters.capacity.usage import RESOURCES
from toban.design.stated.values import RESOURCE_LIMIT
from toban.design.values.quantity import Quantity
from toban.engine.clock import system_clock
from toban.engine.drift.setting import ComparedSetting, SettingUnknown
from toban.engine.editions.edition import Edition
from toban.message import NOTHING, Message


def settings(edition: Edition) -> Iterator[ComparedSetting]:
    """Yield the limit of every resource that is measured, as it was measured last."""
    bound = RESOURCES.of(edition.bindings)
    for resource in edition.plan(OPERATION).resources:
        if not resource.sets_limit:
            continue
        yield ComparedSetting(
            row=resource.row,
            value=RESOURCE_LIMIT,
            place=Message("capacity.limit-of", name=resource.name, kind=bound[resource.name].kind),
            look=partial(_limit, resource),
            uses_state=True,
        )


def _limit(resource: Resource) -> str | None:
    reading = ResourceReading.objects.filter(resource=resource.row.resource).first()
    if reading is None or not KnownResource(resource, reading, None).is_fresh(system_clock()):
        trouble = reading.trouble if reading is not None else NOTHING
        raise SettingUnknown(trouble or Message("capacity.not-read-yet"))
    if reading.limit is None:
        return None
    return str(Quantity(Decimal(f"{reading.limit:.3f}"), resource.unit))
