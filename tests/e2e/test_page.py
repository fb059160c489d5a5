"""The document page in a real browser: it updates without a reload and works with the keyboard."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.browsing import chromium, signed_in
from tests.integration.faces.ingest.served import CPU, Served, serving

pytestmark = pytest.mark.browser

MEMORY = "monitoring/monitor/Web/メモリ使用率"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served document with a deviating CPU row."""
    with serving(tmp_path_factory.mktemp("page")) as running:
        running.act("show", CPU, "deviating", "91%")
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture
def complaints() -> list[str]:
    """The errors the browser reported: failed scripts and policy violations."""
    return []


@pytest.fixture
def sheet(browser: Browser, served: Served, complaints: list[str]) -> Iterator[Page]:
    """The page, open and receiving updates."""
    with signed_in(browser, served) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(served.url)
        expect(page.locator('body[data-live="on"]')).to_be_attached()
        yield page


def test_a_new_verdict_and_value_appear_without_a_reload_and_nothing_jumps(
    sheet: Page, served: Served, complaints: list[str]
) -> None:
    sheet.evaluate("window.loadedOnce = true")
    below = sheet.locator(f'[data-clause="{MEMORY}"]')
    before = below.bounding_box()

    served.act("show", CPU, "conforming", "12%")

    verdict = sheet.locator(f'[data-clause="{CPU}"]')
    expect(verdict.locator("b")).to_have_text("適合")
    expect(verdict.locator(".mark")).to_have_text("●")
    expect(sheet.locator(f'[data-value="{CPU}"]')).to_have_text("12%")
    expect(sheet.locator("#figures li").first.locator("b")).to_have_text("1 / 2")
    assert below.bounding_box() == before
    assert sheet.evaluate("window.loadedOnce")
    assert complaints == []


def test_the_keyboard_moves_through_rows_opens_evidence_and_searches(sheet: Page) -> None:
    sheet.keyboard.press("j")
    sheet.keyboard.press("j")
    expect(sheet.locator("tr.chosen")).to_contain_text("メモリ使用率")
    sheet.keyboard.press("k")
    expect(sheet.locator("tr.chosen")).to_contain_text("CPU使用率")

    sheet.keyboard.press("Enter")
    expect(sheet.locator("#drawer h2")).to_contain_text("CPU使用率")

    sheet.keyboard.press("/")
    sheet.keyboard.type("メモリ")
    sheet.keyboard.press("Enter")
    expect(sheet.locator(".found .row")).to_have_count(1)


def test_a_question_mark_lists_the_keys(sheet: Page) -> None:
    sheet.keyboard.press("?")

    expect(sheet.get_by_role("dialog")).to_contain_text("次の行・前の行")


def test_evidence_says_that_the_history_cannot_be_read_while_the_store_is_down(sheet: Page) -> None:
    sheet.locator(f'[data-clause="{CPU}"]').click()

    expect(sheet.locator("#drawer .chart")).to_have_text("測定履歴を読めません")


def test_a_phone_shows_the_document_without_scrolling_sideways(browser: Browser, served: Served) -> None:
    with signed_in(browser, served, width=390) as context:
        page = context.new_page()
        page.goto(served.url)

        expect(page.locator(f'[data-value="{CPU}"]')).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_without_scripts_the_page_and_its_evidence_are_still_readable(
    browser: Browser, served: Served
) -> None:
    with signed_in(browser, served, scripts=False) as context:
        page = context.new_page()
        page.goto(served.url)

        page.locator(f'[data-clause="{CPU}"]').click()

        expect(page.locator(".evidence h2")).to_contain_text("CPU使用率")
        expect(page.locator(".history").first).to_contain_text("逸脱")


def test_the_theme_switch_is_remembered(sheet: Page) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    root = sheet.locator("html")
    sheet.emulate_media(color_scheme="light")
    light = sheet.evaluate(ground)

    sheet.locator("#theme").click()
    expect(root).to_have_attribute("data-theme", "dark")
    assert sheet.evaluate(ground) != light
    sheet.reload()
    expect(root).to_have_attribute("data-theme", "dark")
    assert sheet.evaluate(ground) != light

    sheet.locator("#theme").click()
    expect(root).to_have_attribute("data-theme", "light")
    assert sheet.evaluate(ground) == light
