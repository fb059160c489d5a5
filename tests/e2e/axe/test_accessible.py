"""Every page, looked at by axe-core in a real browser: in both themes without a violation."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.urls import Resolver404, get_resolver, resolve
from playwright.sync_api import Browser, Page
from tests.e2e.browsing import chromium, signed_in
from tests.e2e.running import SHOP
from tests.forking import run
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.ingest.served import CPU, DOCUMENT, Served, serving
from tests.telemetry_rows import LogRow, SpanRow, batch_of

from toban.design.values.metric import Metric
from toban.engine.clock import system_clock
from toban.engine.telemetry.logs.rows import NO_DURATION, LogStore, key_of
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.spans.rows import SpanStore
from toban.faces.document.address import evidence_address

MINUTE = timedelta(minutes=1)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = Path(__file__).parents[3] / ".boot" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
KEY = "0123456789abcdef0123456789abcdef"
ERRORS = """
[errors.shop]
project = 1
key = "file:errors-key"
"""
FURNISH = Path(__file__).with_name("furnish.py")
NO_PAGE = re.compile(r"\.\w+$|/(live|logs/download|accounts/logout/|api/.*)$")
"""Downloads, and pieces that belong to another page."""
FIRST = (
    "/", evidence_address(CPU), "/report/", "/incidents/declare", "/status/", "/status/en/", "/releases/1/",
    "/incidents/game-days/1",
)  # fmt: skip
"""Where it begins; what these pages link is looked at, too."""
CLOSED = {"status", "status-en"}
"""Pages that say how they are opened, as nothing is published here."""
NOT_LOOKED_AT = {
    # Figures, files and formalities without a page.
    "figures", "sparklines", "rows", "feed", "duty-feed", "logs-download", "logs-saved", "logs-histogram",
    "logs-facets", "incident-timeline-export", "incident-report", "game-day-certificate", "certificate",
    "release-certificate", "run-log", "status-json", "subscription", "duty-override", "release-part",
    "document-in-view", "set_language", "person", "account_logout", "account_signup", "account_inactive",
    "mfa_download_recovery_codes",
    # Only for those who have something to do first, or whom the session of this test is not.
    "account_login", "mfa_authenticate", "mfa_activate_totp", "mfa_view_recovery_codes",
    # The document's plans of these are not bound here; of documents, tests/e2e/test_documents.py looks.
    "document-text", "game-day-hold", "release-plan", "version", "capacity-patch", "capacity-replay",
    "capacity-resource",
}  # fmt: skip
SETTLED = """() => !document.querySelector('.htmx-request, [hx-trigger^="load"]:not(:has(*))')
    && [...document.querySelectorAll('.plot')].every(each => !each.clientWidth || each.childElementCount)"""
# Words and numbers that a phone's width breaks within.
BROKEN = """() => {
    const found = []
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
        const node = texts.currentNode
        if (!node.parentElement.checkVisibility()) continue
        const words = /(?<![A-Za-z0-9])[A-Za-z0-9]{2,12}(?![A-Za-z0-9])/g
        for (const { index, 0: word } of node.data.matchAll(words)) {
            const range = document.createRange()
            range.setStart(node, index)
            range.setEnd(node, index + word.length)
            const boxes = [...range.getClientRects()].filter(each => each.width)
            const isWhole = new Set(boxes.map(each => each.top)).size < 2
            if (!isWhole) found.push(`${word} in ${node.data.trim().slice(0, 60)}`)
        }
    }
    return found
}"""
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
        run([FURNISH], env=running.environment, check=True)
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
    span = SpanRow(
        f"{now:%Y-%m-%d}", int(now.timestamp()) * 10**9, 10**7, "a" * 32, "b" * 16, "", "shop", "POST /cart",
        "SERVER", "ERROR", "refused", "POST", "/cart", 500, "", "{}", "{}", "[]", "[]", "otel", 1,
    )  # fmt: skip
    SpanStore(store.telemetry).write(batch_of(key_of("otel", "", b"looked at"), [span]))


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
        _order(page, served.url)
        waiting = [*FIRST]
        while waiting:
            address = waiting.pop(0)
            if _kind(address) in looked:
                continue
            answer = page.goto(f"{served.url}{address}")
            if answer is None or not (answer.ok or _kind(address) in CLOSED):
                continue
            looked[_kind(address)] = address
            # What is read as plain text, such as a run's log, is no page.
            if "html" not in answer.headers["content-type"]:
                continue
            page.wait_for_function(SETTLED)
            found += [f"{address} {each}" for each in (*_violations(page), *_broken(page))]
            waiting += _pages_of(page)
    assert found == []
    assert sorted(_kinds() - looked.keys() - NOT_LOOKED_AT) == []


def _order(page: Page, url: str) -> None:
    """Declare an incident with a line and a draft of its report, ask for an exception, and mute an alert."""
    page.goto(f"{url}/incidents/declare")
    page.locator("main input[name=title]").fill("注文できない")
    page.locator("main button.primary").click()
    page.locator("summary", has_text="書き足す").click()
    page.get_by_label("何があったか").fill("決済が応答しない")
    page.get_by_role("button", name="書き足す").click()
    page.get_by_role("button", name="速報の下書きを作る").click()
    page.goto(f"{url}/exceptions/?row={CPU}")
    page.locator("main textarea[name=reason]").fill("入れ替えまで")
    page.locator("main input[name=until]").fill(f"{system_clock() + timedelta(days=7):%Y-%m-%dT%H:%M}")
    page.locator("main button.primary").click()
    page.goto(f"{url}/alerts/silences?alert=1")
    page.locator("main textarea[name=reason]").fill("調査中")
    page.locator("#ask button.primary").click()


def _kinds() -> set[str]:
    """Return the names of all addresses with a page in them."""
    return {name for name in get_resolver().reverse_dict if isinstance(name, str)}


def _violations(page: Page) -> list[str]:
    """Return what axe-core finds: everything in light, and by the colours in dark."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    light: Any = page.evaluate(LOOK, [None])
    page.emulate_media(color_scheme="dark")
    dark: Any = page.evaluate(LOOK, [["color-contrast"]])
    return [f"light {each}" for each in light] + [f"dark {each}" for each in dark]


def _broken(page: Page) -> list[str]:
    """Return the short words and numbers that do not stay whole on a phone."""
    wide = page.viewport_size
    assert wide is not None
    page.set_viewport_size({"width": 390, "height": 844})
    broken: list[str] = page.evaluate(BROKEN)
    page.set_viewport_size(wide)
    return [f"phone {each}" for each in broken]


def _pages_of(page: Page) -> list[str]:
    # A part that a page fetches is a page of its own for those without scripts.
    links: list[str] = page.evaluate(
        "[...document.querySelectorAll('a[href]')].filter(each => each.origin == location.origin)"
        ".map(each => each.pathname)"
        ".concat([...document.querySelectorAll('[hx-get^=\"/\"]')].map(each => each.getAttribute('hx-get')))"
    )
    return [each for each in dict.fromkeys(links) if not NO_PAGE.search(each)]


def _kind(address: str) -> str:
    """Return the name that pages of one kind have."""
    try:
        return resolve(address.partition("?")[0]).view_name
    except Resolver404:
        return address
