"""The edition without names: who the people are stays inside the company."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from toban.design.clauses.duty import DutyRole
from toban.engine.editions.edition import Edition
from toban.engine.people.models import Operator
from toban.engine.reports.edition import FigureDifference, ReportEdition
from toban.engine.reports.monthly import MonthlyReport
from toban.engine.reports.section import CitedRow, RawColumn, RawTable, ReportFigure
from toban.engine.runs.rules import BY_SCHEDULE
from toban.message import Message, Value
from toban.text import names_pattern


def for_customers(report: MonthlyReport, edition: Edition, language: str) -> MonthlyReport:
    """Return the edition of *report* without the names and words of people."""
    instead = Message("reports.name-left-out").in_language(language)
    return without_names(report, mask_of(people_of(edition), instead))


type Mask = Callable[[str], str]
"""Returns a text without the names in it."""


def mask_of(names: Iterable[str], instead: str) -> Mask:
    """Return what writes *instead* for each of *names*."""
    known = names_pattern(names)
    return str if known is None else lambda text: known.sub(instead, text)


def without_names(report: MonthlyReport, mask: Mask) -> MonthlyReport:
    """Return *report* without the columns about people, and without names in the others."""
    tables = {key: _table(each, mask) for key, each in report.tables.items()}
    sections = tuple(
        replace(
            section,
            figures=tuple(_figure(each, tables[each.table.key], mask) for each in section.figures),
            tables=tuple(tables[each.key] for each in section.tables),
            charts=tuple(
                replace(each, title=_said(each.title, mask), table=tables[each.table.key])
                for each in section.charts
            ),
            notes=tuple(_said(each, mask) for each in section.notes),
        )
        for section in report.sections
    )
    return replace(
        report,
        system=mask(report.system),
        # A folder can be called like its owner.
        document=mask(report.document),
        sections=sections,
        entries={mask(row): each for row, each in report.entries.items()},
        notes=tuple(_said(each, mask) for each in report.notes),
        is_without_names=True,
        edition=_edition(report.edition, mask),
        # That it was signed is not hidden, but by whom.
        signatures=tuple(replace(each, by="") for each in report.signatures),
        remarks=tuple(replace(each, by="", text=mask(each.text)) for each in report.remarks),
    )


def _edition(edition: ReportEdition | None, mask: Mask) -> ReportEdition | None:
    if edition is None:
        return None
    found = tuple(
        FigureDifference(each.key, *(_said(said, mask) for said in (each.label, each.before, each.after)))
        for each in edition.differences
    )
    return replace(edition, made_by=BY_SCHEDULE, differences=found)


def _figure(figure: ReportFigure, table: RawTable, mask: Mask) -> ReportFigure:
    clause, value = figure.clause, _said(figure.value, mask)
    return replace(
        figure,
        label=_said(figure.label, mask),
        table=table,
        read=lambda _number: value,
        clause=None if clause is None else CitedRow(mask(clause.id), mask(str(clause.origin))),
        target=_said(figure.target, mask),
        note=_said(figure.note, mask),
    )


def _table(table: RawTable, mask: Mask) -> RawTable:
    kept = [place for place, each in enumerate(table.columns) if not each.is_personal]
    return replace(
        table,
        title=_said(table.title, mask),
        columns=tuple(table.columns[place] for place in kept),
        rows=tuple(
            tuple(_raw(row[place], table.columns[place], mask) for place in kept) for row in table.rows
        ),
    )


def _raw(value: Value, column: RawColumn, mask: Mask) -> Value:
    # A code is counted by formulas, and may be what somebody's account is called.
    return value if isinstance(value, str) and value in column.words else _cell(value, mask)


def _said(said: Message, mask: Mask) -> Message:
    return Message(said.code, **{name: _cell(value, mask) for name, value in said.values.items()})


def _cell(value: Value, mask: Mask) -> Value:
    match value:
        case Message():
            return _said(value, mask)
        case str():
            return mask(value)
        case tuple():
            return tuple(_cell(each, mask) for each in value)
        case _:
            return value


def people_of(edition: Edition) -> set[str]:
    """Return the names of people that could stand in a report; the document's roles are none."""
    roles = {each.role for each in edition.design.of(DutyRole)}
    found = {name for name in edition.bindings.people if name not in roles}
    for person in edition.bindings.people.values():
        found |= {person.name, person.email, person.account}
    for account in Operator.objects.values_list("username", "first_name", "last_name", "email"):
        found |= set(account)
    return found - roles
