"""The certificate of a drill: what an auditor wants to see of it, on one sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos

from toban.catalogue import DOCUMENTS_LANGUAGE
from toban.chapters.backup.drills.check import RESULTS, Check, checks_of
from toban.chapters.backup.models import Drill
from toban.chapters.backup.report import phase
from toban.design.clauses.backup import RecoveryObjective
from toban.design.reader import Design
from toban.engine import paper
from toban.engine.bindings.model import System
from toban.message import Message, plain

_MARKS = {True: "○", False: "×", None: "−"}


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """A check: its mark, its name, and what was found."""

    mark: str
    name: Message
    found: Message


@dataclass(frozen=True, slots=True)
class Certificate:
    """The content of the certificate."""

    title: Message
    result: Message
    at: datetime
    facts: Sequence[tuple[Message, Message]]
    checks: Sequence[CertificateLine]
    phases: Sequence[tuple[Message, Message]]
    footer: Message


def certificate(drill: Drill, design: Design, system: System) -> Certificate:
    """Return the certificate of *drill*, with times in the document's time zone."""
    zone = system.zone
    ordered = next((clause for clause in design.clauses if clause.id == drill.clause_id), None)
    limits = {each.objective: str(each.limit) for each in design.of(RecoveryObjective)}
    begun = drill.started_at.astimezone(zone)
    ended = (drill.ended_at or drill.started_at).astimezone(zone)
    clause = plain(f"{ordered.origin} {ordered.text}") if ordered is not None else None
    held = Message("backup.held-from-to", begun=f"{begun:%Y-%m-%d %H:%M:%S}", ended=f"{ended:%H:%M:%S %Z}")
    target = f"{drill.target.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if drill.target else "−"
    facts = [
        (Message("backup.system"), plain(system.name or design.document)),
        (Message("backup.subject-of-drill"), plain(drill.subject)),
        (Message("backup.ordered-by"), clause or Message("backup.ordered-by-hand")),
        (Message("backup.backup"), plain(drill.label)),
        (Message("backup.held"), held),
        (Message("backup.recovered-to"), plain(target)),
        (Message("backup.rpo"), _measured(drill.rpo_seconds, limits.get("RPO"))),
        (Message("backup.rto"), _measured(drill.rto_seconds, limits.get("RTO"))),
    ]
    result = RESULTS[drill.is_passed]
    if drill.reason:
        result = Message("backup.result-and-reason", result=result, reason=drill.reason)
    return Certificate(
        title=Message("backup.certificate"),
        result=result,
        at=ended,
        facts=facts,
        checks=[_line(each) for each in checks_of(drill)],
        phases=[(phase(name), _seconds(seconds)) for name, seconds in drill.phases.items()],
        footer=Message("backup.certificate-footer", drill=drill.pk, evidence=drill.evidence_sequence),
    )


def _line(check: Check) -> CertificateLine:
    found = check.found
    if not check.passed:
        found = Message("backup.found-and-wanted", found=check.found, wanted=check.wanted)
    return CertificateLine(_MARKS[check.passed], check.name, found)


def _measured(seconds: float | None, limit: str | None) -> Message:
    measured = _seconds(seconds) if seconds is not None else Message("backup.could-not-be-measured")
    return Message("backup.measured-and-limit", measured=measured, limit=limit) if limit else measured


def _seconds(seconds: float) -> Message:
    return Message("backup.seconds", seconds=f"{seconds:,.1f}")


def pdf(found: Certificate, language: str = DOCUMENTS_LANGUAGE) -> bytes:
    """Return the PDF in *language*; the same certificate always gives the same bytes.

    Raises `paper.NoFont`.
    """
    face, title = paper.font(), found.title.in_language(language)
    sheet = paper.sheet(title, found.at, face)
    sheet.set_margin(20)
    sheet.add_page()
    _write(sheet, title, 20)
    _write(sheet, found.result.in_language(language), 13)
    sheet.ln(4)
    for name, value in found.facts:
        _row(sheet, name.in_language(language), value.in_language(language))
    _heading(sheet, Message("backup.checks").in_language(language))
    for line in found.checks:
        _row(sheet, f"{line.mark} {line.name.in_language(language)}", line.found.in_language(language))
    _heading(sheet, Message("backup.phases").in_language(language))
    for name, took in found.phases:
        _row(sheet, name.in_language(language), took.in_language(language))
    sheet.ln(6)
    _write(sheet, found.footer.in_language(language), 8)
    return bytes(sheet.output())


def _heading(sheet: FPDF, text: str) -> None:
    sheet.ln(4)
    _write(sheet, text, 12)


def _write(sheet: FPDF, text: str, size: int) -> None:
    sheet.set_font(paper.FAMILY, size=size)
    sheet.multi_cell(0, size * 0.6, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _row(sheet: FPDF, name: str, value: str) -> None:
    sheet.set_font(paper.FAMILY, size=10)
    top = sheet.get_y()
    sheet.multi_cell(45, 6, name, new_x=XPos.RIGHT, new_y=YPos.TOP)
    sheet.set_xy(sheet.l_margin + 45, top)
    sheet.multi_cell(0, 6, value or "−", align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
