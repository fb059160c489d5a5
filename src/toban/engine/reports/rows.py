"""Rows of the document as raw rows: each with its last verdict of the month. Pure."""

from collections.abc import Iterable, Mapping

from toban.design.clauses.base import Clause
from toban.engine.evidence.verdict import Verdict
from toban.engine.reports.formula import CountOf
from toban.engine.reports.section import RawColumn, RawTable, ReportFigure, ReportOccasion
from toban.engine.reports.verdicts import RowHistory
from toban.message import Message, Value

VERDICTS: Mapping[str, Message] = {
    each.value: Message("reports.verdict", mark=each.mark, word=Message(f"reports.verdict-{each.value}"))
    for each in Verdict
}
"""What people read for a verdict: the mark and the word of the pages."""
_ASKS_NOTHING = (Verdict.NOT_DUE, Verdict.DECLARED)
"""The verdicts of rows that nobody could have kept or broken."""
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


def rows_table(
    key: str, title: Message, clauses: Iterable[Clause], occasion: ReportOccasion, *, is_listed: bool = True
) -> RawTable:
    """Return *clauses* with their verdicts."""
    rows = tuple(_row(each, occasion.verdict_of(each), occasion) for each in clauses)
    return RawTable(key, title, _COLUMNS, rows, is_listed=is_listed)


def verdict_figures(table: RawTable, prefix: str) -> tuple[ReportFigure, ...]:
    """Return how many rows of *table* have which verdict, of those that occur."""
    found = set(table.column("verdict"))
    return tuple(
        ReportFigure(
            key=f"{prefix}-{each.value}",
            label=VERDICTS[each.value],
            table=table,
            formula=CountOf("verdict", each.value),
        )
        for each in Verdict
        if each.value in found
    )


def _row(clause: Clause, found: RowHistory, occasion: ReportOccasion) -> tuple[Value, ...]:
    return (
        clause.origin.line,
        clause.text,
        found.verdict.value,
        0 if found.verdict in _ASKS_NOTHING else 1,
        occasion.local(found.since),
        found.value,
        found.troubles,
        found.lapses,
        found.reason,
    )
