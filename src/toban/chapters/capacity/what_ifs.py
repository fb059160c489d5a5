"""What people ask of a forecast: 200 GB more from a day on, a fifth more traffic. Pure."""

from dataclasses import dataclass
from datetime import date

from toban.chapters.capacity.forecasting.forecast import Forecast
from toban.chapters.capacity.forecasting.what_if import changed
from toban.chapters.capacity.known import KnownResource
from toban.chapters.capacity.stated import measured_as
from toban.design.values.quantity import read_quantity
from toban.engine.orders import NotPossible
from toban.message import Message

_LEAST, _MOST = -100.0, 1000.0


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A change that people imagine, as they write it; empty for none."""

    add: str = ""
    """An amount that comes on top: `200GB`."""
    load: str = ""
    """By how much all is higher: `20%`."""
    growth: str = ""
    """By how much faster it grows: `20%`."""
    on: str = ""
    """From which day on: `2026-12-01`; empty: from today on."""

    def __bool__(self) -> bool:
        return bool(self.add or self.load or self.growth)


def imagined(known: KnownResource, asked: WhatIf, today: date) -> Forecast:
    """Return the forecast of *known* as it would be.

    Raises `NotPossible` if *asked* can't be read, or if it has none.
    """
    # What is written wrongly is said also where there is no forecast yet.
    on, added = _day(asked.on, today), _amount(asked.add, known)
    load, growth = _share(asked.load), _share(asked.growth)
    found = known.outlook.forecast if known.outlook is not None else None
    if found is None:
        said = Message("capacity.no-forecast-of", resource=known.resource.row.resource, why=known.words)
        raise NotPossible(said, Message("capacity.wait-for-a-forecast"))
    return changed(found, on, added=added, load=load, growth=growth)


def _day(written: str, today: date) -> date:
    if not written:
        return today
    try:
        return date.fromisoformat(written)
    except ValueError as exc:
        said = Message("capacity.not-a-day", written=written)
        raise NotPossible(said, Message("capacity.write-a-day")) from exc


def _amount(written: str, known: KnownResource) -> float:
    if not written:
        return 0.0
    unit = known.resource.unit
    found = measured_as(read_quantity(written), unit)
    if found is None:
        example = "200GB" if unit else "2"
        raise NotPossible(
            Message("capacity.not-an-amount-of", written=written, resource=known.resource.row.resource),
            Message("capacity.write-an-amount", example=example),
        )
    return found


def _share(written: str) -> float:
    if not written:
        return 0.0
    found = read_quantity(written)
    if found is None or found.unit not in ("%", "") or not _LEAST <= found.value <= _MOST:
        raise NotPossible(Message("capacity.not-a-share", written=written), Message("capacity.write-a-share"))
    return float(found.value) / 100
