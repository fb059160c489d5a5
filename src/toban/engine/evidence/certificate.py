"""Certificates: what an auditor wants to see of something that was held, on one sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos

from toban.catalogue import DOCUMENTS_LANGUAGE
from toban.engine import paper
from toban.message import Message

MARKS = {True: "○", False: "×", None: "−"}
"""Whether a check passed."""


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
    checks_heading: Message
    checks: Sequence[CertificateLine]
    phases_heading: Message
    phases: Sequence[tuple[Message, Message]]
    footer: Message


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
    _heading(sheet, found.checks_heading.in_language(language))
    for line in found.checks:
        _row(sheet, f"{line.mark} {line.name.in_language(language)}", line.found.in_language(language))
    _heading(sheet, found.phases_heading.in_language(language))
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
