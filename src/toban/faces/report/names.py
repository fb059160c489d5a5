"""The edition without names: who the people are stays inside the company."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from toban.design.clauses.duty import DutyRole
from toban.engine.editions.edition import Edition
from toban.engine.people.models import Operator
from toban.engine.reports.edition import FigureDifference, ReportEdition
from toban.engine.reports.monthly import MonthlyReport
from toban.engine.reports.section import RawTable
from toban.engine.runs.rules import BY_SCHEDULE
from toban.message import Message, Value


def for_customers(report: MonthlyReport, edition: Edition, language: str) -> MonthlyReport:
    """Return the edition of *report* without the names and words of people."""
    instead = Message("reports.name-left-out").in_language(language)
    return without_names(report, mask_of(people_of(edition), instead))


type Mask = Callable[[str], str]
"""Returns a text without the names in it."""

_SHORTEST = 2
"""A name of one letter is a part of too many other words; columns about people are left out anyway."""


def mask_of(names: Iterable[str], instead: str) -> Mask:
    """Return what writes *instead* for each of *names*; a name in Latin letters counts as a whole word."""
    known = sorted({each for each in names if len(each) >= _SHORTEST}, key=len, reverse=True)
    if not known:
        return str
    pattern = re.compile("|".join(map(_pattern, known)), re.IGNORECASE)
    return lambda text: pattern.sub(instead, text)


def without_names(report: MonthlyReport, mask: Mask) -> MonthlyReport:
    """Return *report* without the columns about people, and without names in the others."""
    tables = {key: _table(each, mask) for key, each in report.tables.items()}
    sections = tuple(
        replace(
            section,
            figures=tuple(replace(each, table=tables[each.table.key]) for each in section.figures),
            tables=tuple(tables[each.key] for each in section.tables),
            charts=tuple(replace(each, table=tables[each.table.key]) for each in section.charts),
            notes=tuple(_said(each, mask) for each in section.notes),
        )
        for section in report.sections
    )
    return replace(
        report,
        sections=sections,
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


def _table(table: RawTable, mask: Mask) -> RawTable:
    kept = [place for place, each in enumerate(table.columns) if not each.is_personal]
    return replace(
        table,
        columns=tuple(table.columns[place] for place in kept),
        rows=tuple(tuple(_cell(row[place], mask) for place in kept) for row in table.rows),
    )


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


def _pattern(name: str) -> str:
    escaped = re.escape(name)
    return rf"(?<![\w@.-]){escaped}(?![\w@-])" if name.isascii() else escaped


def people_of(edition: Edition) -> set[str]:
    """Return the names of people that could stand in a report; the document's roles are none."""
    roles = {each.role for each in edition.design.of(DutyRole)}
    found = {name for name in edition.bindings.people if name not in roles}
    for person in edition.bindings.people.values():
        found |= {person.name, person.email, person.account}
    for account in Operator.objects.values_list("username", "first_name", "last_name", "email"):
        found |= set(account)
    return found - roles
