"""Contents of invoices for tests."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from toban_invoices.content import InvoiceContent, InvoiceLine, InvoiceTerms, Issuer
from toban_invoices.tax import Prices, Rounding
from toban_invoices.texts import Texts


@pytest.fixture
def terms() -> InvoiceTerms:
    return InvoiceTerms(
        issuer=Issuer(name="南風商店株式会社", registration="T9999999999999"),
        texts=Texts(),
        title="2026年11月分",
        period="2026年11月1日 ～ 2026年11月30日",
        pay_by=date(2026, 12, 31),
        prices=Prices.EXCLUDED,
        rounding=Rounding.FLOOR,
        reduced_rate=8,
    )


type MakeContent = Callable[..., InvoiceContent]


@pytest.fixture
def make_content(terms: InvoiceTerms) -> MakeContent:
    """Return a function that makes the content of an invoice; by default it has one line of salt."""

    def make(*lines: InvoiceLine, **more: Any) -> InvoiceContent:
        told = {"customer": "5", "name": "喫茶うみかぜ", "honorific": "御中", "address": "", "terms": terms}
        salt = InvoiceLine(item="南風の塩", amount=680, rate=8)
        return InvoiceContent(**{**told, "lines": lines or (salt,), "issued_on": date(2026, 11, 30), **more})

    return make
