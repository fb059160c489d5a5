"""Readings of a stretch of time, as little of them as a decision needs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_SLOTS = 60
"""A window is divided into at most so many slots."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The readings of one slot of time: when it began, their sum and their number."""

    at: datetime
    total: float
    count: int

    @property
    def mean(self) -> float:
        """The mean of its readings."""
        return self.total / self.count


def added(
    slots: Sequence[Slot], at: datetime, value: float, *, width: timedelta, length: timedelta
) -> tuple[Slot, ...]:
    """Return *slots* of *width* with a reading, without those that began more than *length* before it."""
    begun = at - (at - _EPOCH) % width
    kept = [each for each in slots if at - length < each.at < begun]
    same = next((each for each in slots if each.at == begun), Slot(begun, 0.0, 0))
    return (*kept, Slot(begun, same.total + value, same.count + 1))


def mean(slots: Sequence[Slot], at: datetime, window: timedelta, width: timedelta) -> float | None:
    """Return the mean of the readings in the *window* that ends at *at*; None if they don't cover it."""
    if not slots or slots[0].at > at - window + width:
        return None
    inside = [each for each in slots if each.at > at - window]
    return sum(each.total for each in inside) / sum(each.count for each in inside)


def complete(slots: Sequence[Slot], count: int, width: timedelta) -> tuple[Slot, ...]:
    """Return those of the last *count* slots in which all readings have arrived: not the newest."""
    if not slots:
        return ()
    newest = slots[-1].at
    return tuple(each for each in slots[:-1] if newest - each.at <= count * width)
