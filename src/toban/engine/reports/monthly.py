"""The monthly report: made anew from the evidence and the records of a month, whenever it is wanted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.registry.parts import Parts
from toban.engine.reports import coming, method, summary
from toban.engine.reports.edition import Remark, ReportEdition, Signature
from toban.engine.reports.history import EvidenceRange, entries_in, entries_of_rows, histories
from toban.engine.reports.kept.logo import Logo, logo_of
from toban.engine.reports.month import ReportMonth
from toban.engine.reports.section import (
    REPORT_SECTIONS,
    RawTable,
    ReportFigure,
    ReportOccasion,
    ReportPart,
    ReportSection,
    joined,
)
from toban.engine.spans import Span
from toban.engine.tasks.lists import schedules_of_people
from toban.message import Message

_OWN = (ReportPart.SUMMARY, ReportPart.CALENDAR, ReportPart.METHOD)


@dataclass(frozen=True)
class MonthlyReport:
    """The report as values: every output, and every comparison, is made of it."""

    system: str
    document: str
    digest: str
    """Of the document in force when it was made."""
    month: ReportMonth
    known: Span | None
    """The part of the month for which there is evidence; None if there is none."""
    sections: tuple[ReportSection, ...]
    entries: Mapping[str, EvidenceRange]
    """Clause id → the entries of the evidence about the row in the month."""
    notes: tuple[Message, ...]
    """What readers must know before they read on."""
    is_without_names: bool = False
    """Whether it is the edition for customers."""
    edition: ReportEdition | None = None
    """Set if it is kept."""
    signatures: tuple[Signature, ...] = ()
    remarks: tuple[Remark, ...] = ()
    logo: Logo | None = None

    @cached_property
    def figures(self) -> Mapping[str, ReportFigure]:
        """All figures by key."""
        return {each.key: each for section in self.sections for each in section.figures}

    @cached_property
    def tables(self) -> Mapping[str, RawTable]:
        """All raw rows by the key of their table."""
        return {each.key: each for section in self.sections for each in section.tables}

    def entries_of(self, figure: ReportFigure) -> EvidenceRange | None:
        """Return the entries of the evidence about the row of *figure*."""
        return self.entries.get(figure.clause.id) if figure.clause is not None else None


def make(edition: Edition, parts: Parts, month: ReportMonth) -> MonthlyReport:
    """Return the report on *month* as it is known now; it writes nothing."""
    inside = entries_in((month.span[0], month.cut))
    rows = [each.id for each in edition.design.clauses]
    verdicts = histories(rows, inside, month.span, month.cut) if inside is not None else {}
    occasion = ReportOccasion(edition, month, verdicts)
    known = _known(month) if inside is not None else None
    sections = tuple(_sections(occasion, parts, inside))
    return MonthlyReport(
        system=edition.bindings.system.name or Path(edition.design.document).stem,
        document=edition.design.document,
        digest=edition.design.digest,
        month=month,
        known=known,
        sections=sections,
        entries=entries_of_rows(inside) if inside is not None else {},
        notes=tuple(_notes(month, known, sections)),
        logo=logo_of(edition.bindings),
    )


def _sections(
    occasion: ReportOccasion, parts: Parts, inside: EvidenceRange | None
) -> Iterator[ReportSection]:
    # Of a month without evidence nothing was watched: "no alerts" would be a claim.
    bring = parts.ports.all(REPORT_SECTIONS) if inside is not None else ()
    found = [each(occasion) for each in bring]
    if inside is not None:
        found.append(summary.section(occasion))
    found.append(coming.section(occasion, schedules_of_people(occasion.edition, parts)))
    brought = {each.part for each in found} | set(_OWN)
    missing = [part for part in ReportPart if part not in brought]
    found.append(method.section(occasion, inside, missing))
    for part in ReportPart:
        if several := [each for each in found if each.part is part]:
            yield joined(several)


def _known(month: ReportMonth) -> Span | None:
    began = ledger.began_at()
    if began is None or began >= month.cut:
        return None
    return max(month.span[0], began), month.cut


def _notes(month: ReportMonth, known: Span | None, sections: tuple[ReportSection, ...]) -> Iterator[Message]:
    if month.is_running:
        yield Message("reports.note-running", until=_local(month.cut, month))
    if known is None:
        yield Message("reports.note-no-data", month=month.name)
        return
    made_up = ledger.made_up_until()
    if made_up is not None and known[0] <= made_up:
        yield Message("reports.note-made-up", until=_local(made_up, month))
    if known[0] > month.span[0]:
        yield Message("reports.note-begins", since=_local(known[0], month))
    silent = next(
        (method.silent_days(each) for section in sections for each in section.tables
         if section.part is ReportPart.METHOD), ()
    )  # fmt: skip
    if silent:
        yield Message("reports.note-silent", count=len(silent), days=silent)


def _local(moment: datetime, month: ReportMonth) -> datetime:
    return moment.astimezone(month.zone)
