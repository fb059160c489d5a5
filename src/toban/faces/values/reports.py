"""The monthly report as JSON values."""

from collections.abc import Mapping
from datetime import datetime

from toban.engine.reports.monthly import MonthlyReport
from toban.engine.reports.section import RawTable, ReportFigure, ReportSection
from toban.message import Message, Value


def report_values(report: MonthlyReport) -> dict[str, object]:
    """Return the whole report: each figure with its row, its evidence and its formula, and all raw rows."""
    month, known = report.month, report.known
    return {
        "month": month.name,
        "zone": str(month.zone),
        "system": report.system,
        "document": report.document,
        "digest": report.digest,
        "is_running": month.is_running,
        "known_at": month.known_at.isoformat(),
        "evidence": None if known is None else [each.isoformat() for each in known],
        "edition": _edition(report),
        "signatures": [
            {"step": each.step.value, "by": each.by, "at": each.at.isoformat()} for each in report.signatures
        ],
        "remarks": [
            {"part": each.part, "text": each.text, "by": each.by, "at": each.at.isoformat()}
            for each in report.remarks
        ],
        "notes": [each.as_output() for each in report.notes],
        "sections": [_section(each, report) for each in report.sections],
    }


def _edition(report: MonthlyReport) -> dict[str, object] | None:
    kept = report.edition
    if kept is None:
        return None
    return {
        "number": kept.number,
        "made_at": kept.made_at.isoformat(),
        "made_by": kept.made_by,
        "digest": kept.digest,
        "evidence": kept.evidence,
        "differences": [
            {
                "key": each.key,
                "label": each.label.as_output(),
                "before": each.before.as_output() if each.before else None,
                "after": each.after.as_output() if each.after else None,
            }
            for each in kept.differences
        ],
    }


def _section(section: ReportSection, report: MonthlyReport) -> dict[str, object]:
    return {
        "part": section.part.value,
        "title": section.part.heading.as_output(),
        "notes": [each.as_output() for each in section.notes],
        "figures": [figure_values(each, report) for each in section.figures],
        "tables": [_table(each) for each in section.tables],
    }


def figure_values(figure: ReportFigure, report: MonthlyReport) -> dict[str, object]:
    """Return *figure* with all that is needed to check it."""
    clause, entries = figure.clause, report.entries_of(figure)
    return {
        "key": figure.key,
        "label": figure.label.as_output(),
        "number": figure.number,
        "unit": figure.unit.value,
        "value": figure.value.as_output(),
        "target": figure.target.as_output() if figure.target else None,
        "is_kept": figure.is_kept,
        "note": figure.note.as_output() if figure.note else None,
        "clause": clause.id if clause is not None else None,
        "at": str(clause.origin) if clause is not None else None,
        "evidence": None
        if entries is None
        else {"first": entries.first, "last": entries.last, "count": entries.count},
        "formula": figure.written,
        "table": figure.table.key,
    }


def _table(table: RawTable) -> Mapping[str, object]:
    return {
        "key": table.key,
        "title": table.title.as_output(),
        "columns": [each.key for each in table.columns],
        "rows": [[*map(_cell, row)] for row in table.rows],
    }


def _cell(value: Value) -> object:
    match value:
        case Message():
            return value.as_output() if value else None
        case datetime():
            return value.isoformat()
        case _:
            return value
