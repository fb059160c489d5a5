"""Formulas over raw rows: computed here, written beside the figure, and alive in the workbook. Pure.

A formula only names columns. So the same one gives the number, the words of the method and the cell of a
spreadsheet, and a figure can't say anything that its rows don't.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, median
from typing import Protocol

type Column = Sequence[object]
"""The cells of a column, from top to bottom."""


class Formula(Protocol):
    """A number made of the columns of one table."""

    def value(self, column: Callable[[str], Column]) -> float | None:
        """Return the number; None if nothing can be said."""

    def written(self, column: Callable[[str], str]) -> str:
        """Write it as a spreadsheet does; *column* returns the name, or the range, of a column."""


class ColumnStatistic(StrEnum):
    """What is made of the numbers of a column; empty cells don't count."""

    COUNT = "COUNT"
    SUM = "SUM"
    AVERAGE = "AVERAGE"
    MEDIAN = "MEDIAN"
    MAX = "MAX"


_COMPUTED: Mapping[ColumnStatistic, Callable[[Sequence[float]], float]] = {
    ColumnStatistic.COUNT: len,
    ColumnStatistic.SUM: sum,
    ColumnStatistic.AVERAGE: fmean,
    ColumnStatistic.MEDIAN: median,
    ColumnStatistic.MAX: max,
}
_WILD = re.compile(r"[*?~]")
"""What a spreadsheet does not read as it stands within a word to be counted."""
_COMPARES = ("=", "<", ">")
_OF_NOTHING = (ColumnStatistic.COUNT, ColumnStatistic.SUM)
"""The statistics that say 0 about no rows; the others say nothing."""


def _criterion(word: str) -> str:
    """Return *word* as a spreadsheet looks for it: what begins as a comparison is one with the whole."""
    escaped = _WILD.sub(r"~\g<0>", word).replace('"', '""')
    return f"={escaped}" if escaped.startswith(_COMPARES) else escaped


@dataclass(frozen=True, slots=True)
class Of:
    """A statistic of a column."""

    statistic: ColumnStatistic
    column: str

    def value(self, column: Callable[[str], Column]) -> float | None:
        """See `Formula`."""
        numbers = [float(each) for each in column(self.column) if isinstance(each, int | float)]
        if not numbers and self.statistic not in _OF_NOTHING:
            return None
        return float(_COMPUTED[self.statistic](numbers))

    def written(self, column: Callable[[str], str]) -> str:
        """See `Formula`."""
        return f"{self.statistic}({column(self.column)})"


@dataclass(frozen=True, slots=True)
class CountOf:
    """How many cells of a column are one word."""

    column: str
    word: str

    def value(self, column: Callable[[str], Column]) -> float | None:
        """See `Formula`."""
        return float(sum(each == self.word for each in column(self.column)))

    def written(self, column: Callable[[str], str]) -> str:
        """See `Formula`."""
        return f'COUNTIF({column(self.column)},"{_criterion(self.word)}")'


@dataclass(frozen=True, slots=True)
class SumWhere:
    """The sum of a column, over the rows in which the cell of another is one word."""

    column: str
    where: str
    word: str

    def value(self, column: Callable[[str], Column]) -> float | None:
        """See `Formula`."""
        pairs = zip(column(self.column), column(self.where), strict=True)
        return float(sum(each for each, word in pairs if word == self.word and isinstance(each, int | float)))

    def written(self, column: Callable[[str], str]) -> str:
        """See `Formula`."""
        return f'SUMIF({column(self.where)},"{_criterion(self.word)}",{column(self.column)})'


@dataclass(frozen=True, slots=True)
class Plus:
    """The sum of formulas, of which none says nothing."""

    parts: tuple[Formula, ...]

    def value(self, column: Callable[[str], Column]) -> float | None:
        """See `Formula`."""
        found = [each.value(column) for each in self.parts]
        known = [each for each in found if each is not None]
        return sum(known) if len(known) == len(found) else None

    def written(self, column: Callable[[str], str]) -> str:
        """See `Formula`."""
        return f"({'+'.join(each.written(column) for each in self.parts)})"


@dataclass(frozen=True, slots=True)
class Minus:
    """A difference."""

    first: Formula
    then: Formula

    def value(self, column: Callable[[str], Column]) -> float | None:
        """See `Formula`."""
        first, then = self.first.value(column), self.then.value(column)
        return first - then if first is not None and then is not None else None

    def written(self, column: Callable[[str], str]) -> str:
        """See `Formula`."""
        return f"({self.first.written(column)}-{self.then.written(column)})"


@dataclass(frozen=True, slots=True)
class Over:
    """A ratio, times a factor; of nothing it says nothing."""

    first: Formula
    then: Formula
    times: float = 1.0

    def value(self, column: Callable[[str], Column]) -> float | None:
        """See `Formula`."""
        first, then = self.first.value(column), self.then.value(column)
        return first / then * self.times if first is not None and then else None

    def written(self, column: Callable[[str], str]) -> str:
        """See `Formula`."""
        ratio = f"{self.first.written(column)}/{self.then.written(column)}"
        return ratio if self.times == 1 else f"{ratio}*{self.times:g}"


@dataclass(frozen=True, slots=True)
class Constant:
    """A number that the document or the calendar gives."""

    number: float

    def value(self, column: Callable[[str], Column]) -> float | None:  # noqa: ARG002 - it names none
        """See `Formula`."""
        return self.number

    def written(self, column: Callable[[str], str]) -> str:  # noqa: ARG002 - it names none
        """See `Formula`."""
        return f"{self.number:.15g}"


def count(column: str) -> Of:
    """Return how many cells of *column* are numbers."""
    return Of(ColumnStatistic.COUNT, column)


def total(column: str) -> Of:
    """Return the sum of *column*."""
    return Of(ColumnStatistic.SUM, column)
