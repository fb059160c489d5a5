"""The printed invoice as a recipient and a tax officer read it."""

import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from pypdf import PdfReader
from tests.unit.examples.invoices.conftest import MakeContent

from toban.engine import paper
from toban_invoices.content import InvoiceContent, InvoiceLine, InvoiceTerms
from toban_invoices.layout import PrintStyle, draw, figure, yen
from toban_invoices.tax import Prices
from toban_invoices.texts import Texts

SALT = InvoiceLine(item="南風の塩 200g", amount=1360, rate=8, day=date(2026, 11, 3), quantity=Decimal(2),
                   unit="個", unit_price=Decimal(680))  # fmt: skip
TOWEL = InvoiceLine(item="手ぬぐい 波", amount=1655, rate=10)


@pytest.fixture
def look() -> PrintStyle:
    try:
        return PrintStyle(paper.font(), ZoneInfo("Asia/Tokyo"))
    except paper.NoFont as reason:
        pytest.skip(str(reason))


def pages(content: InvoiceContent, look: PrintStyle, revision: int = 1) -> list[str]:
    pdf = PdfReader(io.BytesIO(draw(content, "2026-00001", revision, look).pdf))
    return [page.extract_text() for page in pdf.pages]


@pytest.mark.parametrize(
    "required",
    [
        "南風商店株式会社",
        "登録番号 T9999999999999",
        "2026/11/03",
        "取引期間",
        "2026年11月1日 ～ 2026年11月30日",
        "南風の塩 200g ※",
        "※ 軽減税率 (8%) 対象",
        "10%対象 (税抜) ¥1,655",
        "消費税 (10%) ¥165",
        "8%対象 ※ (税抜) ¥1,360",
        "消費税 (8%) ¥108",
        "合計 (税込) ¥3,288",
        "喫茶うみかぜ 御中",
        "2026-00001",
        "お支払期限",
        "2026年12月31日",
    ],
)
def test_a_qualified_invoice_states_everything_the_law_requires(
    required: str, make_content: MakeContent, look: PrintStyle
) -> None:
    [page] = pages(make_content(SALT, TOWEL), look)

    assert required in page.replace("  ", " ")


def test_prices_that_include_tax_are_marked_as_such(
    make_content: MakeContent, terms: InvoiceTerms, look: PrintStyle
) -> None:
    content = make_content(SALT, terms=terms.model_copy(update={"prices": Prices.INCLUDED}))

    [page] = pages(content, look)

    assert "8%対象 ※ (税込) ¥1,360" in page
    assert "うち消費税 (8%) ¥100" in page


def test_without_reduced_rate_lines_there_is_no_mark(make_content: MakeContent, look: PrintStyle) -> None:
    [page] = pages(make_content(TOWEL), look)

    assert "※" not in page


def test_a_later_revision_says_which_one_it_replaces(make_content: MakeContent, look: PrintStyle) -> None:
    assert "再発行 第2版" in pages(make_content(), look, revision=2)[0]
    assert "再発行" not in pages(make_content(), look)[0]


def test_a_long_invoice_continues_under_the_same_headings_and_loses_no_line(
    make_content: MakeContent, look: PrintStyle
) -> None:
    lines = [
        SALT.model_copy(update={"item": f"品 {number} {'とても長い名前' * (number % 9)}"})
        for number in range(90)
    ]

    found = pages(make_content(*lines), look)

    assert len(found) > 2
    assert all(page.count("品目") == 1 for page in found[:-1])
    assert all(f"{place} / {len(found)}" in page for place, page in enumerate(found, 1))
    assert all(f"品 {number} " in "".join(found) for number in range(90))


def test_the_operators_sentences_are_filled_in(
    make_content: MakeContent, terms: InvoiceTerms, look: PrintStyle
) -> None:
    texts = Texts(notes="{{ name }} 様の {{ title }} ({{ total }}) は {{ pay_by }} まで", bank="みなみ銀行")

    [page] = pages(make_content(terms=terms.model_copy(update={"texts": texts})), look)

    assert "喫茶うみかぜ 様の 2026年11月分 (¥734) は 2026年12月31日 まで" in page
    assert "みなみ銀行" in page


def test_characters_missing_from_the_font_are_shown_and_reported(
    make_content: MakeContent, look: PrintStyle
) -> None:
    printed = draw(make_content(InvoiceLine(item="\U0001f34a みかん", amount=1, rate=8)), "1", 1, look)

    assert "〓 みかん" in PdfReader(io.BytesIO(printed.pdf)).pages[0].extract_text()
    assert printed.missing == "\U0001f34a"


def test_printing_again_gives_the_same_bytes(make_content: MakeContent, look: PrintStyle) -> None:
    assert draw(make_content(SALT), "1", 1, look).pdf == draw(make_content(SALT), "1", 1, look).pdf


def test_logo_and_seal_are_on_the_paper(make_content: MakeContent, look: PrintStyle, tmp_path: Path) -> None:
    logo, seal = tmp_path / "logo.png", tmp_path / "seal.png"
    Image.new("RGB", (80, 20), "blue").save(logo)
    Image.new("RGB", (40, 40), "red").save(seal)

    pdf = draw(make_content(), "1", 1, PrintStyle(look.font, look.zone, logo=logo, seal=seal)).pdf

    assert len(PdfReader(io.BytesIO(pdf)).pages[0].images) == 2


def test_money_and_figures_are_formatted_for_readers() -> None:
    assert (yen(1234567), yen(0), yen(-1234)) == ("¥1,234,567", "¥0", "-¥1,234")
    assert (figure(Decimal("1200.50")), figure(Decimal(10)), figure(None)) == ("1,200.5", "10", "")
