"""Durations and byte counts in a form that people read. Pure."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from toban.design.values.quantity import BYTES
from toban.message import Message

_ROUNDED_UP = 999.5
"""From this value on, rounding to three digits would give 1,000."""
_FEWEST = 2
"""With fewer of a unit, rounding loses too much: 36 hours would become 2 days."""


class Unit(StrEnum):
    """A unit of time."""

    DAY = "days"
    HOUR = "hours"
    MINUTE = "minutes"
    SECOND = "seconds"


_SECONDS = {Unit.DAY: 86_400, Unit.HOUR: 3600, Unit.MINUTE: 60, Unit.SECOND: 1}


def parts(span: timedelta) -> Sequence[tuple[int, Unit]]:
    """Return *span* in its largest unit and the next smaller one; fractions of a second are dropped."""
    left = max(int(span.total_seconds()), 0)
    found: list[tuple[int, Unit]] = []
    for unit, seconds in _SECONDS.items():
        count, left = divmod(left, seconds)
        if count or found:
            found.append((count, unit))
    return [(count, unit) for count, unit in found[:2] if count]


def length(span: timedelta) -> Message:
    """Return *span* as read: 2日3時間, 1時間5分, 12秒."""
    found = [_counted(count, unit) for count, unit in parts(span)] or [_counted(0, Unit.SECOND)]
    return Message("common.two-units", greater=found[0], lesser=found[1]) if found[1:] else found[0]


def about(span: timedelta) -> Message:
    """Return 約5時間, 約2日: *span* rounded to the greatest unit of which it holds at least two."""
    seconds = max(span.total_seconds(), 0)
    for unit, each in _SECONDS.items():
        if seconds / each >= _FEWEST:
            return Message(f"common.about-{unit}", count=round(seconds / each))
    return Message(f"common.about-{Unit.SECOND}", count=round(seconds))


def _counted(count: int, unit: Unit) -> Message:
    return Message(f"common.{unit}", count=count)


def size(count: int) -> str:
    """Return *count* bytes as text: 562 MB. Units are powers of 1,000, as object stores bill them."""
    if count < BYTES["kB"]:
        return f"{count} B"
    for unit in ("kB", "MB", "GB"):
        amount = count / BYTES[unit]
        if amount < _ROUNDED_UP:
            return f"{amount:.3g} {unit}"
    return f"{count / BYTES['TB']:,.1f} TB"
