"""What was issued for a period, as a table for accountants and for the people who send it on. Pure."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from toban_invoices.content import InvoiceContent

_HEADINGS = (
    "請求書番号", "版", "状態", "顧客", "宛名", "取引期間", "発行日", "支払期限", "請求金額", "うち消費税",
    "ファイル", "SHA-256", "発行時刻",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t")


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """A revision that was issued."""

    number: str
    revision: int
    is_latest: bool
    content: InvoiceContent
    file: str
    sha256: str
    issued_at: datetime


def table(entries: Iterable[ManifestEntry], void: Iterable[str]) -> str:
    """Return CSV with headings; *void* are the numbers of the period with nothing billed."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEADINGS)
    for entry in entries:
        writer.writerow([_harmless(cell) for cell in _cells(entry)])
    for number in void:
        writer.writerow([number, "", "欠番"] + [""] * (len(_HEADINGS) - 3))
    return text.getvalue()


def _cells(entry: ManifestEntry) -> Iterable[object]:
    content, terms = entry.content, entry.content.terms
    return (
        entry.number,
        entry.revision,
        "最新" if entry.is_latest else "差し替え済み",
        content.customer,
        content.name,
        terms.period,
        content.issued_on,
        terms.pay_by or "",
        content.totals.to_pay,
        content.totals.tax,
        entry.file,
        entry.sha256,
        entry.issued_at.isoformat(timespec="seconds"),
    )


def _harmless(cell: object) -> object:
    """Keep a text from becoming a formula in the spreadsheet that opens the table."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
