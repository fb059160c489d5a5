"""All rows of a long document turn critical at once while its page is open in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.browsing import chromium, signed_in
from tests.integration.faces.ingest.served import Served, serving
from tests.large import clauses_of, document_of

pytestmark = pytest.mark.browser

ROWS = 300
COUNT = """(() => {
    window.asked = { page: 0, layout: 0 };
    const all = Document.prototype.querySelectorAll;
    Document.prototype.querySelectorAll = function (...given) {
        asked.page += 1;
        return all.apply(this, given);
    };
    for (const name of ["offsetWidth", "offsetHeight", "offsetTop"]) {
        const own = Object.getOwnPropertyDescriptor(HTMLElement.prototype, name);
        Object.defineProperty(HTMLElement.prototype, name, {
            get() { asked.layout += 1; return own.get.call(this); },
        });
    }
})()"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A document of many monitors."""
    with serving(tmp_path_factory.mktemp("storm"), document=document_of(ROWS)) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture
def sheet(browser: Browser, served: Served) -> Iterator[Page]:
    """The page with all rows conforming, open and receiving updates."""
    served.act("storm", "conforming", "12%", *clauses_of(ROWS))
    with signed_in(browser, served) as context:
        page = context.new_page()
        page.add_init_script(COUNT)
        page.goto(served.url)
        expect(page.locator('body[data-live="on"]')).to_be_attached()
        yield page


def test_a_storm_asks_the_page_a_few_times_and_never_for_its_layout(sheet: Page, served: Served) -> None:
    expect(sheet.locator(".document .verdict.conforming")).to_have_count(ROWS)
    sheet.evaluate("asked.page = asked.layout = 0")

    served.act("storm", "deviating", "91%", *clauses_of(ROWS))

    expect(sheet.locator("#troubles h2 b")).to_have_text(str(ROWS))
    expect(sheet.locator(".document .verdict.deviating")).to_have_count(ROWS)
    asked = sheet.evaluate("asked")
    # A look for each of the hub's messages, of which a storm may need several.
    assert asked["page"] <= 10
    assert asked["layout"] == 0


def test_a_row_that_turns_glows_and_a_storm_does_not(sheet: Page, served: Served) -> None:
    first, second, *others = clauses_of(ROWS)
    # The storm of before may still come to the page once more: after this one it has.
    served.act("show", second, "warning", "72%")
    expect(sheet.locator(f'[data-clause="{second}"].warning')).to_be_visible()

    served.act("show", first, "deviating", "91%")
    expect(sheet.locator(f'[data-clause="{first}"]')).to_have_class("verdict deviating fresh")

    served.act("storm", "deviating", "91%", second, *others)

    expect(sheet.locator(".document .verdict.deviating")).to_have_count(ROWS)
    assert sheet.locator(".document .fresh").count() <= 1
    expect(sheet.locator(".document .fresh")).to_have_count(0)


def test_rows_are_brought_in_as_the_reader_comes_to_them(sheet: Page) -> None:
    last = clauses_of(ROWS)[-1]
    assert sheet.locator(f'[data-clause="{last}"]').count() == 0
    assert sheet.locator(".later").count() > 0

    sheet.locator("td", has_text=f"host-{ROWS - 1:04}").scroll_into_view_if_needed()

    expect(sheet.locator(f'[data-clause="{last}"] b')).to_have_text("適合")
    expect(sheet.locator(f'[data-value="{last}"]')).to_have_text("12%")


def test_the_keyboard_keeps_its_row_when_the_row_is_brought_in(sheet: Page) -> None:
    for _ in range(60):
        sheet.keyboard.press("j")

    expect(sheet.locator("tr.chosen")).to_contain_text("host-0059")
    expect(sheet.locator(".chosen [data-value]")).to_have_text("12%")
    sheet.keyboard.press("Enter")
    expect(sheet.locator("#drawer h2")).to_contain_text("host-0059")
