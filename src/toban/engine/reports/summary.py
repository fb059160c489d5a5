"""The report's first part: each row of the document with its last verdict in the month."""

from dataclasses import replace

from toban.engine.evidence.verdict import FIRING, Verdict
from toban.engine.reports.formula import CountOf, Over, count, total
from toban.engine.reports.rows import VERDICTS, rows_table
from toban.engine.reports.section import (
    FigureUnit,
    RawTable,
    ReportFigure,
    ReportOccasion,
    ReportPart,
    ReportSection,
)
from toban.message import Message


def section(occasion: ReportOccasion) -> ReportSection:
    """Return how many rows conform, how the others stand, and which were in trouble."""
    clauses = occasion.edition.design.clauses
    raw = rows_table("rows", Message("reports.table-rows"), clauses, occasion, is_listed=False)
    found = [occasion.verdict_of(each) for each in clauses]
    matters = replace(
        raw,
        key="matters",
        title=Message("reports.table-matters"),
        columns=(*raw.columns[:3], *raw.columns[4:]),
        rows=tuple(
            row[:3] + row[4:]
            for row, each in zip(raw.rows, found, strict=True)
            if each.verdict in FIRING or each.troubles or each.lapses
        ),
        is_listed=True,
    )
    return ReportSection(ReportPart.SUMMARY, (*_figures(raw),), (matters, raw))


def _figures(raw: RawTable) -> list[ReportFigure]:
    conforming = CountOf("verdict", Verdict.CONFORMING.value)
    figures = [
        ReportFigure(key="rows", label=Message("reports.figure-rows"), table=raw, formula=count("line")),
        ReportFigure(
            key="conforming-share",
            label=Message("reports.figure-conforming-share"),
            table=raw,
            formula=Over(conforming, total("counts"), 100),
            unit=FigureUnit.PERCENT,
            note=Message("reports.note-conforming-share"),
        ),
    ]
    figures += [
        ReportFigure(
            key=f"rows-{each.value}",
            label=VERDICTS[each.value],
            table=raw,
            formula=CountOf("verdict", each.value),
        )
        for each in Verdict
    ]
    troubles = Message("reports.figure-troubles")
    return [*figures, ReportFigure(key="troubles", label=troubles, table=raw, formula=total("troubles"))]
