"""An invoice on A4 paper, as is usual in Japan: recipient and amount above, items below. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from fpdf.enums import Align

from toban.engine import paper
from toban.engine.paper import Font
from toban_invoices.content import InvoiceContent, InvoiceLine
from toban_invoices.pen import DARK, INK, PALE, RULE, WHITE, Colour, Pen
from toban_invoices.period import japanese
from toban_invoices.tax import Prices, RateTotal
from toban_invoices.texts import fill

_LEFT, _RIGHT, _TOP, _FOOT = 18.0, 192.0, 16.0, 277.0
"""Millimetres; the paper is 210 by 297."""

_WIDTH = _RIGHT - _LEFT
_ISSUER_LEFT = 122.0
_ROW = 6.4
_MARK = "※"


@dataclass(frozen=True, slots=True)
class PrintStyle:
    """What all invoices of a batch are printed with."""

    font: Font
    zone: ZoneInfo
    logo: Path | None = None
    seal: Path | None = None


@dataclass(frozen=True, slots=True)
class PrintedFile:
    """A finished PDF file."""

    pdf: bytes
    missing: str
    """Characters missing from the font; 〓 is printed instead."""


@dataclass(frozen=True, slots=True)
class _PrintColumn:
    heading: str
    width: float
    align: Align


def draw(content: InvoiceContent, number: str, revision: int, look: PrintStyle) -> PrintedFile:
    """Return the invoice; the same content and font give the same bytes."""
    drawing = _InvoiceDrawing(content, number, revision, look)
    drawing.draw()
    return PrintedFile(bytes(drawing.pen.sheet.output()), drawing.pen.missing)


def yen(amount: int) -> str:
    """Return ¥1,234."""
    return f"¥{amount:,}" if amount >= 0 else f"-¥{-amount:,}"


def figure(number: Decimal | None) -> str:
    """Return 1,234.5, or an empty text for None."""
    return "" if number is None else f"{number.normalize():,f}"


class _InvoiceDrawing:
    """One invoice being drawn; `_y` is where the next part begins."""

    def __init__(self, content: InvoiceContent, number: str, revision: int, look: PrintStyle) -> None:
        at = datetime.combine(content.issued_on, time(0), look.zone)
        sheet = paper.sheet(f"請求書 {number}", at, look.font)
        sheet.set_author(content.terms.issuer.name)
        sheet.set_margins(0, 0, 0)
        sheet.set_auto_page_break(auto=False)
        sheet.c_margin = 0
        self.pen = Pen(sheet, look.font)
        self._content, self._number, self._revision, self._look = content, number, revision, look
        self._y = _TOP
        self._columns = _columns(content)

    def draw(self) -> None:
        self.pen.sheet.add_page()
        self._title()
        self._y = max(self._recipient(), self._issuer()) + 5
        self._amount()
        self._facts()
        self._table()
        self._sums()
        self._notes()
        self._feet()

    def _title(self) -> None:
        pen, content = self.pen, self._content
        pen.text("請 求 書", _LEFT, _TOP, _WIDTH, size=21, align=Align.C, bold=True, colour=DARK)
        pen.rule(_LEFT, _TOP + 12, _WIDTH, colour=DARK, weight=0.7)
        facts = [f"請求書番号  {self._number}", f"発行日  {japanese(content.issued_on)}"]
        if self._revision > 1:
            facts.append(f"再発行 第{self._revision}版 (前の版に替わるものです)")
        self._y = pen.text("\n".join(facts), _LEFT, _TOP + 14.5, _WIDTH, size=8.5, align=Align.R) + 4

    def _recipient(self) -> float:
        pen, content, width = self.pen, self._content, 92.0
        y = self._y
        if content.address:
            y = pen.text(content.address, _LEFT, y, width, size=9) + 2
        name = f"{content.name} {content.honorific}"
        size = pen.fitted(name, width, size=14, least=10)
        y = pen.text(name, _LEFT, y, width, size=size, bold=True) + 0.8
        pen.rule(_LEFT, y, width, weight=0.4)
        return pen.text(self._filled(content.terms.texts.greeting), _LEFT, y + 3.5, width, size=9)

    def _issuer(self) -> float:
        pen, issuer, look = self.pen, self._content.terms.issuer, self._look
        width, y = _RIGHT - _ISSUER_LEFT, self._y
        if look.logo is not None:
            pen.sheet.image(look.logo, _ISSUER_LEFT, y, w=width, h=14, keep_aspect_ratio=True)
            y += 16
        if look.seal is not None:
            pen.sheet.image(look.seal, _RIGHT - 20, y - 3, w=20, h=20, keep_aspect_ratio=True)
        size = pen.fitted(issuer.name, width, size=12, least=9)
        y = pen.text(issuer.name, _ISSUER_LEFT, y, width, size=size, bold=True) + 0.8
        y = pen.text(f"登録番号  {issuer.registration}", _ISSUER_LEFT, y, width, size=9) + 1
        for part in (issuer.address, issuer.contact):
            y = pen.text(part, _ISSUER_LEFT, y, width, size=8.5) + 0.5 if part else y
        return y

    def _amount(self) -> None:
        pen, y, height = self.pen, self._y, 14.0
        pen.area(_LEFT, y, 34, height, DARK)
        pen.area(_LEFT + 34, y, 74, height, PALE)
        pen.text("ご請求金額", _LEFT, y + 4.3, 34, size=11, align=Align.C, bold=True, colour=WHITE)
        total = f"{yen(self._content.totals.to_pay)}-"
        pen.text(total, _LEFT + 36, y + 3.1, 56, size=18, align=Align.R, bold=True)
        pen.text("(税込)", _LEFT + 94, y + 5.6, 14, size=8.5)
        self._y = y + height + 4

    def _facts(self) -> None:
        terms = self._content.terms
        facts = [("件名", self._filled(terms.texts.subject)), ("取引期間", terms.period)]
        if terms.pay_by is not None:
            facts.append(("お支払期限", japanese(terms.pay_by)))
        if bank := self._filled(terms.texts.bank):
            facts.append(("お振込先", bank))
        for name, value in facts:
            self.pen.text(name, _LEFT, self._y, 24, size=9, bold=True, colour=DARK)
            self._y = self.pen.text(value, _LEFT + 24, self._y, _WIDTH - 24, size=9) + 1.2
        self._y += 3

    def _table(self) -> None:
        self._head()
        for place, line in enumerate(self._content.lines):
            self._line(line, is_shaded=place % 2 == 1)
        self.pen.rule(_LEFT, self._y, _WIDTH, colour=DARK, weight=0.4)
        self._y += 2

    def _head(self) -> None:
        self.pen.area(_LEFT, self._y, _WIDTH, _ROW, DARK)
        x = _LEFT
        for column in self._columns:
            self._cell(column.heading, x, column, align=Align.C, colour=WHITE)
            x += column.width
        self._y += _ROW

    def _line(self, line: InvoiceLine, *, is_shaded: bool) -> None:
        cells = self._cells(line)
        taken = max(
            len(self.pen.broken(cell, column.width - 3, size=8.5))
            for cell, column in zip(cells, self._columns, strict=True)
        )
        height = _ROW + (taken - 1) * 4.05
        self._make_room(height)
        if is_shaded:
            self.pen.area(_LEFT, self._y, _WIDTH, height, PALE)
        x = _LEFT
        for cell, column in zip(cells, self._columns, strict=True):
            self._cell(cell, x, column, align=column.align)
            x += column.width
        self._y += height
        self.pen.rule(_LEFT, self._y, _WIDTH)

    def _cell(self, text: str, x: float, column: _PrintColumn, *, align: Align, colour: Colour = INK) -> None:
        self.pen.text(
            text, x + 1.5, self._y + 1.3, column.width - 3, size=8.5, align=align, colour=colour
        )  # fmt: skip

    def _cells(self, line: InvoiceLine) -> Sequence[str]:
        is_reduced = line.rate == self._content.terms.reduced_rate
        cells = {
            "取引日": f"{line.day:%Y/%m/%d}" if line.day else "",
            "品目": f"{line.item} {_MARK}" if is_reduced else line.item,
            "数量": f"{figure(line.quantity)} {line.unit}".strip(),
            "単価": figure(line.unit_price),
            "税率": f"{line.rate}%" if line.rate else "対象外",
        }
        return [cells.get(column.heading, f"{line.amount:,}") for column in self._columns]

    def _make_room(self, height: float) -> None:
        """Continue on the next page, under the table's headings, if less than *height* is left."""
        if self._y + height > _FOOT:
            self.pen.sheet.add_page()
            self._y = _TOP
            self._head()

    def _sums(self) -> None:
        totals, reduced = self._content.totals, self._content.terms.reduced_rate
        is_excluded = totals.prices is Prices.EXCLUDED
        rows: list[tuple[str, str]] = []
        for each in totals.by_rate:
            rows += _rate_rows(each, is_reduced=each.rate == reduced, is_excluded=is_excluded)
        rows.insert(0, ("小計 (税抜)" if is_excluded else "小計 (税込)", yen(totals.lines)))
        left, label = 104.0, 54.0
        height = 5.6 * len(rows) + 8
        if self._y + height > _FOOT:
            self.pen.sheet.add_page()
            self._y = _TOP
        for name, value in rows:
            self.pen.text(name, left, self._y + 0.8, label, size=8.5)
            self.pen.text(
                value, left + label, self._y + 0.8, _RIGHT - left - label - 1.5, size=8.5, align=Align.R
            )
            self._y += 5.6
            self.pen.rule(left, self._y, _RIGHT - left)
        self.pen.area(left, self._y, _RIGHT - left, 8, PALE)
        self.pen.text("合計 (税込)", left + 1.5, self._y + 1.8, label, size=10, bold=True)
        self.pen.text(
            yen(totals.to_pay), left + label, self._y + 1.8, _RIGHT - left - label - 1.5,
            size=10, align=Align.R, bold=True,
        )  # fmt: skip
        if any(line.rate == reduced for line in self._content.lines):
            self.pen.text(f"{_MARK} 軽減税率 ({reduced}%) 対象", _LEFT, self._y - height + 9, 80, size=8.5)
        self._y += 14

    def _notes(self) -> None:
        notes = self._filled(self._content.terms.texts.notes)
        if not notes:
            return
        pen = self.pen
        height = len(pen.broken(notes, _WIDTH - 6, size=8.5)) * 4.05 + 10
        if self._y + height > _FOOT:
            pen.sheet.add_page()
            self._y = _TOP
        pen.frame(_LEFT, self._y, _WIDTH, height)
        pen.text("備考", _LEFT + 3, self._y + 2, 20, size=8.5, bold=True, colour=DARK)
        pen.text(notes, _LEFT + 3, self._y + 7, _WIDTH - 6, size=8.5)
        self._y += height

    def _feet(self) -> None:
        sheet, pages = self.pen.sheet, self.pen.sheet.pages_count
        for page in range(1, pages + 1):
            sheet.page = page
            self.pen.rule(_LEFT, 283, _WIDTH, colour=RULE)
            self.pen.text(self._number, _LEFT, 284.5, 60, size=8)
            self.pen.text(f"{page} / {pages}", _LEFT, 284.5, _WIDTH, size=8, align=Align.R)

    def _filled(self, text: str) -> str:
        content = self._content
        return fill(
            text,
            {
                "number": self._number,
                "name": content.name,
                "title": content.terms.title,
                "period": content.terms.period,
                "total": yen(content.totals.to_pay),
                "issued_on": japanese(content.issued_on),
                "pay_by": japanese(content.terms.pay_by) if content.terms.pay_by else "",
            },
        )


def _rate_rows(each: RateTotal, *, is_reduced: bool, is_excluded: bool) -> Sequence[tuple[str, str]]:
    if each.rate == 0:
        return [("消費税の対象外", yen(each.total))]
    name = f"{each.rate}%対象" + (f" {_MARK}" if is_reduced else "")
    return [
        (f"{name} ({'税抜' if is_excluded else '税込'})", yen(each.total)),
        (f"　{'消費税' if is_excluded else 'うち消費税'} ({each.rate}%)", yen(each.tax)),
    ]


def _columns(content: InvoiceContent) -> Sequence[_PrintColumn]:
    """Return the columns that the lines use; the item takes the remaining width."""
    amount = "金額 (税抜)" if content.terms.prices is Prices.EXCLUDED else "金額 (税込)"
    lines = content.lines
    after = [_PrintColumn("税率", 15, Align.C), _PrintColumn(amount, 27, Align.R)]
    if any(line.unit_price is not None for line in lines):
        after.insert(0, _PrintColumn("単価", 22, Align.R))
    if any(line.quantity is not None for line in lines):
        after.insert(0, _PrintColumn("数量", 18, Align.R))
    before = [_PrintColumn("取引日", 22, Align.C)] if any(line.day for line in lines) else []
    left = _WIDTH - sum(column.width for column in (*before, *after))
    return [*before, _PrintColumn("品目", left, Align.L), *after]
