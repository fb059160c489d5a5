"""The report's first part: each row of the document with its last verdict in the month."""

from collections.abc import Mapping

from toban.engine.evidence.verdict import FIRING, Verdict
from toban.engine.reports.formula import CountOf, Over, count, total
from toban.engine.reports.history import RowHistory, histories
from toban.engine.reports.section import (
    FigureUnit,
    RawColumn,
    RawTable,
    ReportFigure,
    ReportOccasion,
    ReportPart,
    ReportSection,
)
from toban.message import Message, Value

VERDICTS: Mapping[str, Message] = {
    each.value: Message("reports.verdict", mark=each.mark, word=Message(f"reports.verdict-{each.value}"))
    for each in Verdict
}
"""What people read for a verdict: the mark and the word of the pages."""


def section(occasion: ReportOccasion) -> ReportSection:
    """Return how many rows conform, how the others stand, and which were in trouble."""
    month, clauses = occasion.month, occasion.edition.design.clauses
    found = histories([each.id for each in clauses], month.span, month.cut)
    rows = [(each.origin.line, each.text, found[each.id]) for each in clauses]
    raw = RawTable(
        "rows",
        Message("reports.table-rows"),
        _COLUMNS,
        tuple(_row(line, text, each, occasion) for line, text, each in rows),
        is_listed=False,
    )
    matters = RawTable(
        "matters",
        Message("reports.table-matters"),
        (*_COLUMNS[:3], *_COLUMNS[4:]),
        tuple(
            (row[:3] + row[4:])
            for row, (_, _, each) in zip(raw.rows, rows, strict=True)
            if each.verdict in FIRING or each.troubles or each.lapses
        ),
    )
    return ReportSection(ReportPart.SUMMARY, (*_figures(raw),), (matters, raw))


_COLUMNS = (
    RawColumn("line", Message("reports.column-line")),
    RawColumn("row", Message("reports.column-row")),
    RawColumn("verdict", Message("reports.column-verdict"), VERDICTS),
    RawColumn("counts", Message("reports.column-counts"), is_listed=False),
    RawColumn("since", Message("reports.column-since")),
    RawColumn("value", Message("reports.column-value")),
    RawColumn("troubles", Message("reports.column-troubles")),
    RawColumn("lapses", Message("reports.column-lapses")),
    RawColumn("reason", Message("reports.column-reason"), is_personal=True),
)
_ASKS_NOTHING = (Verdict.NOT_DUE, Verdict.DECLARED)
"""The verdicts of rows that nobody could have kept or broken."""


def _row(line: int, text: str, found: RowHistory, occasion: ReportOccasion) -> tuple[Value, ...]:
    return (
        line,
        text,
        found.verdict.value,
        0 if found.verdict in _ASKS_NOTHING else 1,
        occasion.local(found.since),
        found.value,
        found.troubles,
        found.lapses,
        found.reason,
    )


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
