"""Documents in the monthly report: which were read, which owe an update, which are stale."""

from collections.abc import Iterator

from toban.chapters.documents.models import DocumentReading
from toban.chapters.documents.operation import OPERATION
from toban.design.clauses.documents import DocumentRule, ManagedDocument
from toban.engine.reports.formula import CountOf
from toban.engine.reports.rows import rows_table, verdict_figures
from toban.engine.reports.runs import run_figures, runs_table
from toban.engine.reports.section import (
    RawColumn,
    RawTable,
    ReportFigure,
    ReportOccasion,
    ReportPart,
    ReportSection,
)
from toban.engine.runs.models import PlannedWork
from toban.message import Message, Value
from toban.text import fitting_key

_READ, _UNREAD = "read", "unread"
_STATES = {each: Message(f"documents.monthly-{each}") for each in (_READ, _UNREAD)}


def section(occasion: ReportOccasion) -> ReportSection:
    """Return how the rows of documents stood, who has read which, and the updates that were owed."""
    design, plan = occasion.edition.design, occasion.edition.plan(OPERATION)
    clauses = [each for each in design.clauses if isinstance(each, ManagedDocument | DocumentRule)]
    rows = rows_table("document-rows", Message("documents.monthly-table-rows"), clauses, occasion)
    read = RawTable(
        "documents-read", Message("documents.monthly-table-read"), _COLUMNS, tuple(_readings(occasion))
    )
    works = PlannedWork.objects.filter(key__in=list(plan.tasks))
    owed = runs_table("document-updates", Message("documents.monthly-table-owed"), works, occasion)
    figures = (
        *verdict_figures(rows, "document-rows"),
        *_figures(read),
        *run_figures(owed, "document-updates"),
    )
    return ReportSection(ReportPart.DOCUMENTS, figures, (rows, read, owed))


_COLUMNS = (
    RawColumn("document", Message("documents.monthly-document")),
    RawColumn("at", Message("reports.column-citation")),
    RawColumn("state", Message("reports.column-state"), _STATES),
    RawColumn("when", Message("documents.monthly-when")),
    RawColumn("seconds", Message("reports.column-seconds")),
    RawColumn("by", Message("documents.monthly-by"), is_personal=True),
)


def _readings(occasion: ReportOccasion) -> Iterator[tuple[Value, ...]]:
    """Yield each document with the last time in the month that somebody has read it."""
    month = occasion.month
    found = DocumentReading.objects.filter(read_at__gte=month.span[0], read_at__lt=month.cut)
    last = {each.document: each for each in found.order_by("read_at", "pk")}
    for row in occasion.edition.design.of(ManagedDocument):
        each = last.get(fitting_key(row.name, 300))
        if each is None:
            yield row.name, str(row.origin), _UNREAD, None, None, ""
        else:
            yield row.name, str(row.origin), _READ, occasion.local(each.read_at), each.seconds, each.username


def _figures(read: RawTable) -> Iterator[ReportFigure]:
    formulas = {"documents": CountOf("state", _READ), "unread": CountOf("state", _UNREAD)}
    for key, formula in formulas.items():
        label = Message(f"documents.monthly-figure-{key}")
        yield ReportFigure(key=f"documents-{key}", label=label, table=read, formula=formula)
