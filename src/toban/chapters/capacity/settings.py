"""The limits that reality itself sets, beside those of the usage table. See `COMPARED_SETTINGS`."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from toban.chapters.capacity.known import KnownResource, known
from toban.chapters.capacity.operation import OPERATION
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
    for each in known(edition.plan(OPERATION)):
        name = each.resource.name
        yield ComparedSetting(
            row=each.resource.row,
            value=RESOURCE_LIMIT,
            place=Message("capacity.limit-of", name=name, kind=bound[name].kind),
            look=partial(_limit, each),
        )


def _limit(each: KnownResource) -> str | None:
    reading = each.reading
    if reading is None or not each.is_fresh(system_clock()):
        trouble = reading.trouble if reading is not None else NOTHING
        raise SettingUnknown(trouble or Message("capacity.not-read-yet"))
    if reading.limit is None:
        return None
    return str(Quantity(Decimal(f"{reading.limit:.3f}"), each.resource.unit))
