"""A trace in a real browser: with the keyboard, and on a phone."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, expect
from tests.e2e.browsing import chromium, signed_in
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.ingest.served import Served, serving
from tests.telemetry_rows import LogRow, SpanRow, batch_of

from toban.engine.telemetry.batches import key_of
from toban.engine.telemetry.logs.rows import LogStore
from toban.engine.telemetry.spans.rows import SpanStore

pytestmark = pytest.mark.slow

TRACE = "5b8efff798038103d269b633813fc60c"
MS = 1_000_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, store: StoreProcess) -> Iterator[Served]:
    at = datetime.now(UTC)
    start = int(at.timestamp() - 60) * 1000 * MS
    rows = [
        SpanRow(
            f"{at:%Y-%m-%d}", start + number * MS, 10 * MS, TRACE, f"{number:016x}",
            f"{number - 1:016x}" if number > 1 else "", f"service-{number}", f"span {number}", "SERVER", "",
            "", "", "", 0, "", f'{{"place": "number {number}"}}', "{}", "[]", "[]", "otel", number,
        )
        for number in range(1, 4)
    ]  # fmt: skip
    SpanStore(store.telemetry).write(batch_of(key_of("otel", "", b"three"), rows))
    lines = [
        LogRow(
            "access", f"{at:%Y-%m-%d}", at.timestamp() - 60, "INFO", "shop-api", "", "", "", "", "", "",
            "GET", f"/orders/{{}}/of-a-long-path-without-end/{number}", 503, 12.0, {}, "nginx", number,
        )
        for number in range(1, 4)
    ]  # fmt: skip
    LogStore(store.telemetry).write(batch_of(key_of("nginx", "", b"three"), lines))
    with serving(tmp_path_factory.mktemp("served"), telemetry=store.telemetry_url) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def test_the_keyboard_leads_from_a_slow_route_to_the_fields_of_a_span(
    browser: Browser, served: Served
) -> None:
    page = signed_in(browser, served).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)

    page.goto(f"{served.url}/traces/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/traces/search?**")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/traces/{TRACE}")
    for _ in range(2):
        page.keyboard.press("j")
    page.keyboard.press("Enter")

    expect(page.locator(".waterfall li:nth-child(2) .inside")).to_contain_text("number 2")
    assert page.locator(".waterfall details[open]").count() == 1
    assert errors == []


def test_a_span_named_in_the_url_is_selected(browser: Browser, served: Served) -> None:
    page = signed_in(browser, served).new_page()

    page.goto(f"{served.url}/traces/{TRACE}#span-{3:016x}")

    expect(page.locator(".waterfall .chosen")).to_contain_text("span 3")


def test_nothing_is_cut_off_on_a_phone(browser: Browser, served: Served) -> None:
    page = signed_in(browser, served).new_page()
    page.set_viewport_size({"width": 360, "height": 740})

    for address in ("/traces/", "/traces/search", f"/traces/{TRACE}", "/logs/routes"):
        page.goto(served.url + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_keyboard_leads_from_a_route_of_access_logs_to_its_lines(
    browser: Browser, served: Served
) -> None:
    page = signed_in(browser, served).new_page()

    page.goto(f"{served.url}/logs/routes")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/logs/?q=kind**")

    expect(page.locator("#rows tr.row")).to_have_count(1)
