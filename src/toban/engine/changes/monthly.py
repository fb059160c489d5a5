"""The change ledger in the monthly report; changes of accounts are for managers, and stand in no report."""

from collections.abc import Iterator

from toban.engine.changes.act import ChangeKind
from toban.engine.changes.query import ChangeSearch, found, told
from toban.engine.reports.formula import CountOf, count
from toban.engine.reports.section import (
    RawColumn,
    RawTable,
    ReportFigure,
    ReportOccasion,
    ReportPart,
    ReportSection,
)
from toban.message import Message, Value, listing

_SHOWN = tuple(each for each in ChangeKind if each is not ChangeKind.ACCOUNT)


def section(occasion: ReportOccasion) -> ReportSection:
    """Return the changes of the month, by their kind."""
    raw = RawTable("changes", Message("changes.monthly-table"), _COLUMNS, tuple(_rows(occasion)))
    return ReportSection(ReportPart.RELEASES, tuple(_figures(raw)), (raw,))


_COLUMNS = (
    RawColumn("number", Message("reports.column-evidence")),
    RawColumn("at", Message("changes.monthly-at")),
    RawColumn("kind", Message("reports.column-kind"), {each.value: each.word for each in _SHOWN}),
    RawColumn("said", Message("changes.monthly-said")),
    RawColumn("about", Message("reports.column-subject")),
    RawColumn("by", Message("changes.monthly-by"), is_personal=True),
    RawColumn("note", Message("reports.column-reason"), is_personal=True),
)


def _rows(occasion: ReportOccasion) -> Iterator[tuple[Value, ...]]:
    month = occasion.month
    changes = found(ChangeSearch(since=month.span[0], until=month.cut)).order_by("at", "entry")
    for each in told(changes.iterator(chunk_size=1000)):
        change, facts = each.change, each.facts
        yield (
            change.entry_id, occasion.local(change.at), change.kind, facts.said, listing(facts.about),
            change.actor, facts.note,
        )  # fmt: skip


def _figures(raw: RawTable) -> Iterator[ReportFigure]:
    yield ReportFigure(
        key="changes", label=Message("changes.monthly-figure-all"), table=raw, formula=count("number")
    )
    for each in _SHOWN:
        yield ReportFigure(
            key=f"changes-{each}", label=each.word, table=raw, formula=CountOf("kind", each.value)
        )
