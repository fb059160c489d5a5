"""The log page in a real browser, with a real store."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.browsing import chromium, signed_in
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.ingest.served import Served, serving
from tests.telemetry_rows import LogRow, batch_of

from toban.engine.telemetry.logs.rows import NO_DURATION, LogStore, key_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def store(store: StoreProcess) -> StoreProcess:
    come_in(store, *(f"line {number}" for number in range(1, 31)))
    return store


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, store: StoreProcess) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served"), telemetry=store.telemetry_url) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def come_in(store: StoreProcess, *messages: str) -> None:
    at = datetime.now(UTC)
    rows = [
        LogRow(
            "application", f"{at:%Y-%m-%d}", at.timestamp(), "ERROR", "shop", message,
            "", "", "", "", "", "", "", 0, NO_DURATION, {}, "shop", number,
        )
        for number, message in enumerate(messages, 1)
    ]  # fmt: skip
    LogStore(store.telemetry).write(batch_of(key_of("shop", "", repr((at, messages)).encode()), rows))


def newest(page: Page) -> str:
    return page.locator("#rows tr:first-child .message").inner_text()


def test_new_rows_appear_until_following_is_paused(
    browser: Browser, served: Served, store: StoreProcess
) -> None:
    page = signed_in(browser, served).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(f"{served.url}/logs/?q=level:ERROR")
    expect(page.locator(".histogram")).to_be_visible()
    expect(page.locator(".facet").first).to_be_visible()

    page.keyboard.press("l")
    expect(page.locator("#tail")).to_have_attribute("aria-pressed", "true")
    come_in(store, "followed <b>this</b>")
    expect(page.locator("#rows")).to_contain_text("followed <b>this</b>")
    page.keyboard.press("l")
    come_in(store, "not any more")

    expect(page.locator("#tail")).to_have_attribute("aria-pressed", "false")
    assert newest(page) == "followed <b>this</b>"
    page.reload()
    assert newest(page) == "not any more"
    assert errors == []


def test_the_empty_message_disappears_when_a_followed_row_arrives(
    browser: Browser, served: Served, store: StoreProcess
) -> None:
    page = signed_in(browser, served).new_page()
    page.goto(f"{served.url}/logs/?q=unheard")
    expect(page.get_by_text("この条件に当てはまるログはありません。")).to_be_visible()

    page.keyboard.press("l")
    come_in(store, "unheard until now")

    expect(page.locator("#rows")).to_contain_text("unheard until now")
    expect(page.get_by_text("この条件に当てはまるログはありません。")).to_be_hidden()


def test_the_keyboard_opens_a_row_and_returns_to_it(browser: Browser, served: Served) -> None:
    page = signed_in(browser, served).new_page()
    page.goto(f"{served.url}/logs/?q=line")

    page.keyboard.press("j")
    page.keyboard.press("j")
    chosen = page.locator(".row.chosen .opens").get_attribute("id")
    page.keyboard.press("Enter")
    expect(page.locator(".of-row")).to_be_visible()
    page.get_by_role("link", name="ログの一覧へ").click()

    expect(page.locator(".row.chosen .opens")).to_have_attribute("id", chosen or "")


@pytest.mark.parametrize("width", [390, 1500])
def test_without_scripts_everything_has_a_url(browser: Browser, served: Served, width: int) -> None:
    page = signed_in(browser, served, width, scripts=False).new_page()
    page.goto(f"{served.url}/logs/?q=line")

    assert page.locator("#rows tr").count() == 30
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="時間ごとの件数").click()
    expect(page.locator(".histogram")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="項目の値ごとの件数").click()
    page.get_by_role("link", name="shop", exact=True).click()
    assert page.locator(".search-logs input[name=q]").input_value() == "line service:shop"
