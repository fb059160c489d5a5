"""The frame of every page in a real browser, at various widths."""

import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser
from tests.e2e.browsing import chromium, signed_in
from tests.integration.faces.ingest.served import DOCUMENT, Served, serving

pytestmark = pytest.mark.slow

SAID = "small, b, input[type=search], select, button, summary"
OVERLAPS = (
    "() => {"
    f"    const boxes = [...document.querySelector('.top').querySelectorAll('{SAID}')]"
    """
        .filter(each => each.checkVisibility() && each.textContent + each.value)
        .map(each => {
            const range = document.createRange()
            range.selectNodeContents(each)
            const shape = each.scrollWidth > each.clientWidth && getComputedStyle(each).overflowX != 'visible'
                || each.matches('input, select') ? each : range
            return [each.textContent || each.name, shape.getBoundingClientRect()]
        })
        .filter(([, box]) => box.width)
    return boxes.flatMap(([a, one], at) => boxes.slice(at + 1)
        .filter(([, two]) => one.left < two.right - 1 && two.left < one.right - 1
            && one.top < two.bottom - 1 && two.top < one.bottom - 1)
        .map(([b]) => `${a} / ${b}`))
}"""
)

DUTY = """
## 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 開発担当者と基盤担当者の夜間当番 | [氏名] | 24時間365日 |
## 障害対応
### 障害レベル定義
| レベル | 定義 | 対応時間 |
|---|---|---|
| Critical | サービス全停止 | 即時対応 (1時間以内復旧) |
"""
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
    with serving(home, document=DOCUMENT + DUTY, bindings=ERRORS) as running:
        sent = httpx.post(
            f"{running.url}/api/1/store/?sentry_key={KEY}",
            json={"event_id": "a" * 32, "message": "x" * 200, "timestamp": time.time()},
        )
        assert sent.is_success, sent.text
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("width", [390, 800, 1200, 1300, 1500])
def test_no_part_of_the_frame_overlaps_another_or_overflows(
    browser: Browser, served: Served, width: int, language: str
) -> None:
    context = signed_in(browser, served, width)
    context.add_cookies([{"name": "django_language", "value": language, "url": served.url}])
    page = context.new_page()
    page.goto(f"{served.url}/errors/")

    assert page.locator(".figures").inner_text().count("夜間当番") == 1
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("address", ["/errors/", "/errors/1", "/errors/review/"])
@pytest.mark.parametrize("width", [390, 1200])
def test_a_very_long_word_stays_on_the_page(
    browser: Browser, served: Served, width: int, address: str
) -> None:
    page = signed_in(browser, served, width).new_page()
    page.goto(f"{served.url}{address}?week=2099-01-01")

    assert page.get_by_text("x" * 200).count()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
