"""The monthly report as sentences in one language: pages, Markdown and paper are made of it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime

from toban.engine.reports.edition import Remark, SigningStep
from toban.engine.reports.kept.logo import MOST, MOST_PIXELS, Logo
from toban.engine.reports.monthly import MonthlyReport
from toban.engine.reports.section import RawColumn, RawTable, ReportChart, ReportFigure, ReportSection
from toban.engine.runs.rules import BY_SCHEDULE
from toban.message import Message, Value

MOST_ROWS = 50
"""Of a table that people read; the workbook has all."""


@dataclass(frozen=True, slots=True)
class WrittenFigure:
    """A figure with its row, its formula and its evidence."""

    key: str
    label: str
    value: str
    target: str
    is_kept: bool | None
    note: str
    clause_id: str
    citation: str
    evidence: str
    formula: str
    table: str
    """The key of its raw rows."""


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """A table that people read."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    omitted: str
    """How many more rows there are; empty if these are all."""


@dataclass(frozen=True, slots=True)
class WrittenChart:
    """A chart; its figures stay numbers."""

    title: str
    unit: str
    bars: tuple[tuple[str, float | None], ...]
    limit: float | None


@dataclass(frozen=True, slots=True)
class WrittenBox:
    """The box of a signature; empty until it is given."""

    title: str
    by: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class WrittenRemark:
    """What somebody says, and who said it when."""

    number: int
    text: str
    by: str


@dataclass(frozen=True, slots=True)
class WrittenSection:
    """A part of the report."""

    part: str
    title: str
    notes: tuple[str, ...]
    figures: tuple[WrittenFigure, ...]
    charts: tuple[WrittenChart, ...]
    tables: tuple[WrittenTable, ...]
    remarks: tuple[WrittenRemark, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing at all: a part that says why it knows nothing is not without occasion."""
        return not (self.figures or self.tables or self.notes)


@dataclass(frozen=True, slots=True)
class WrittenMonthly:
    """The report in one language."""

    title: str
    month: str
    head: tuple[tuple[str, str], ...]
    """Label and value."""
    boxes: tuple[WrittenBox, ...]
    """Who signs it: made, checked, approved."""
    notes: tuple[str, ...]
    differences: WrittenTable | None
    """What a corrected edition says otherwise than the one before."""
    sections: tuple[WrittenSection, ...]
    footer: str
    logo: Logo | None
    words: "ReportWords"


@dataclass(frozen=True, slots=True)
class ReportWords:
    """The words around the figures."""

    figure: str
    value: str
    target: str
    row: str
    evidence: str
    formula: str
    kept: str
    missed: str
    nothing: str
    day: str
    number: str
    note: str
    remarks: str
    undrawn: str


def written(report: MonthlyReport, language: str) -> WrittenMonthly:
    """Return *report* in *language*."""
    return _MonthlyWriter(report, language).report()


def cell(value: Value, column: RawColumn, language: str) -> str:
    """Return a cell as people read it."""
    if isinstance(value, str) and value in column.words:
        return column.words[value].in_language(language)
    match value:
        case None | "":
            return ""
        case Message():
            return value.in_language(language)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case float():
            return f"{value:,.3f}".rstrip("0").rstrip(".")
        case int():
            return f"{value}"
        case _:
            return str(value)


@dataclass(frozen=True, slots=True)
class _MonthlyWriter:
    of: MonthlyReport
    language: str

    def say(self, said: Message) -> str:
        return said.in_language(self.language)

    def word(self, name: str, **values: object) -> str:
        return self.say(Message(f"reports.{name}", **values))

    def report(self) -> WrittenMonthly:
        month = self.of.month
        return WrittenMonthly(
            title=self.word("title", system=self.of.system, month=month.name),
            month=month.name,
            head=tuple(self._head()),
            boxes=tuple(self._boxes()),
            notes=tuple(self._notes()),
            differences=self._differences(),
            sections=tuple(map(self._section, self.of.sections)),
            footer=self.word("footer", system=self.of.system, digest=self.of.digest[:12]),
            logo=self.of.logo if self.of.logo is not None and self.of.logo.content else None,
            words=ReportWords(*(self.word(f"word-{each.name}") for each in fields(ReportWords))),
        )

    def _head(self) -> Iterator[tuple[str, str]]:
        month, end = self.of.month, self.of.month.span[1]
        yield self.word("head-document"), f"{self.of.document} ({self.of.digest[:12]})"
        yield self.word("head-month"), f"{month.span[0]:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M} ({month.zone})"
        known = self.of.known
        span = self.word("no-evidence")
        if known is not None:
            first, last = (each.astimezone(month.zone) for each in known)
            span = f"{first:%Y-%m-%d %H:%M} – {last:%Y-%m-%d %H:%M}"
        yield self.word("head-evidence"), span
        yield self.word("head-known-at"), f"{month.known_at.astimezone(month.zone):%Y-%m-%d %H:%M}"
        if (kept := self.of.edition) is not None:
            at = kept.made_at.astimezone(month.zone)
            who = self.word("by-schedule") if kept.made_by == BY_SCHEDULE else kept.made_by
            said = self.word(
                "edition", number=kept.number, at=at, by=who, digest=kept.digest[:12], entry=kept.evidence
            )
            yield self.word("head-edition"), said
        if self.of.is_without_names:
            yield self.word("head-for"), self.word("without-names")

    def _boxes(self) -> Iterator[WrittenBox]:
        signed = {each.step: each for each in self.of.signatures}
        for step in SigningStep:
            title, each = self.say(step.word), signed.get(step)
            if each is None:
                yield WrittenBox(title)
            else:
                at = each.at.astimezone(self.of.month.zone)
                yield WrittenBox(title, each.by, f"{at:%Y-%m-%d %H:%M}")

    def _notes(self) -> Iterator[str]:
        yield from map(self.say, self.of.notes)
        if self.of.logo is not None and not self.of.logo.content:
            yield self.word("note-logo", most=MOST // 1000, pixels=MOST_PIXELS)

    def _differences(self) -> WrittenTable | None:
        kept = self.of.edition
        if kept is None or kept.number == 1:
            return None
        heads = (
            self.word("word-figure"),
            self.word("edition-short", number=kept.number - 1),
            self.word("edition-short", number=kept.number),
        )
        rows = tuple(
            (self.say(each.label), *(self.say(said) or "—" for said in (each.before, each.after)))
            for each in kept.differences
        )
        return WrittenTable(self.word("differences", number=kept.number - 1), heads, rows, "")

    def _remark(self, remark: Remark) -> WrittenRemark:
        at = remark.at.astimezone(self.of.month.zone)
        by = self.word("signed", by=remark.by, at=at) if remark.by else f"{at:%Y-%m-%d %H:%M}"
        return WrittenRemark(remark.number, remark.text, by)

    def _section(self, section: ReportSection) -> WrittenSection:
        return WrittenSection(
            section.part.value,
            self.say(section.part.heading),
            tuple(map(self.say, section.notes)),
            tuple(map(self._figure, section.figures)),
            tuple(map(self._chart, section.charts)),
            tuple(self._table(each) for each in section.tables if each.is_listed and each.rows),
            tuple(self._remark(each) for each in self.of.remarks if each.part == section.part.value),
        )

    def _figure(self, figure: ReportFigure) -> WrittenFigure:
        clause, entries = figure.clause, self.of.entries_of(figure)
        return WrittenFigure(
            key=figure.key,
            label=self.say(figure.label),
            value=self.say(figure.value),
            target=self.say(figure.target),
            is_kept=figure.is_kept,
            note=self.say(figure.note),
            clause_id=clause.id if clause is not None else "",
            citation=str(clause.origin) if clause is not None else "",
            evidence=f"{entries.first}–{entries.last}" if entries is not None else "",
            formula=figure.written,
            table=figure.table.key,
        )

    def _chart(self, chart: ReportChart) -> WrittenChart:
        heights = (each if isinstance(each, int | float) else None for each in chart.table.column(chart.y))
        bars = zip(map(str, chart.table.column(chart.x)), heights, strict=True)
        return WrittenChart(self.say(chart.title), chart.unit, tuple(bars), chart.limit)

    def _table(self, table: RawTable) -> WrittenTable:
        shown = [place for place, each in enumerate(table.columns) if each.is_listed]
        rows = tuple(
            tuple(cell(row[place], table.columns[place], self.language) for place in shown)
            for row in table.rows[:MOST_ROWS]
        )
        more = len(table.rows) - MOST_ROWS
        return WrittenTable(
            self.say(table.title),
            tuple(self.say(table.columns[place].title) for place in shown),
            rows,
            self.word("more-rows", count=more) if more > 0 else "",
        )
