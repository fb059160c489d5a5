"""Writing on a sheet at positions in millimetres, in one font, with missing characters made visible."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, TextMode, WrapMode

from toban.engine.paper import FAMILY, Font, unprintable

type Colour = tuple[int, int, int]

INK: Colour = (34, 40, 52)
PALE: Colour = (241, 243, 247)
RULE: Colour = (176, 183, 196)
DARK: Colour = (48, 62, 92)
WHITE: Colour = (255, 255, 255)

MISSING = "〓"
"""What printers in Japan set in place of a type they do not have."""

_POINT = 25.4 / 72
_LEADING = 1.35
"""The distance between lines, as a multiple of the type size."""


class Pen:
    """Writes on *sheet*, which was made with *face*."""

    def __init__(self, sheet: FPDF, face: Font) -> None:
        self.sheet = sheet
        self._face = face
        self.missing = ""
        """Characters that were requested and that the font does not have."""

    def text(
        self,
        text: str,
        x: float,
        y: float,
        width: float,
        *,
        size: float = 9,
        align: Align = Align.L,
        bold: bool = False,
        colour: Colour = INK,
    ) -> float:
        """Write *text* with its line breaks, wrapping it if too wide; return its lower end."""
        sheet = self.sheet
        sheet.set_font(FAMILY, size=size)
        sheet.set_text_color(*colour)
        sheet.set_xy(x, y)
        leading = size * _POINT * _LEADING
        # A face with a single weight is made bolder by also drawing its outline.
        weight: Any = nullcontext()
        if bold:
            weight = sheet.local_context(
                text_mode=TextMode.FILL_STROKE, line_width=size * 0.0055, draw_color=colour
            )
        with weight:
            sheet.multi_cell(width, leading, self._known(text), align=align, wrapmode=WrapMode.CHAR)
        return y + leading * max(len(self.broken(text, width, size=size)), 1)

    def broken(self, text: str, width: float, *, size: float) -> Sequence[str]:
        """Return *text* broken into lines."""
        self.sheet.set_font(FAMILY, size=size)
        lines: Any = self.sheet.multi_cell(
            width,
            text=self._known(text),
            dry_run=True,
            output=MethodReturnValue.LINES,
            wrapmode=WrapMode.CHAR,
        )
        return list(lines)

    def fitted(self, text: str, width: float, *, size: float, least: float) -> float:
        """Return the largest size, from *size* down to *least*, in which *text* fits on one line."""
        while size > least and len(self.broken(text, width, size=size)) > 1:
            size -= 0.5
        return size

    def rule(self, x: float, y: float, width: float, *, colour: Colour = RULE, weight: float = 0.2) -> None:
        """Draw a line across."""
        self.sheet.set_draw_color(*colour)
        self.sheet.set_line_width(weight)
        self.sheet.line(x, y, x + width, y)

    def area(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Fill a rectangle."""
        self.sheet.set_fill_color(*colour)
        self.sheet.rect(x, y, width, height, style="F")

    def frame(self, x: float, y: float, width: float, height: float) -> None:
        """Draw a rectangle."""
        self.sheet.set_draw_color(*RULE)
        self.sheet.set_line_width(0.2)
        self.sheet.rect(x, y, width, height)

    def _known(self, text: str) -> str:
        for each in unprintable(text, self._face):
            text = text.replace(each, MISSING)
            if each not in self.missing:
                self.missing += each
        return text
