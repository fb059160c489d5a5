"""Number invoices as one of several workers: `number_many.py WORK RUNS`, in a series shared by all.

Every run has one customer of its own and one shared by all runs of the work, and is done twice, as after a
kill.
"""

import sys
from datetime import date, timedelta

import django

django.setup()

from toban_invoices.content import InvoiceContent, InvoiceLine, InvoiceTerms, Issuer  # noqa: E402
from toban_invoices.numbering import InvoiceBook, number  # noqa: E402
from toban_invoices.tax import Prices, Rounding  # noqa: E402
from toban_invoices.texts import Texts  # noqa: E402

DAY = date(2026, 1, 31)
TERMS = InvoiceTerms(
    issuer=Issuer(name="南風商店", registration="T9999999999999"), texts=Texts(), title="", period="",
    pay_by=None, prices=Prices.EXCLUDED, rounding=Rounding.FLOOR, reduced_rate=8,
)  # fmt: skip


def content(customer: str) -> InvoiceContent:
    line = InvoiceLine(item="塩", amount=680, rate=8)
    return InvoiceContent(
        customer=customer, name="喫茶", honorific="", address="", lines=(line,), terms=TERMS, issued_on=DAY
    )


def main(work: str, runs: int) -> None:
    for run in range(runs):
        book = InvoiceBook("2026", work, DAY + timedelta(days=run))
        for _ in range(2):
            number(book, [content(f"own {run}"), content("everyone")], run)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
