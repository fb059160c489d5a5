"""Backups and restore drills in the monthly report."""

from collections.abc import Iterable

from toban.chapters.backup.models import Backup, Drill
from toban.design.clauses.backup import BackupPolicy
from toban.engine.reports.formula import ColumnStatistic, CountOf, Of, count, total
from toban.engine.reports.section import (
    FigureUnit,
    RawColumn,
    RawTable,
    ReportFigure,
    ReportOccasion,
    ReportPart,
    ReportSection,
    cited,
)
from toban.message import Message, Value

_PASSED, _FAILED, _OPEN = "passed", "failed", "open"
_OUTCOMES = {each: Message(f"backup.monthly-drill-{each}") for each in (_PASSED, _FAILED, _OPEN)}
_DOUBTED, _FINE = "doubted", "fine"
_STATES = {each: Message(f"backup.monthly-copy-{each}") for each in (_DOUBTED, _FINE)}


def section(occasion: ReportOccasion) -> ReportSection:
    """Return the backups that were durable in the month, by row, and the drills that began in it."""
    month = occasion.month
    ended = Backup.objects.filter(ended_at__gte=month.span[0], ended_at__lt=month.cut).order_by(
        "ended_at", "pk"
    )
    begun = Drill.objects.filter(started_at__gte=month.span[0], started_at__lt=month.cut)
    copies = RawTable(
        "backups", Message("backup.monthly-table-backups"), _COPIES, tuple(_copies(ended, occasion)),
        is_listed=False,
    )  # fmt: skip
    drills = RawTable(
        "drills", Message("backup.monthly-table-drills"), _DRILLS,
        tuple(_drills(begun.order_by("started_at", "pk"), occasion)),
    )  # fmt: skip
    figures = (*_of_policies(copies, occasion), *_of_all(copies, drills))
    notes = (Message("backup.monthly-note-catalogue"),)
    return ReportSection(ReportPart.BACKUPS, figures, (drills, copies), notes=notes)


_COPIES = (
    RawColumn("row", Message("reports.column-citation")),
    RawColumn("subject", Message("reports.column-subject")),
    RawColumn("label", Message("backup.monthly-label")),
    RawColumn("method", Message("reports.column-kind")),
    RawColumn("ended", Message("reports.column-ended")),
    RawColumn("bytes", Message("backup.monthly-bytes")),
    RawColumn("state", Message("reports.column-state"), _STATES),
    RawColumn("trouble", Message("reports.column-reason")),
)
_DRILLS = (
    RawColumn("number", Message("reports.column-number")),
    RawColumn("subject", Message("reports.column-subject")),
    RawColumn("started", Message("reports.column-began")),
    RawColumn("outcome", Message("reports.column-state"), _OUTCOMES),
    RawColumn("rpo", Message("backup.monthly-rpo")),
    RawColumn("rto", Message("backup.monthly-rto")),
    RawColumn("evidence", Message("reports.column-evidence")),
    RawColumn("reason", Message("reports.column-reason")),
)


def _copies(found: Iterable[Backup], occasion: ReportOccasion) -> Iterable[tuple[Value, ...]]:
    clauses = occasion.clauses()
    for each in found:
        yield (
            cited(each.clause_id, clauses), each.subject, each.label, each.method,
            occasion.local(each.ended_at), each.stored_bytes, _DOUBTED if each.trouble else _FINE,
            each.trouble,
        )  # fmt: skip


def _drills(found: Iterable[Drill], occasion: ReportOccasion) -> Iterable[tuple[Value, ...]]:
    for each in found:
        outcome = _OPEN if each.is_passed is None else _PASSED if each.is_passed else _FAILED
        yield (
            each.pk, each.subject, occasion.local(each.started_at), outcome, each.rpo_seconds,
            each.rto_seconds, each.evidence_sequence, each.reason,
        )  # fmt: skip


def _of_policies(copies: RawTable, occasion: ReportOccasion) -> Iterable[ReportFigure]:
    for number, row in enumerate(occasion.edition.design.of(BackupPolicy), 1):
        label = Message("backup.monthly-figure-policy", subject=row.subject, method=row.method)
        formula = CountOf("row", str(row.origin))
        yield ReportFigure(
            key=f"backups-row-{number}", label=label, table=copies, formula=formula, clause=row
        )


def _of_all(copies: RawTable, drills: RawTable) -> Iterable[ReportFigure]:
    def figure(
        key: str, table: RawTable, formula: CountOf | Of, unit: FigureUnit = FigureUnit.COUNT
    ) -> ReportFigure:
        label = Message(f"backup.monthly-figure-{key}")
        return ReportFigure(key=f"backups-{key}", label=label, table=table, formula=formula, unit=unit)

    yield figure("copies", copies, count("bytes"))
    yield figure("doubted", copies, CountOf("state", _DOUBTED))
    yield figure("bytes", copies, total("bytes"), unit=FigureUnit.BYTES)
    yield figure("drills", drills, count("number"))
    yield figure("drills-passed", drills, CountOf("outcome", _PASSED))
    yield figure("drills-failed", drills, CountOf("outcome", _FAILED))
    yield figure("longest-recovery", drills, Of(ColumnStatistic.MAX, "rto"), unit=FigureUnit.SECONDS)
