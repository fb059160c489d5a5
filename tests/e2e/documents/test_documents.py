"""The pages of documents in a real browser: on a phone, and while somebody reads."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.axe.test_accessible import AXE, LOOK
from tests.e2e.browsing import chromium, signed_in
from tests.integration.faces.ingest.served import Served, serving

from toban.message import NOTHING

pytestmark = pytest.mark.browser

PHONE = 390
DOCUMENT = """# 運用設計書
## 12. ドキュメント管理
### 運用ドキュメント一覧
| ドキュメント名 | 更新頻度 | 管理場所 |
|--------------|---------|---------|
| 障害対応手順書 | 変更時 | Wiki/Git |
| FAQ | 随時 | Wiki |
"""
BINDINGS = """
[documents."障害対応手順書"]
kind = "page"
url = "http://127.0.0.1:9/runbook"

[targets."Webサーバー"]
sources = [{ kind = "prometheus", url = "http://127.0.0.1:9/m", instance = "web-1.example.com" }]
runs_on = "データベース<主系>の長い名前のサーバー"

[targets."データベース<主系>の長い名前のサーバー"]
sources = [{ kind = "prometheus", url = "http://127.0.0.1:9/m", instance = "db-1" }]

[document_keeping]
read_for = "6秒"
"""
LONG = "https://wiki.example.com/" + "a" * 300


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served document, of which a look has found one."""
    with serving(tmp_path_factory.mktemp("documents"), DOCUMENT, BINDINGS) as running:
        now = datetime.now(UTC).isoformat(sep=" ")
        values = {
            "place": "障害対応手順書",
            "spot": "",
            "first_at": now,
            "looked_at": now,
            "found_at": now,
            "changed_at": now,
            "digest": "d" * 64,
            "version": "v1",
            "text": f"# 障害対応\n\n{LONG}\n\n<b>まず</b>対応を開始する。\n" + "手順。\n" * 200,
            "changed_by": "Nami",
            "vanished": "[]",
            "unchecked": 1,
            "trouble": json.dumps(NOTHING.as_json()),
            "is_missing": False,
        }
        with sqlite3.connect(running.home / "state.sqlite3", timeout=20) as state:
            names, marks = ", ".join(values), ", ".join("?" * len(values))
            state.execute(
                f"INSERT INTO documents_documentcopy ({names}) VALUES ({marks})",  # noqa: S608 - names of ours
                tuple(values.values()),
            )
        state.close()
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def phone(browser: Browser, served: Served) -> Iterator[Page]:
    with signed_in(browser, served, PHONE) as context:
        yield context.new_page()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_the_list_fits_a_phone_and_leads_to_the_text(phone: Page, served: Served) -> None:
    phone.goto(f"{served.url}/documents/")

    assert fits(phone)
    expect(phone.locator("main")).to_contain_text("保管場所が未接続です")
    phone.get_by_role("link", name="障害対応手順書").click()
    expect(phone.locator(".document-text")).to_contain_text("<b>まず</b>対応を開始する。")
    assert fits(phone)


def test_what_is_in_view_long_enough_is_recorded_as_read(phone: Page, served: Served) -> None:
    complaints: list[str] = []
    phone.on("pageerror", lambda error: complaints.append(str(error)))
    phone.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    phone.goto(f"{served.url}/documents/")
    phone.get_by_role("link", name="障害対応手順書").click()

    expect(phone.locator("#reading-done")).to_be_hidden()
    expect(phone.locator("#reading-done")).to_be_visible(timeout=40_000)
    phone.goto(f"{served.url}/documents/")
    expect(phone.locator("main")).to_contain_text("mira")
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_neither_page_has_a_violation(
    browser: Browser, served: Served, scheme: Literal["light", "dark"]
) -> None:
    if not AXE.exists():
        pytest.skip("needs axe-core in .boot/axe (./check brings it)")
    with signed_in(browser, served) as context:
        context.add_init_script(path=AXE)
        page = context.new_page()
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.goto(f"{served.url}/documents/")
        found = page.evaluate(LOOK, [None])
        page.get_by_role("link", name="障害対応手順書").click()
        found += page.evaluate(LOOK, [None])

    assert found == []


@pytest.mark.parametrize("kind", ["diagram", "procedures", "incidents", "contacts"])
def test_a_document_that_toban_writes_fits_a_phone(phone: Page, served: Served, kind: str) -> None:
    complaints: list[str] = []
    phone.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    phone.goto(f"{served.url}/documents/written/{kind}/")

    assert fits(phone)
    expect(phone.locator(".written > *").first).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["diagram", "incidents"])
def test_no_document_that_toban_writes_has_a_violation(
    browser: Browser, served: Served, kind: str, scheme: Literal["light", "dark"]
) -> None:
    if not AXE.exists():
        pytest.skip("needs axe-core in .boot/axe (./check brings it)")
    with signed_in(browser, served) as context:
        context.add_init_script(path=AXE)
        page = context.new_page()
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.goto(f"{served.url}/documents/written/{kind}/")
        found = page.evaluate(LOOK, [None])

    assert found == []


def test_the_drawing_is_an_image_with_a_name(phone: Page, served: Served) -> None:
    phone.goto(f"{served.url}/documents/written/diagram/")

    drawing = phone.get_by_role("img", name="システム構成図")
    expect(drawing).to_be_visible()
    expect(drawing).to_contain_text("web-1.example.com")
