"""The figures of a day, and how they are shown. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from toban.chapters.batch.kinds.statistics.days import StatisticsDay
from toban.engine.telemetry.samples import Point
from toban.message import Message, plain

BUCKET = timedelta(minutes=5)
"""A day is checked for measurements in pieces of this length."""

_LARGEST = Decimal(10) ** 24
_PLACES = Decimal("0.000001")


class NoFigure(Exception):
    """The query's result is not a figure; the message says what it is instead."""


@dataclass(frozen=True, slots=True)
class StatisticsFigure:
    """One figure of a day."""

    name: str
    value: Decimal | None
    unit: str
    coverage: float | None = None

    @property
    def said(self) -> Message:
        """Its name, value and unit, and how much of the day was measured if not all of it was."""
        if self.value is None:
            return Message("batch.figure-is-missing", name=self.name)
        text = f"{self.name} {figure(self.value)}{self.unit}"
        if not self.coverage or self.coverage >= 1:
            return plain(text)
        return Message("batch.figure-is-partial", figure=text, percent=math.floor(100 * self.coverage))


def figure(value: Decimal) -> str:
    """Return text like 1,234.5, with at most two decimal places."""
    rounded = value.quantize(Decimal("0.01")).normalize()
    return f"{rounded:,f}"


def of_row(rows: Sequence[Mapping[str, object]], units: Mapping[str, str]) -> list[StatisticsFigure]:
    """Return a figure for each column of the one row, or raise `NoFigure`."""
    if len(rows) != 1:
        raise NoFigure(Message("batch.query-gives-other-than-one-row", count=len(rows)))
    return [
        StatisticsFigure(name, _number(name, value), units.get(name, "")) for name, value in rows[0].items()
    ]


def _number(name: str, value: object) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise NoFigure(Message("batch.column-is-no-number", column=name, value=value))
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) >= _LARGEST:
        raise NoFigure(Message("batch.number-is-out-of-range", column=name, value=value))
    return number.quantize(_PLACES)


def pieces(day: StatisticsDay) -> int:
    """Return into how many buckets the day is cut."""
    return -((day.start - day.end) // BUCKET)


def coverage(found: Iterable[Point], day: StatisticsDay) -> float:
    """Return the share of the day whose buckets hold measurements; *found* are those that do."""
    return min(sum(1 for _ in found) / pieces(day), 1.0)
