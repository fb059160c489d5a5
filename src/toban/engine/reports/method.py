"""The report's last part: which evidence it rests on, and which days have none."""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime

from toban.design.calendar import days_from
from toban.engine.evidence.models import LedgerEntry
from toban.engine.reports.formula import CountOf, count, total
from toban.engine.reports.history import EvidenceRange
from toban.engine.reports.month import ReportMonth
from toban.engine.reports.section import (
    RawColumn,
    RawTable,
    ReportFigure,
    ReportOccasion,
    ReportPart,
    ReportSection,
)
from toban.message import Message, plain

_MOST = 31


def section(
    occasion: ReportOccasion, inside: EvidenceRange | None, missing: Collection[ReportPart]
) -> ReportSection:
    """Return the evidence of the month day by day, its place in the chain, and the documents in force."""
    days = _days(occasion.month)
    figures = (
        ReportFigure(key="evidence-entries", label=Message("reports.figure-entries"), table=days,
                     formula=total("entries")),
        ReportFigure(key="days", label=Message("reports.figure-days"), table=days, formula=count("number")),
        ReportFigure(key="days-without-evidence", label=Message("reports.figure-silent-days"), table=days,
                     formula=CountOf("state", "silent"), note=Message("reports.note-silent-days")),
    )  # fmt: skip
    notes = [*_chain(inside), *_documents(inside), Message("reports.note-formulas")]
    if missing:
        notes.append(Message("reports.note-parts-missing", parts=tuple(each.heading for each in missing)))
    return ReportSection(ReportPart.METHOD, figures, (days,), notes=tuple(notes))


def silent_days(table: RawTable) -> tuple[str, ...]:
    """Return the days of *table*, that of `section`, without any evidence."""
    pairs = zip(table.column("day"), table.column("state"), strict=True)
    return tuple(str(day) for day, state in pairs if state == "silent")


_STATES = {
    "evidence": Message("reports.day-with-evidence"),
    "silent": Message("reports.day-silent"),
}
_COLUMNS = (
    RawColumn("number", Message("reports.column-number"), is_listed=False),
    RawColumn("day", Message("reports.column-day")),
    RawColumn("entries", Message("reports.column-entries")),
    RawColumn("state", Message("reports.column-state"), _STATES),
)


def _days(month: ReportMonth) -> RawTable:
    moments = LedgerEntry.objects.filter(at__gte=month.span[0], at__lt=month.cut).values_list("at", flat=True)
    found: Counter[object] = Counter(_day(at, month) for at in moments.iterator(chunk_size=5000))
    days = days_from(month.first, (month.last - month.first).days + 1)
    rows = tuple(
        (number, f"{day}", found[day], "evidence" if found[day] else "silent")
        for number, day in enumerate(days, 1)
    )
    return RawTable("evidence-days", Message("reports.table-days"), _COLUMNS, rows, is_listed=False)


def _day(at: datetime, month: ReportMonth) -> object:
    return at.astimezone(month.zone).date()


def _chain(inside: EvidenceRange | None) -> Iterator[Message]:
    if inside is None:
        yield Message("reports.note-no-evidence")
        return
    last = LedgerEntry.objects.get(sequence=inside.last)
    yield Message("reports.note-chain", first=inside.first, last=inside.last, digest=last.digest)


def _documents(inside: EvidenceRange | None) -> Iterator[Message]:
    """Yield the documents that judged rows in the month: its figures are about the rows in force now."""
    if inside is None:
        return
    judged = LedgerEntry.objects.filter(sequence__gte=inside.first, sequence__lte=inside.last)
    digests = (
        judged.exclude(document_digest="").order_by().values_list("document_digest", flat=True).distinct()
    )
    found = sorted(digests)
    shown = [plain(each[:12]) for each in found[:_MOST]]
    yield Message("reports.note-documents", count=len(found), digests=tuple(shown))
