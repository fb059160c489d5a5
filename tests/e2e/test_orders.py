"""A batch ordered in a real browser, run by a real worker, and watched until it ends."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.browsing import chromium, signed_in
from tests.forking import Python
from tests.integration.faces.ingest.served import Served, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DOCUMENT = """# 運用設計書
## 6. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B004 | データ集計 | 月次 | 月末23:00 | 売上の集計 | 手動再実行 |
"""
# The batch prints its parameters, and runs until the test lets it end.
BINDINGS = """[batches.B004]
command = ["sh", "-c", "echo $BATCH_DAY の集計; while [ ! -e go ]; do sleep 0.1; done; echo 終わりました"]
"""
A_WHILE = 20_000
"""Milliseconds; reached only if the worker is broken."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served document with a batch, and the worker that runs it."""
    with serving(tmp_path_factory.mktemp("orders"), DOCUMENT, BINDINGS) as running, working(running):
        yield running


@contextmanager
def working(served: Served) -> Iterator[None]:
    worker = Python(["-m", "toban", "worker"], env=served.environment, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(timeout=15)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture
def complaints() -> list[str]:
    """The errors the browser reported: failed scripts and policy violations."""
    return []


@pytest.fixture(scope="module")
def developer(served: Served) -> str:
    """A session of a developer."""
    return str(served.act("session", "kai", "developer"))


@pytest.fixture
def sheet(browser: Browser, served: Served, developer: str, complaints: list[str]) -> Iterator[Page]:
    """A page opened by the developer."""
    with signed_in(browser, served, session=developer) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        yield page


def test_a_batch_is_ordered_by_its_name_and_watched_until_it_ends(
    sheet: Page, served: Served, complaints: list[str]
) -> None:
    sheet.goto(f"{served.url}/batches/B004")
    # The worker registers the batch a moment after it has read the document.
    for _ in range(40):
        if sheet.get_by_role("link", name="今すぐ実行").count():
            break
        sheet.wait_for_timeout(500)
        sheet.reload()

    sheet.get_by_role("link", name="今すぐ実行").click()
    expect(sheet.get_by_label("確認のため「B004」と入力してください")).to_be_focused()
    sheet.get_by_label("パラメーター").fill("day=2026-11-24")
    sheet.get_by_label("確認のため").fill("B004")
    sheet.get_by_role("button", name="今すぐ実行").click()

    expect(sheet).to_have_url(f"{served.url}/runs/1")
    expect(sheet.locator("#part .standing").first).to_contain_text("実行中", timeout=A_WHILE)
    sheet.evaluate("window.loadedOnce = true")
    expect(sheet.locator("#log")).to_contain_text("2026-11-24 の集計", timeout=A_WHILE)
    (served.home / "go").touch()
    expect(sheet.locator("#part .standing").first).to_contain_text("成功", timeout=A_WHILE)
    expect(sheet.locator("#log")).to_contain_text("終わりました", timeout=A_WHILE)
    expect(sheet.locator("#log .more")).to_have_count(0, timeout=A_WHILE)
    expect(sheet.get_by_text("実行を依頼", exact=True)).to_be_visible(timeout=A_WHILE)
    assert sheet.evaluate("window.loadedOnce")
    assert complaints == []


def test_the_keyboard_moves_through_the_runs_of_the_day(sheet: Page, served: Served) -> None:
    sheet.goto(f"{served.url}/batches/")

    sheet.keyboard.press("j")
    expect(sheet.locator("a.opens:focus")).to_have_text("B004 データ集計")
    sheet.keyboard.press("j")
    sheet.keyboard.press("Enter")

    expect(sheet).to_have_url(f"{served.url}/runs/1")


def test_without_scripts_an_order_still_asks_for_confirmation(browser: Browser, served: Served) -> None:
    session = served.act("session", "aki", "manager")
    with signed_in(browser, served, scripts=False, session=session) as context:
        page = context.new_page()
        page.goto(f"{served.url}/batches/B004")
        page.get_by_role("link", name="今すぐ実行").click()
        page.get_by_label("確認のため").fill("B00")
        page.get_by_role("button", name="今すぐ実行").click()

        expect(page.get_by_role("alert")).to_have_text("確認のため「B004」と入力してください。")


def test_an_alert_is_acknowledged_and_opened_with_the_keyboard(
    sheet: Page, served: Served, complaints: list[str]
) -> None:
    served.act("tell", "batch/batch/B004")
    sheet.goto(f"{served.url}/alerts/")

    sheet.keyboard.press("a")
    expect(sheet.locator(".unowned")).to_be_visible()
    sheet.keyboard.press("j")
    expect(sheet.locator("a.opens:focus")).to_have_text("Web CPU使用率")
    sheet.keyboard.press("a")

    expect(sheet.get_by_text("kai が対応中")).to_be_visible()
    # Back at the same row, the keys continue from there.
    expect(sheet.locator("a.opens:focus")).to_have_text("Web CPU使用率")
    sheet.keyboard.press("Enter")
    expect(sheet).to_have_url(f"{served.url}/alerts/1")
    expect(sheet.get_by_text("kai が対応を開始")).to_be_visible()
    expect(sheet.locator("#drawn")).to_have_count(0)
    sheet.keyboard.press("s")
    expect(sheet.get_by_label("文書の行")).to_have_value("batch/batch/B004")
    assert complaints == []


def test_a_slash_filters_the_alerts(sheet: Page, served: Served) -> None:
    sheet.goto(f"{served.url}/alerts/")

    sheet.keyboard.press("/")
    sheet.keyboard.type("ありません")
    sheet.keyboard.press("Enter")

    expect(sheet.get_by_text("この条件に当てはまるアラートはありません。")).to_be_visible()


PAGES = ("/batches/", "/batches/B004", "/runs/1", "/calendar/", "/backups/")
ALERTS = ("/alerts/", "/alerts/1", "/alerts/silences", "/alerts/maintenance")


@pytest.mark.parametrize("address", [*PAGES, *ALERTS])
def test_a_phone_shows_the_pages_without_scrolling_sideways(
    browser: Browser, served: Served, address: str
) -> None:
    with signed_in(browser, served, width=390) as context:
        page = context.new_page()
        page.goto(f"{served.url}{address}")

        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_confirmation_that_is_open_while_the_run_ends_says_that_it_is_too_late(
    sheet: Page, served: Served, complaints: list[str]
) -> None:
    (served.home / "go").unlink(missing_ok=True)
    sheet.goto(f"{served.url}/batches/B004?ask=run")
    sheet.get_by_label("確認のため").fill("B004")
    sheet.get_by_role("button", name="今すぐ実行").click()
    expect(sheet.locator("#part .standing").first).to_contain_text("実行中", timeout=A_WHILE)
    sheet.get_by_role("link", name="実行を中止").click()
    sheet.get_by_label("確認のため").fill("B0")

    (served.home / "go").touch()

    expect(sheet.locator("#part .standing").first).to_contain_text("成功", timeout=A_WHILE)
    expect(sheet.locator("#ask")).to_contain_text("この操作は、もうできません。", timeout=A_WHILE)
    expect(sheet.locator("#ask button")).to_be_disabled()
    expect(sheet.get_by_label("確認のため")).to_have_value("B0")
    expect(sheet.get_by_role("link", name="実行を中止")).to_have_count(0)
