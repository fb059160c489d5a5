"""The first screen in a real browser: all five parts are visible without scrolling, on desktop and phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.browsing import chromium, signed_in
from tests.e2e.running import SHOP
from tests.integration.faces.ingest.served import Served, serving

pytestmark = pytest.mark.browser

WEB = "monitoring/monitor/Webサーバー/CPU使用率"
API = "monitoring/monitor/API/エラー率"
FIRING = {
    WEB: "91%",
    API: "100%",
    "monitoring/monitor/DB/接続数": "104",
    "monitoring/monitor/DB/CPU使用率": "99%",
}
PARTS = ("troubles", "chores", "chapters", "drawn", "coming")
OUTSIDE = """names => names.filter(name => {
    const box = document.getElementById(name).getBoundingClientRect();
    return box.height === 0 || box.top < 0 || box.left < 0
        || box.bottom > innerHeight || box.right > innerWidth;
})"""
FIGURES = ".figures b, .figures .uncut span, .overview output, .overview .count, #drawn b, .overview time"
CUT = """figures => [...document.querySelectorAll(figures)]
    .filter(each => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1
        && getComputedStyle(each).overflowX !== 'visible')
    .map(each => each.textContent)"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo's document, with some rows in alarm."""
    document = (SHOP / "運用設計書.md").read_text(encoding="utf-8")
    with serving(tmp_path_factory.mktemp("first"), document=document) as running:
        for clause, value in FIRING.items():
            running.act("show", clause, "deviating", value)
        running.act("tell", WEB)
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with chromium() as started:
        yield started


def opened(
    browser: Browser, served: Served, size: tuple[int, int], language: str = "ja", *, scripts: bool = True
) -> Page:
    context = signed_in(browser, served, size[0], scripts=scripts)
    context.add_cookies([{"name": "django_language", "value": language, "url": served.url}])
    page = context.new_page()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(served.url)
    return page


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_all_five_parts_fit_on_the_first_screen(
    browser: Browser, served: Served, size: tuple[int, int], language: str
) -> None:
    page = opened(browser, served, size, language)

    assert page.evaluate(OUTSIDE, list(PARTS)) == []
    assert page.evaluate(CUT, FIGURES) == []
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    expect(page.locator("#chapters li")).to_have_count(13)


def test_evidence_replaces_the_overview_until_it_is_closed(browser: Browser, served: Served) -> None:
    page = opened(browser, served, (1440, 900))
    overview, drawer = page.locator(".overview"), page.locator("#drawer")
    expect(overview).to_be_visible()

    page.locator("#troubles .row").filter(has_text="CPU使用率").first.locator("a").press("Enter")

    expect(drawer.locator("h2")).to_contain_text("CPU使用率")
    expect(overview).to_be_hidden()
    expect(page.locator(".document .chosen")).to_contain_text("CPU使用率")

    page.keyboard.press("Escape")

    expect(overview).to_be_visible()
    expect(drawer).to_be_hidden()


def test_a_row_that_recovers_leaves_the_overview_without_a_reload(browser: Browser, served: Served) -> None:
    page = opened(browser, served, (1440, 900))
    expect(page.locator('body[data-live="on"]')).to_be_attached()
    expect(page.locator("#troubles")).to_contain_text("エラー率")

    served.act("show", API, "conforming", "0%")

    expect(page.locator("#troubles")).not_to_contain_text("エラー率")


def test_without_scripts_the_overview_links_to_the_evidence(browser: Browser, served: Served) -> None:
    page = opened(browser, served, (390, 844), scripts=False)

    page.locator("#troubles a").first.click()

    expect(page.locator(".evidence h2")).to_be_visible()
