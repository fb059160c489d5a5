"""Reports on paper: as a PDF and as Markdown. The same draft always gives the same bytes."""

from collections.abc import Iterator

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos

from toban.chapters.incident.reports.content import ReportAudience
from toban.chapters.incident.reports.draft import ReportDraft, WrittenLine, WrittenPart, written
from toban.engine import paper
from toban.text import in_markdown

_LABEL = 45
"""Millimetres."""


def markdown(draft: ReportDraft, audience: ReportAudience, language: str) -> str:
    """Return the report as Markdown."""
    report = written(draft, audience, language)
    lines = [f"# {in_markdown(report.title)}", ""]
    lines += [f"- {in_markdown(each.label)}: {in_markdown(each.text)}" for each in report.head]
    for number, part in enumerate(report.parts, 1):
        lines += ["", f"## {number}. {in_markdown(part.heading)}", "", *_part_in_markdown(part)]
    return "\n".join((*lines, "", in_markdown(report.footer), ""))


def pdf(draft: ReportDraft, audience: ReportAudience, language: str) -> bytes:
    """Return the report as a PDF; raise `paper.NoFont`."""
    report, face = written(draft, audience, language), paper.font()
    sheet = _Sheet(paper.sheet(report.title, report.drafted_at, face), face)
    sheet.write(report.title, 18)
    for line in report.head:
        sheet.row(line)
    for number, part in enumerate(report.parts, 1):
        sheet.heading(f"{number}. {part.heading}")
        for line in part.lines:
            sheet.row(line)
        if part.asks:
            sheet.write(part.asks, 10)
        if not part.lines and not part.asks:
            sheet.write("−", 10)
    sheet.heading("")
    sheet.write(report.footer, 8)
    return sheet.output()


def _part_in_markdown(part: WrittenPart) -> Iterator[str]:
    for line in part.lines:
        label = f"{in_markdown(line.label)}: " if line.label else ""
        proof = f" [{in_markdown(line.proof)}]" if line.proof else ""
        first, *further = line.text.split("\n")
        yield f"- {label}{in_markdown(first)}{proof if not further else ''}"
        for number, text in enumerate(further, 1):
            yield f"  {in_markdown(text)}{proof if number == len(further) else ''}"
    if part.asks:
        yield f"- {in_markdown(part.asks)}"
    if not part.lines and not part.asks:
        yield "- −"


class _Sheet:
    """A PDF sheet that is written from the top."""

    def __init__(self, sheet: FPDF, face: paper.Font) -> None:
        self._sheet, self._face = sheet, face
        sheet.set_margin(20)
        sheet.add_page()

    def output(self) -> bytes:
        return bytes(self._sheet.output())

    def heading(self, text: str) -> None:
        self._sheet.ln(4)
        if text:
            self.write(text, 12)

    def write(self, text: str, size: int) -> None:
        self._sheet.set_font(paper.FAMILY, size=size)
        self._sheet.multi_cell(
            0, size * 0.6, self._printable(text), align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )

    def row(self, line: WrittenLine) -> None:
        """Write a label and a text, with the evidence's numbers in small signs below."""
        sheet = self._sheet
        if not line.label:
            self.write(line.text, 10)
        else:
            sheet.set_font(paper.FAMILY, size=10)
            if sheet.will_page_break(12):
                sheet.add_page()
            left, top = sheet.l_margin, sheet.get_y()
            sheet.multi_cell(
                _LABEL, 6, self._printable(line.label), align=Align.L, new_x=XPos.RIGHT, new_y=YPos.NEXT
            )
            below = sheet.get_y()
            sheet.set_xy(left + _LABEL, top)
            sheet.multi_cell(
                0, 6, self._printable(line.text), align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT
            )
            # A text of many lines may have gone on on the next page, above where it began.
            if sheet.get_y() > top:
                sheet.set_y(max(sheet.get_y(), below))
        if line.proof:
            sheet.set_x(sheet.l_margin + (_LABEL if line.label else 0))
            sheet.set_font(paper.FAMILY, size=7)
            sheet.multi_cell(0, 4, self._printable(line.proof), new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _printable(self, text: str) -> str:
        return paper.printable(text, self._face)
