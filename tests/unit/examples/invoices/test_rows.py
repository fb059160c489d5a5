"""From rows of the operator's query to contents of invoices."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from toban_invoices.content import InvoiceContent, InvoiceLine, InvoiceTerms
from toban_invoices.rows import Unbillable, contents

DAY = date(2026, 11, 30)
SALT = {"customer": 5, "name": "喫茶うみかぜ", "item": "南風の塩", "amount": 680, "tax_rate": 8}


def test_lines_of_a_customer_are_one_invoice_in_the_querys_order(terms: InvoiceTerms) -> None:
    inn = SALT | {"customer": 6, "name": "宿 なぎさ"}

    found = contents([inn, SALT, inn | {"item": "手ぬぐい", "tax_rate": 10}], terms, DAY)

    assert [(each.customer, [line.item for line in each.lines]) for each in found] == [
        ("6", ["南風の塩", "手ぬぐい"]),
        ("5", ["南風の塩"]),
    ]


def test_a_line_keeps_everything_from_the_query(terms: InvoiceTerms) -> None:
    row = SALT | {"day": date(2026, 11, 3), "quantity": Decimal("1.50"), "unit": "kg", "unit_price": 453,
                  "honorific": "様", "address": " 那覇市\r\nうみ町 "}  # fmt: skip

    [found] = contents([row], terms, DAY)

    assert found.lines == (
        InvoiceLine(item="南風の塩", amount=680, rate=8, day=date(2026, 11, 3), quantity=Decimal("1.50"),
                    unit="kg", unit_price=Decimal(453)),
    )  # fmt: skip
    assert (found.honorific, found.address) == ("様", "那覇市\nうみ町")


def test_a_moment_is_dated_in_its_own_zone(terms: InvoiceTerms) -> None:
    [found] = contents([SALT | {"day": datetime(2026, 11, 3, 23, 59, tzinfo=UTC)}], terms, DAY)

    assert found.lines[0].day == date(2026, 11, 3)


def test_nothing_to_bill_makes_no_invoice(terms: InvoiceTerms) -> None:
    assert contents([], terms, DAY) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amount": 680.5}, "1 行目: amount の「680.5」は整数か numeric"),
        ({"amount": Decimal("680.5")}, "1 行目: amount の「680.5」は整数ではありません"),
        ({"amount": None}, "amount の「None」は整数ではありません"),
        ({"amount": True}, "amount の「True」"),
        ({"amount": Decimal("NaN")}, "amount の「NaN」は数ではありません"),
        ({"tax_rate": Decimal("0.08")}, "tax_rate の「0.08」は整数ではありません"),
        ({"tax_rate": 100}, "tax_rate の「100」は百分率ではありません"),
        ({"tax_rate": -1}, "tax_rate の「-1」"),
        ({"item": " "}, "item が空"),
        ({"customer": None}, "customer が空"),
        ({"customer": "x" * 201}, "customer の「xxxxxxxxxxxxxxxxxxxx…」が長すぎます"),
        ({"name": ""}, "顧客 5: name が空"),
        ({"day": "11月3日"}, "day の「11月3日」は日付ではありません"),
        ({"amount": -680}, "顧客 5: 合計が -734 円で、請求になりません"),
        ({"colour": "red"}, "query の列 colour は使われません"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_unbillable_row_is_named_with_its_fault(
    change: dict[str, object], words: str, terms: InvoiceTerms
) -> None:
    with pytest.raises(Unbillable, match=words.replace("(", r"\(")):
        contents([SALT | change], terms, DAY)


def test_a_missing_column_is_named(terms: InvoiceTerms) -> None:
    with pytest.raises(Unbillable, match="列 tax_rate がありません"):
        contents([{key: value for key, value in SALT.items() if key != "tax_rate"}], terms, DAY)


def test_all_faults_are_reported_at_once_up_to_a_limit(terms: InvoiceTerms) -> None:
    with pytest.raises(Unbillable) as told:
        contents([SALT | {"item": ""}] * 25, terms, DAY)

    lines = str(told.value).splitlines()
    assert (len(lines), lines[-1]) == (21, "ほか 5 件")


def test_a_customer_with_two_names_is_refused(terms: InvoiceTerms) -> None:
    with pytest.raises(Unbillable, match="name が行によって違います"):
        contents([SALT, SALT | {"name": "喫茶やまかぜ"}], terms, DAY)


def test_an_invoice_survives_json_unchanged(terms: InvoiceTerms) -> None:
    [content] = contents([SALT | {"quantity": Decimal("0.1"), "day": DAY}], terms, DAY)

    again = InvoiceContent.of(content.model_dump(mode="json"))

    assert again == content
    assert again.digest == content.digest


def test_a_different_issue_date_alone_is_not_a_new_invoice(terms: InvoiceTerms) -> None:
    [today], [later] = contents([SALT], terms, DAY), contents([SALT], terms, date(2026, 12, 3))
    [other] = contents([SALT | {"amount": 681}], terms, DAY)

    assert today.digest == later.digest
    assert today.digest != other.digest
