"""A report as bytes, and back: everything it says, so that any output of it can be made later. Pure."""

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from toban.engine.reports.history import EvidenceRange
from toban.engine.reports.kept.formulas import formula_values, read_formula
from toban.engine.reports.month import ReportMonth
from toban.engine.reports.monthly import MonthlyReport
from toban.engine.reports.section import (
    CitedRow,
    FigureUnit,
    RawColumn,
    RawTable,
    ReportChart,
    ReportFigure,
    ReportPart,
    ReportSection,
)
from toban.message import Message, Value, from_json


def written(report: MonthlyReport) -> bytes:
    """Return what *report* says; the same report always gives the same bytes."""
    month, known = report.month, report.known
    cited = {each.clause.id for each in report.figures.values() if each.clause is not None}
    values = {
        "system": report.system,
        "document": report.document,
        "digest": report.digest,
        "month": [month.first.isoformat(), str(month.zone), month.known_at.isoformat()],
        "known": None if known is None else [each.isoformat() for each in known],
        "tables": [_table(each) for each in report.tables.values()],
        "sections": [_section(each) for each in report.sections],
        "entries": {
            key: [each.first, each.last, each.count]
            for key, each in sorted(report.entries.items(), key=itemgetter(0))
            if key in cited
        },
        "notes": [each.as_json() for each in report.notes],
    }
    return json.dumps(values, separators=(",", ":")).encode()


def digest_of(said: bytes) -> str:
    """Return the digest of what `written` returned."""
    return hashlib.sha256(said).hexdigest()


def packed(said: bytes) -> bytes:
    """Return *said* as it is stored."""
    return zlib.compress(said)


def unpacked(stored: bytes) -> bytes:
    """Return what `packed` has stored."""
    return zlib.decompress(stored)


def read(said: bytes) -> MonthlyReport:
    """Return the report that `written` wrote."""
    values = json.loads(said)
    first, zone, known_at = values["month"]
    tables = {each["key"]: _read_table(each) for each in values["tables"]}
    known = values["known"]
    return MonthlyReport(
        system=values["system"],
        document=values["document"],
        digest=values["digest"],
        month=ReportMonth(date.fromisoformat(first), ZoneInfo(zone), datetime.fromisoformat(known_at)),
        known=None if known is None else (datetime.fromisoformat(known[0]), datetime.fromisoformat(known[1])),
        sections=tuple(_read_section(each, tables) for each in values["sections"]),
        entries={key: EvidenceRange(*each) for key, each in values["entries"].items()},
        notes=_read_messages(values["notes"]),
    )


def _section(section: ReportSection) -> dict[str, object]:
    return {
        "part": section.part.value,
        "figures": [_figure(each) for each in section.figures],
        "tables": [each.key for each in section.tables],
        "charts": [
            [each.title.as_json(), each.table.key, each.x, each.y, each.unit, each.limit]
            for each in section.charts
        ],
        "notes": [each.as_json() for each in section.notes],
    }


def _read_section(values: Mapping[str, Any], tables: Mapping[str, RawTable]) -> ReportSection:
    return ReportSection(
        ReportPart(values["part"]),
        tuple(_read_figure(each, tables) for each in values["figures"]),
        tuple(tables[key] for key in values["tables"]),
        tuple(
            ReportChart(from_json(title), tables[key], x, y, unit, limit)
            for title, key, x, y, unit, limit in values["charts"]
        ),
        _read_messages(values["notes"]),
    )


def _figure(figure: ReportFigure) -> dict[str, object]:
    clause = figure.clause
    return {
        "key": figure.key,
        "label": figure.label.as_json(),
        "table": figure.table.key,
        "formula": formula_values(figure.formula),
        "unit": figure.unit.value,
        # As it was written then: a chapter may come to write it otherwise.
        "value": figure.value.as_json(),
        "clause": None if clause is None else [clause.id, str(clause.origin)],
        "target": figure.target.as_json(),
        "is_kept": figure.is_kept,
        "note": figure.note.as_json(),
    }


def _read_figure(values: Mapping[str, Any], tables: Mapping[str, RawTable]) -> ReportFigure:
    clause = values["clause"]
    return ReportFigure(
        key=values["key"],
        label=from_json(values["label"]),
        table=tables[values["table"]],
        formula=read_formula(values["formula"]),
        unit=FigureUnit(values["unit"]),
        read=_always(from_json(values["value"])),
        clause=None if clause is None else CitedRow(*clause),
        target=from_json(values["target"]),
        is_kept=values["is_kept"],
        note=from_json(values["note"]),
    )


def _always(said: Message) -> Callable[[float], Message]:
    return lambda _number: said


def _table(table: RawTable) -> dict[str, object]:
    return {
        "key": table.key,
        "title": table.title.as_json(),
        "columns": [
            {
                "key": each.key,
                "title": each.title.as_json(),
                "words": {code: word.as_json() for code, word in each.words.items()},
                "is_personal": each.is_personal,
                "is_listed": each.is_listed,
            }
            for each in table.columns
        ],
        "rows": [_cells(row) for row in table.rows],
        "is_listed": table.is_listed,
    }


def _read_table(values: Mapping[str, Any]) -> RawTable:
    columns = tuple(
        RawColumn(
            each["key"],
            from_json(each["title"]),
            {code: from_json(word) for code, word in each["words"].items()},
            is_personal=each["is_personal"],
            is_listed=each["is_listed"],
        )
        for each in values["columns"]
    )
    rows = tuple(_read_cells(row) for row in values["rows"])
    return RawTable(values["key"], from_json(values["title"]), columns, rows, is_listed=values["is_listed"])


def _cells(row: tuple[Value, ...]) -> object:
    # Messages know how values are written: a row is one that says nothing but its cells.
    said = Message("", cells=row).as_json()["values"]
    return said["cells"] if isinstance(said, dict) else None


def _read_cells(cells: list[Any]) -> tuple[Value, ...]:
    row = from_json({"code": "", "values": {"cells": cells}}).values["cells"]
    return row if isinstance(row, tuple) else ()


def _read_messages(values: list[Any]) -> tuple[Message, ...]:
    return tuple(map(from_json, values))
