"""The error page in a real browser, with a real server that received the events."""

import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.browsing import chromium, signed_in
from tests.integration.faces.ingest.served import Served, serving

pytestmark = pytest.mark.slow

KEY = "0123456789abcdef0123456789abcdef"
ERRORS = """
[errors.shop]
project = 1
key = "file:errors-key"
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("served")
    (home / "errors-key").write_text(KEY)
    with serving(home, bindings=ERRORS) as running:
        report(running, "CardError", "カードが使えません", environment="production", tags={"region": "tokyo"})
        report(running, "KeyError", "'sku'", environment="staging", tags={"region": "osaka"})
        yield running


def report(served: Served, kind: str, value: str, **more: object) -> None:
    exception = [{"type": kind, "value": value}]
    sent = httpx.post(
        f"{served.url}/api/1/store/?sentry_key={KEY}",
        json={"exception": exception, "timestamp": time.time(), **more},
    )
    assert sent.is_success, sent.text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def search(page: Page, written: str) -> None:
    """Search with the keyboard only."""
    page.keyboard.press("/")
    expect(page.locator(".search-errors input[name=q]")).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(written)
    page.keyboard.press("Enter")
    page.wait_for_url("**q=**")


@pytest.mark.parametrize("written", ["カードが", "environment:production", "region:tok*", "-type:KeyError"])
def test_errors_are_found_and_opened_with_the_keyboard(
    browser: Browser, served: Served, written: str
) -> None:
    page = signed_in(browser, served).new_page()
    page.goto(f"{served.url}/errors/")
    expect(page.locator("tr.row")).to_have_count(2)

    search(page, written)

    expect(page.locator("tr.row")).to_have_count(1)
    expect(page.locator("tr.row")).to_contain_text("CardError: カードが使えません")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="CardError: カードが使えません")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1500])
def test_an_invalid_search_can_be_corrected_in_place(browser: Browser, served: Served, width: int) -> None:
    page = signed_in(browser, served, width).new_page()
    page.goto(f"{served.url}/errors/")

    search(page, "level:loud")
    expect(page.get_by_role("alert")).to_contain_text("「loud」というレベルはありません")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    search(page, "level:error sku")

    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("tr.row")).to_contain_text("KeyError")


def test_a_tag_of_an_event_links_to_the_errors_that_have_it(browser: Browser, served: Served) -> None:
    page = signed_in(browser, served).new_page()
    page.goto(f"{served.url}/errors/?q=sku")
    page.locator("tr.row .opens").click()

    page.get_by_role("link", name="region=osaka").click()

    expect(page.locator("tr.row")).to_have_count(1)
    expect(page.locator(".search-errors input[name=q]")).to_have_value("region:osaka")
