"""What an extension brings to the monthly report: its figures, with the raw rows that they are made of. Pure.

The report knows this port, and no extension. See docs/adr/0043.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil, floor

from toban.design.clauses.base import Clause
from toban.engine.amounts import length, size
from toban.engine.editions.edition import Edition
from toban.engine.registry.ports import Port
from toban.engine.reports.formula import Column, Formula
from toban.engine.reports.month import ReportMonth
from toban.engine.reports.verdicts import NOT_JUDGED, RowHistory
from toban.message import NOTHING, Message, Value, plain


class ReportPart(StrEnum):
    """The parts of the report, in the order in which customers expect them."""

    SUMMARY = "summary"
    LEVELS = "service-levels"
    INCIDENTS = "incidents"
    ALERTS = "alerts"
    RELEASES = "releases"
    BACKUPS = "backups"
    BATCHES = "batches"
    SECURITY = "security"
    CAPACITY = "capacity"
    ROUTINE = "routine"
    COST = "cost"
    DOCUMENTS = "documents"
    EXCEPTIONS = "exceptions"
    CALENDAR = "calendar"
    METHOD = "method"

    @property
    def heading(self) -> Message:
        """What stands above it."""
        return Message(f"reports.part-{self.value}")


class FigureUnit(StrEnum):
    """How a number is read."""

    COUNT = "count"
    PERCENT = "percent"
    """Of a hundred, with one decimal, never rounded up: the more, the better."""
    USE = "use"
    """The same, never rounded down: the less, the better."""
    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"
    BYTES = "bytes"
    RATE = "rate"
    """With one decimal, of whatever its label says."""


@dataclass(frozen=True, slots=True)
class RawColumn:
    """A column of raw rows."""

    key: str
    """The name that formulas use, and the head of the column in the workbook."""
    title: Message
    words: Mapping[str, Message] = field(default_factory=dict)
    """What people read for each of its codes."""
    is_personal: bool = False
    """Whether it names people, or was written by one: the edition without names leaves it out."""
    is_listed: bool = True
    """Whether people read it; the workbook has every column."""


@dataclass(frozen=True, slots=True)
class RawTable:
    """Raw rows: what figures are computed from, and what the report lists."""

    key: str
    """Unique in the report; the name of the sheet."""
    title: Message
    columns: tuple[RawColumn, ...]
    rows: tuple[tuple[Value, ...], ...]
    is_listed: bool = True
    """Whether people read the rows; the workbook has all of them."""

    def column(self, key: str) -> Column:
        """Return the cells of the column *key*."""
        place = [each.key for each in self.columns].index(key)
        return [row[place] for row in self.rows]


@dataclass(frozen=True, slots=True)
class CitedRow:
    """A row of the document as a kept report cites it: it may have left the document since."""

    id: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFigure:
    """A figure, with all that is needed to check it."""

    key: str
    """Permanent, unique in the report: editions are compared by it."""
    label: Message
    table: RawTable
    formula: Formula
    unit: FigureUnit = FigureUnit.COUNT
    read: Callable[[float], Message] | None = None
    """How the number is written, if not as its unit says: as the pages write it."""
    clause: Clause | CitedRow | None = None
    """The row of the document that it answers; None if it is about several."""
    target: Message = NOTHING
    """What the row asks."""
    is_kept: bool | None = None
    """Whether it meets that; None if nothing is asked, or too little is known."""
    note: Message = NOTHING
    """What the figure does not cover: the part of the month that was not measured."""

    @property
    def number(self) -> float | None:
        """The number, from its rows; None if nothing is known."""
        return self.formula.value(self.table.column)

    @property
    def value(self) -> Message:
        """The number as people read it."""
        number = self.number
        if number is None:
            return Message("reports.not-known")
        if self.read is not None:
            return self.read(number)
        return _READ[self.unit](number)

    @property
    def written(self) -> str:
        """The formula, by the names of the columns."""
        return self.formula.written(str)


def _in_percent(number: float) -> Message:
    # Never rounded up: 99.96 % of the rows is not all of them.
    return plain(f"{floor(number * 10 + 1e-9) / 10:.1f}%")


def _in_use(number: float) -> Message:
    # Never rounded down: 0.04 % failures are not none, and 69.96 % has not reached less than 70 %.
    return plain(f"{ceil(number * 10 - 1e-9) / 10:.1f}%")


_READ: Mapping[FigureUnit, Callable[[float], Message]] = {
    FigureUnit.COUNT: lambda number: plain(f"{number:,.0f}"),
    FigureUnit.PERCENT: _in_percent,
    FigureUnit.USE: _in_use,
    FigureUnit.SECONDS: lambda number: length(timedelta(seconds=number)),
    FigureUnit.MILLISECONDS: lambda number: plain(f"{number:,.0f} ms"),
    FigureUnit.BYTES: lambda number: plain(size(int(number))),
    FigureUnit.RATE: lambda number: plain(f"{number:,.1f}"),
}


@dataclass(frozen=True, slots=True)
class ReportChart:
    """A line over the days of a table, and what the document asks."""

    title: Message
    table: RawTable
    x: str
    """The column of the days, written 2026-10-31."""
    y: str
    """The column of the values; an empty cell is a gap."""
    unit: str
    limit: float | None = None
    """What the document asks, in the same unit."""


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A part of the report."""

    part: ReportPart
    figures: tuple[ReportFigure, ...] = ()
    tables: tuple[RawTable, ...] = ()
    """The raw rows of its figures, and what it lists besides."""
    charts: tuple[ReportChart, ...] = ()
    notes: tuple[Message, ...] = ()
    """What readers must know before they believe the figures."""


def joined(sections: Sequence[ReportSection]) -> ReportSection:
    """Return the *sections* of one part as one: several extensions may bring something to it."""
    first, *others = sections
    if not others:
        return first
    return ReportSection(
        first.part,
        tuple(figure for each in sections for figure in each.figures),
        tuple(table for each in sections for table in each.tables),
        tuple(chart for each in sections for chart in each.charts),
        tuple(note for each in sections for note in each.notes),
    )


@dataclass(frozen=True, slots=True)
class ReportOccasion:
    """What a section is made from: the edition in force, and a month that has begun."""

    edition: Edition
    month: ReportMonth
    verdicts: Mapping[str, RowHistory] = field(default_factory=dict)
    """The verdicts of the month by the row's id."""

    def clauses(self) -> Mapping[str, Clause]:
        """Return the rows of the document by id."""
        return {each.id: each for each in self.edition.design.clauses}

    def verdict_of(self, clause: Clause) -> RowHistory:
        """Return the verdicts of the row."""
        return self.verdicts.get(clause.id, NOT_JUDGED)

    def local(self, moment: datetime | None) -> datetime | None:
        """Return *moment* on the document's clock."""
        return moment.astimezone(self.month.zone) if moment is not None else None


type BringSection = Callable[[ReportOccasion], ReportSection]
"""Makes an extension's section. It only reads, and leaves out what was recorded about later months."""

REPORT_SECTIONS: Port[BringSection] = Port("report-sections")


def seconds_between(first: datetime | None, then: datetime | None) -> float | None:
    """Return the seconds from *first* to *then*, at least 0; None if one of them is not known."""
    if first is None or then is None:
        return None
    return max((then - first).total_seconds(), 0.0)


def cited(clause_id: str, clauses: Mapping[str, Clause]) -> str:
    """Return where the row stands in the document; its id if it is no longer there."""
    found = clauses.get(clause_id)
    return str(found.origin) if found is not None else clause_id
