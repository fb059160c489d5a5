"""The figures that a batch has added up, as a table of days with a line for each figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from toban.chapters.batch.kinds.statistics.figures import StatisticsFigure, figure
from toban.chapters.batch.kinds.statistics.history import DayRow, history
from toban.faces.web.spark import strokes

_DRAWN = timedelta(days=31)
_MOST = 14
"""Days that are listed; `toban statistics` has the rest."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Column:
    """A figure over the days."""

    name: str
    unit: str
    path: str
    """Its line, as an SVG path; it breaks off where days are missing."""


@dataclass(frozen=True, slots=True)
class DayLine:
    """A day; a cell is empty if the figure is a gap, and None if the day has no such figure."""

    day: date
    cells: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Days:
    """The newest days, the newest first."""

    columns: tuple[Column, ...]
    lines: tuple[DayLine, ...]


def days(work: str, today: date) -> Days | None:
    """Return the figures of *work* in the last month, its newest days as a list; None if there are none."""
    rows = history(work, today - _DRAWN, today)
    units = {each.name: each.unit for row in rows for each in row.figures}
    if not units:
        return None
    columns = tuple(Column(name, unit, _path(name, rows, today)) for name, unit in units.items())
    return Days(columns, tuple(_line(row, list(units)) for row in rows[: -_MOST - 1 : -1]))


def _line(row: DayRow, names: Sequence[str]) -> DayLine:
    found = {each.name: each for each in row.figures}
    return DayLine(row.day, tuple(_cell(found.get(name)) for name in names))


def _cell(found: StatisticsFigure | None) -> str | None:
    if found is None:
        return None
    return "" if found.value is None else figure(found.value)


def _path(name: str, rows: Sequence[DayRow], today: date) -> str:
    found = ((row.day, each.value) for row in rows for each in row.figures if each.name == name)
    known = [(_noon(day), float(value)) for day, value in found if value is not None]
    return strokes(known, _noon(today - _DRAWN), _noon(today))


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
