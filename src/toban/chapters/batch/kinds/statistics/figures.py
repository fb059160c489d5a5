"""The figures of a day, and how they are shown. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from toban.chapters.batch.kinds.statistics.days import StatisticsDay
from toban.engine.telemetry.samples import Point

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

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.name} 欠測"
        text = f"{self.name} {figure(self.value)}{self.unit}"
        is_partly = self.coverage is not None and self.coverage < 1
        return f"{text} (計測 {math.floor(100 * self.coverage)}%)" if is_partly and self.coverage else text


def figure(value: Decimal) -> str:
    """Return text like 1,234.5, with at most two decimal places."""
    rounded = value.quantize(Decimal("0.01")).normalize()
    return f"{rounded:,f}"


def of_row(rows: Sequence[Mapping[str, object]], units: Mapping[str, str]) -> list[StatisticsFigure]:
    """Return a figure for each column of the one row, or raise `NoFigure`."""
    if len(rows) != 1:
        raise NoFigure(f"query が {len(rows)} 行を返しました。1日につき1行になるように書いてください")
    return [
        StatisticsFigure(name, _number(name, value), units.get(name, "")) for name, value in rows[0].items()
    ]


def _number(name: str, value: object) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise NoFigure(f"query の列 {name} の「{value}」は数ではありません")
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) >= _LARGEST:
        raise NoFigure(f"query の列 {name} の「{value}」は記録できる数ではありません")
    return number.quantize(_PLACES)


def pieces(day: StatisticsDay) -> int:
    """Return into how many buckets the day is cut."""
    return -((day.start - day.end) // BUCKET)


def coverage(found: Iterable[Point], day: StatisticsDay) -> float:
    """Return the share of the day whose buckets hold measurements; *found* are those that do."""
    return min(sum(1 for _ in found) / pieces(day), 1.0)
