"""The monthly report on paper. The same report always gives the same bytes."""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from xml.etree.ElementTree import ParseError

from fpdf import FPDF
from fpdf.enums import Align, ResourceAccessPolicy, TableBordersLayout, XPos, YPos
from fpdf.errors import FPDFException
from fpdf.fonts import FontFace

from toban.engine import paper
from toban.engine.reports.kept.logo import Logo
from toban.faces.report.written import (
    WrittenBox,
    WrittenChart,
    WrittenFigure,
    WrittenMonthly,
    WrittenSection,
    WrittenTable,
)

_MARGIN = 15
_SMALL, _TEXT, _HEADING, _TITLE = 7, 9, 13, 20
"""Points."""
_GREY, _LINE = (110, 110, 110), (200, 200, 200)
_ACCENT, _BAD = (30, 90, 160), (190, 40, 40)
_BOX, _BOX_HEAD, _BOX_SPACE = 26, 6, 20
"""Millimetres: the boxes of those who sign."""
_PLOT, _AXIS = 34, 14
"""Millimetres: the height of a chart, and the room for its scale."""
_FIGURE_WIDTHS = (52, 40, 26, 34, 28)
_LOGO_WIDE, _LOGO_HIGH = 40, 16
"""Millimetres."""
_UNDRAWABLE = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    NotImplementedError,
    RecursionError,
    FPDFException,
    ParseError,
)
"""What is raised about a file that only begins like a drawing."""
_LONGEST = 400
"""Signs of one cell: a row that does not fit on a page can't be printed."""


def pdf(report: WrittenMonthly, at: datetime) -> bytes:
    """Return *report*, made at *at*, as a PDF; raise `paper.NoFont`."""
    face = paper.font()
    sheet = _Sheet(paper.sheet(report.title, at, face), face, report)
    sheet.cover()
    for number, section in enumerate(report.sections, 1):
        sheet.section(number, section)
    sheet.write(report.footer, _SMALL)
    return sheet.output()


class _Sheet:
    """A PDF that is written from the top."""

    def __init__(self, sheet: FPDF, face: paper.Font, report: WrittenMonthly) -> None:
        self._sheet, self._face, self._report = sheet, face, report
        sheet.set_margin(_MARGIN)
        sheet.add_page()

    def output(self) -> bytes:
        return bytes(self._sheet.output())

    def cover(self) -> None:
        """Write the title, what it is about, the boxes, and what readers must know first."""
        if self._report.logo is not None:
            self._logo(self._report.logo)
        self.write(self._report.title, _TITLE)
        self._sheet.ln(4)
        for label, value in self._report.head:
            self.write(f"{label}: {value}", _TEXT)
        self._boxes()
        for note in self._report.notes:
            self.write(f"▲ {note}", _TEXT + 1, _BAD)
        if self._report.differences is not None:
            self._table(self._report.differences)
        self._sheet.ln(2)

    def section(self, number: int, section: WrittenSection) -> None:
        """Write a part."""
        self._heading(f"{number}. {section.title}")
        for note in section.notes:
            self.write(note, _TEXT)
        for remark in section.remarks:
            self.write(f"{self._report.words.remarks}: {remark.text} ({remark.by})", _TEXT, _ACCENT)
        if section.figures:
            self._figures(section.figures)
        for chart in section.charts:
            self._chart(chart)
        for table in section.tables:
            self._table(table)
        if section.is_empty:
            self.write(self._report.words.nothing, _TEXT)

    def write(self, text: str, size: float, colour: tuple[int, int, int] = (0, 0, 0)) -> None:
        """Write *text* below what was written."""
        sheet = self._sheet
        sheet.set_font(paper.FAMILY, size=size)
        sheet.set_text_color(*colour)
        sheet.multi_cell(
            0, size * 0.55, self._printable(text), align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )
        sheet.set_text_color(0)

    def _heading(self, text: str) -> None:
        self._sheet.ln(5)
        # A heading at the foot of a page would stand alone.
        if self._sheet.will_page_break(40):
            self._sheet.add_page()
        self.write(text, _HEADING)
        self._sheet.ln(1)

    def _boxes(self) -> None:
        sheet, boxes = self._sheet, self._report.boxes
        sheet.ln(3)
        left, top = sheet.w - sheet.r_margin - _BOX * len(boxes), sheet.get_y()
        sheet.set_font(paper.FAMILY, size=_TEXT)
        sheet.set_draw_color(0)
        for place, box in enumerate(boxes):
            sheet.set_xy(left + place * _BOX, top)
            sheet.cell(_BOX, _BOX_HEAD, self._printable(box.title), border=1, align=Align.C)
            sheet.rect(left + place * _BOX, top + _BOX_HEAD, _BOX, _BOX_SPACE)
            self._signed(box, left + place * _BOX, top + _BOX_HEAD)
        sheet.set_xy(sheet.l_margin, top + _BOX_HEAD + _BOX_SPACE + 5)

    def _signed(self, box: WrittenBox, left: float, top: float) -> None:
        """Write who has signed into a box, as far as it has room."""
        sheet = self._sheet
        sheet.set_font_size(_SMALL)
        for row, text in enumerate((box.by, box.at)):
            shown = self._printable(text)
            while shown and sheet.get_string_width(shown) > _BOX - 2:
                shown = shown[:-1]
            sheet.set_xy(left, top + 5 + 6 * row)
            sheet.cell(_BOX, 4, shown, align=Align.C)
        sheet.set_font_size(_TEXT)

    def _logo(self, logo: Logo) -> None:
        """Draw the logo at the top right; one that can't be drawn is left out, and said so."""
        sheet = self._sheet
        try:
            sheet.image(
                BytesIO(logo.content), x=sheet.w - sheet.r_margin - _LOGO_WIDE, y=sheet.t_margin,
                w=_LOGO_WIDE, h=_LOGO_HIGH, keep_aspect_ratio=True,
                # A drawing that names other files would have them read, or asked for, by the server.
                resource_access_policy=ResourceAccessPolicy.NONE,
            )  # fmt: skip
        except _UNDRAWABLE:
            self.write(self._report.words.undrawn, _TEXT, _BAD)

    def _figures(self, figures: Sequence[WrittenFigure]) -> None:
        """Write each figure, with its formula in small signs below."""
        words = self._report.words
        heads = (words.figure, words.value, words.target, words.row, words.evidence)
        rows: list[tuple[Sequence[str], str]] = []
        for each in figures:
            value = each.value
            if each.is_kept is not None:
                value += f"\n{words.kept if each.is_kept else words.missed}"
            proof = f"{each.formula} [{each.table}]" + (f" — {each.note}" if each.note else "")
            rows.append(((each.label, value, each.target, each.citation, each.evidence), proof))
        with self._open(_FIGURE_WIDTHS) as table:
            self._row(table.row(), heads)
            for cells, proof in rows:
                self._row(table.row(), cells)
                table.row().cell(
                    self._printable(proof),
                    colspan=len(heads),
                    style=FontFace(size_pt=_SMALL - 1, color=_GREY),
                )

    def _table(self, written: WrittenTable) -> None:
        self._sheet.ln(2)
        # A title at the foot of a page would stand alone.
        if self._sheet.will_page_break(25):
            self._sheet.add_page()
        self.write(written.title, _TEXT + 1)
        widths = _widths(written)
        with self._open(widths) as table:
            self._row(table.row(), written.heads)
            for cells in written.rows:
                self._row(table.row(), cells)
        if written.omitted:
            self.write(written.omitted, _SMALL, _GREY)

    def _open(self, widths: Sequence[float]):  # type: ignore[no-untyped-def]
        sheet = self._sheet
        sheet.set_font(paper.FAMILY, size=_SMALL)
        sheet.set_draw_color(*_LINE)
        return sheet.table(
            col_widths=tuple(widths),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            # The font has one weight only.
            headings_style=FontFace(emphasis="", color=_GREY),
            line_height=_SMALL * 0.5,
            padding=0.6,
            text_align=Align.L,
        )

    def _row(self, row, cells: Sequence[str]) -> None:  # type: ignore[no-untyped-def]
        for each in cells:
            row.cell(self._printable(each[:_LONGEST]))

    def _chart(self, chart: WrittenChart) -> None:
        """Draw the days as a line, and what the document asks as another."""
        known = [value for _, value in chart.bars if value is not None]
        if not known:
            return
        sheet = self._sheet
        sheet.ln(2)
        if sheet.will_page_break(_PLOT + 14):
            sheet.add_page()
        self.write(f"{chart.title} ({chart.unit})", _SMALL)
        top, left, right = sheet.get_y() + 2, sheet.l_margin + _AXIS, sheet.w - sheet.r_margin
        limits = [chart.limit] if chart.limit is not None else []
        low, high = min(*known, *limits, known[0]), max(*known, *limits, known[0])
        room = (high - low) or abs(high) or 1.0
        plot = _Plot(left, right, top, low - room * 0.05, high + room * 0.05, len(chart.bars))
        self._scale(plot, low, high, chart)
        self._curve(plot, [value for _, value in chart.bars])
        sheet.set_xy(sheet.l_margin, top + _PLOT + 7)

    def _scale(self, plot: "_Plot", low: float, high: float, chart: WrittenChart) -> None:
        sheet = self._sheet
        sheet.set_font(paper.FAMILY, size=_SMALL - 1)
        sheet.set_draw_color(*_LINE)
        sheet.set_text_color(*_GREY)
        for value in dict.fromkeys((low, high)):
            sheet.line(plot.left, plot.y(value), plot.right, plot.y(value))
            sheet.text(plot.left - _AXIS, plot.y(value) + 1, f"{value:.6g}")
        for place in sorted({0, len(chart.bars) // 2, len(chart.bars) - 1}):
            sheet.text(plot.x(place) - 4, plot.top + _PLOT + 4, chart.bars[place][0][5:])
        if chart.limit is not None:
            sheet.set_draw_color(*_BAD)
            sheet.set_text_color(*_BAD)
            sheet.set_dash_pattern(dash=1.5, gap=1)
            sheet.line(plot.left, plot.y(chart.limit), plot.right, plot.y(chart.limit))
            sheet.set_dash_pattern()
            sheet.text(plot.right - 12, plot.y(chart.limit) - 1, f"{chart.limit:.6g}")
        sheet.set_text_color(0)

    def _curve(self, plot: "_Plot", values: Sequence[float | None]) -> None:
        sheet = self._sheet
        sheet.set_draw_color(*_ACCENT)
        sheet.set_fill_color(*_ACCENT)
        former: tuple[float, float] | None = None
        for place, value in enumerate(values):
            point = (plot.x(place), plot.y(value)) if value is not None else None
            if point is not None:
                sheet.circle(*point, 0.5, style="F")
                if former is not None:
                    sheet.line(*former, *point)
            # A day that is not known is a gap.
            former = point
        # Tables would be filled with it.
        sheet.set_fill_color(255)

    def _printable(self, text: str) -> str:
        return paper.printable(text, self._face)


class _Plot:
    """Where a value of a day is drawn."""

    def __init__(self, left: float, right: float, top: float, low: float, high: float, days: int) -> None:
        self.left, self.right, self.top = left, right, top
        self._low, self._high, self._days = low, high, days

    def x(self, place: int) -> float:
        return self.left + (self.right - self.left) * (place + 0.5) / self._days

    def y(self, value: float) -> float:
        return self.top + _PLOT * (self._high - value) / (self._high - self._low)


def _widths(table: WrittenTable) -> Sequence[float]:
    """Return how wide each column is, by its longest cell; a full-width sign counts for two."""
    cells = zip(table.heads, *table.rows, strict=True)
    return [float(min(max(5, *map(_length, column)), 36)) for column in cells]


def _length(text: str) -> int:
    return max((sum(1 if each.isascii() else 2 for each in line) for line in text.split("\n")), default=0)
