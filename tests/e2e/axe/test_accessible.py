"""Every page, looked at by axe-core in a real browser: in both themes without a violation."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page
from tests.e2e.browsing import chromium, signed_in
from tests.e2e.running import SHOP
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.ingest.served import CPU, DOCUMENT, Served, serving
from tests.telemetry_rows import LogRow, batch_of

from toban.design.values.metric import Metric
from toban.engine.clock import system_clock
from toban.engine.telemetry.logs.rows import NO_DURATION, LogStore, key_of
from toban.engine.telemetry.samples import Sample

MINUTE = timedelta(minutes=1)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = Path(__file__).parents[3] / ".boot" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
KEY = "0123456789abcdef0123456789abcdef"
ERRORS = """
[errors.shop]
project = 1
key = "file:errors-key"
"""
# Downloads, and pieces that belong to another page.
NO_PAGE = re.compile(r"\.\w+$|/(live|logs/download|accounts/logout/|api/.*)$")
SETTLED = """() => !document.querySelector('.htmx-request, [hx-trigger^="load"]:not(:has(*))')
    && [...document.querySelectorAll('.plot')].every(each => !each.clientWidth || each.childElementCount)"""
LOOK = """async ([rules]) => {
    const run = rules ? { runOnly: { type: "rule", values: rules } } : {}
    const { violations } = await axe.run(document, { resultTypes: ["violations"], ...run })
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html, target, any }) =>
        `${id}: ${target} ${html.slice(0, 160)} ${any.map(({ message }) => message).join()}`))
}"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, store: StoreProcess) -> Iterator[Served]:
    """The shop with something on each of its pages, for a manager."""
    home = tmp_path_factory.mktemp("accessible")
    (home / "errors-key").write_text(KEY)
    _measure_and_log(store)
    document = (SHOP / "運用設計書.md").read_text(encoding="utf-8")
    with serving(home, document + DOCUMENT.partition("\n")[2], ERRORS, store.telemetry_url) as running:
        running.session = running.act("session", "nami", "manager")
        running.act("show", CPU, "deviating", "91%")
        running.act("tell", CPU, "Web")
        _send_error(running)
        yield running


def _measure_and_log(store: StoreProcess) -> None:
    now = system_clock()
    samples = [
        Sample(Metric.CPU_USAGE, "Web", "web-1", now - minutes * MINUTE, 91.0 - minutes)
        for minutes in range(60)
    ]
    store.telemetry.write(samples, token="looked at")
    row = LogRow(
        "application", f"{now:%Y-%m-%d}", now.timestamp(), "ERROR", "shop", "payment refused",
        "", "", "", "", "", "", "", 0, NO_DURATION, {}, "shop", 1,
    )  # fmt: skip
    LogStore(store.telemetry).write(batch_of(key_of("shop", "", b"looked at"), [row]))


def _send_error(served: Served) -> None:
    sent = httpx.post(
        f"{served.url}/api/1/store/?sentry_key={KEY}",
        json={"event_id": "a" * 32, "message": "cart is undefined", "timestamp": time.time()},
    )
    assert sent.is_success, sent.text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def test_no_page_has_a_violation_in_either_theme(browser: Browser, served: Served) -> None:
    if not AXE.exists():
        pytest.skip("needs axe-core in .boot/axe (./check brings it)")
    found: list[str] = []
    with signed_in(browser, served, session=served.session) as context:
        context.add_init_script(path=AXE)
        page = context.new_page()
        looked: dict[str, str] = {}
        waiting = ["/"]
        while waiting:
            address = waiting.pop(0)
            if _kind(address) in looked:
                continue
            looked[_kind(address)] = address
            page.goto(f"{served.url}{address}")
            page.wait_for_function(SETTLED)
            found += [f"{address} {each}" for each in _violations(page)]
            waiting += _pages_of(page)
    assert len(looked) >= 38, looked
    assert found == []


def _violations(page: Page) -> list[str]:
    """Return what axe-core finds: everything in light, and by the colours in dark."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    light: Any = page.evaluate(LOOK, [None])
    page.emulate_media(color_scheme="dark")
    dark: Any = page.evaluate(LOOK, [["color-contrast"]])
    return [f"light {each}" for each in light] + [f"dark {each}" for each in dark]


def _pages_of(page: Page) -> list[str]:
    links: list[str] = page.evaluate(
        "[...document.querySelectorAll('a[href]')].filter(each => each.origin == location.origin)"
        ".map(each => each.pathname)"
    )
    return [each for each in dict.fromkeys(links) if not NO_PAGE.search(each)]


def _kind(address: str) -> str:
    """Return *address* without what tells pages of one kind apart."""
    first = re.sub(r"\d+", "N", address)
    return re.sub(r"^/(batches|clauses|logs|traces)/[^/].*", r"/\1/…", first)
