"""Two people have a page with orders open in real browsers: what one does, the other's page follows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.browsing import chromium, signed_in
from tests.integration.faces.ingest.served import CPU, DOCUMENT, Served, serving

from toban.engine.clock import system_clock

pytestmark = pytest.mark.browser

LEVELS = """
## 障害対応
### 障害レベル定義
| レベル | 定義 | 対応時間 |
|---|---|---|
| Critical | サービス全停止 | 即時対応 (1時間以内復旧) |
"""
GONE = "この操作は、もうできません。"
A_WHILE = 15_000
"""Milliseconds; a page follows after four seconds at most."""


@dataclass
class Desk:
    """Two people's browsers."""

    mine: Page
    theirs: Page
    url: str

    def both_open(self, address: str) -> None:
        """Open the same page in both, and let mine hear of what happens."""
        for page in (self.mine, self.theirs):
            page.goto(f"{self.url}{address}")
        expect(self.mine.locator('body[data-live="on"]')).to_be_attached()

    def declared(self) -> str:
        """Declare an incident that nothing measures, and return its address."""
        self.theirs.goto(f"{self.url}/incidents/declare")
        self.theirs.get_by_label("何が起きているか").fill("注文できない")
        self.theirs.locator("main button.primary").click()
        return self.theirs.url.removeprefix(self.url)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A document with incidents."""
    with serving(tmp_path_factory.mktemp("following"), DOCUMENT + LEVELS) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def sessions(served: Served) -> tuple[str, str]:
    """The sessions of two who may order."""
    return served.act("session", "kai", "developer"), served.act("session", "nami", "manager")


@pytest.fixture
def desk(browser: Browser, served: Served, sessions: tuple[str, str]) -> Iterator[Desk]:
    """Two browsers, each with one of them signed in."""
    mine, theirs = (signed_in(browser, served, session=each) for each in sessions)
    complaints: list[str] = []
    with mine, theirs:
        page = mine.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield Desk(page, theirs.new_page(), served.url)
    assert complaints == []


def test_an_order_that_somebody_else_has_given_vanishes_and_typing_goes_on(desk: Desk) -> None:
    desk.both_open(desk.declared())
    note = desk.mine.get_by_label("何があったか")
    desk.mine.locator("summary", has_text="書き足す").click()
    note.press_sequentially("決済が")
    desk.mine.evaluate("document.activeElement.setSelectionRange(1, 2)")

    desk.theirs.get_by_role("button", name="指揮を執る").click()

    expect(desk.mine.get_by_role("button", name="指揮を執る")).to_have_count(0, timeout=A_WHILE)
    expect(desk.mine.locator(".clocks")).to_contain_text("nami")
    expect(note).to_be_focused()
    expect(note).to_have_value("決済が")
    assert desk.mine.evaluate("document.activeElement.selectionStart") == 1
    desk.mine.get_by_role("button", name="書き足す").click()
    expect(desk.mine.locator("main")).to_contain_text("決済が")


def test_what_was_typed_for_an_order_that_is_over_can_still_be_read(desk: Desk) -> None:
    desk.both_open(desk.declared())
    for page in (desk.mine, desk.theirs):
        page.locator("summary", has_text="復旧を記録").click()
    at = desk.mine.locator("input[name=at]")
    at.fill("2026-11-24T10:00")

    desk.theirs.get_by_role("button", name="復旧を記録").click()

    expect(desk.mine.get_by_text(GONE)).to_be_visible(timeout=A_WHILE)
    expect(at).to_have_value("2026-11-24T10:00")
    expect(desk.mine.get_by_role("button", name="復旧を記録")).to_be_disabled()
    # It stays there while other things happen.
    desk.theirs.get_by_role("button", name="指揮を執る").click()
    expect(desk.mine.get_by_role("button", name="指揮を執る")).to_have_count(0, timeout=A_WHILE)
    expect(desk.mine.get_by_text(GONE)).to_have_count(1)
    expect(at).to_have_value("2026-11-24T10:00")


def test_a_list_of_silences_follows_and_the_form_stays_as_it_is_typed(desk: Desk) -> None:
    desk.both_open("/alerts/silences")
    desk.mine.locator("#ask > summary").click()
    reason = desk.mine.get_by_label("理由")
    reason.fill("交換中")
    desk.mine.get_by_label("期間の長さ").select_option("240")

    desk.theirs.locator("#ask > summary").click()
    desk.theirs.get_by_label("文書の行").select_option(CPU)
    desk.theirs.get_by_label("理由").fill("試験")
    desk.theirs.get_by_role("button", name="ミュート", exact=True).click()

    end = desk.mine.get_by_role("button", name="今すぐ終了")
    expect(end).to_have_count(1, timeout=A_WHILE)
    desk.theirs.get_by_role("button", name="今すぐ終了").click()
    expect(end).to_have_count(0, timeout=A_WHILE)
    expect(reason).to_have_value("交換中")
    expect(desk.mine.get_by_label("期間の長さ")).to_have_value("240")


def test_a_refused_order_keeps_its_reason_and_its_words_while_the_page_follows(desk: Desk) -> None:
    desk.both_open(desk.declared())
    desk.mine.locator("summary", has_text="書き足す").click()
    desk.mine.get_by_label("何があったか").fill("あとで直す")
    desk.mine.locator("input[name=when]").fill("2031-01-01T10:00")
    desk.mine.get_by_role("button", name="書き足す").click()
    expect(desk.mine.get_by_role("alert")).to_be_visible()
    expect(desk.mine.locator('body[data-live="on"]')).to_be_attached()

    desk.theirs.get_by_role("button", name="指揮を執る").click()

    expect(desk.mine.get_by_role("button", name="指揮を執る")).to_have_count(0, timeout=A_WHILE)
    expect(desk.mine.get_by_role("alert")).to_be_visible()
    expect(desk.mine.get_by_label("何があったか")).to_have_value("あとで直す")


def test_an_exception_that_was_withdrawn_offers_no_answer(desk: Desk) -> None:
    desk.theirs.goto(f"{desk.url}/exceptions/?row={CPU}")
    desk.theirs.locator("main textarea[name=reason]").fill("入れ替えまで")
    desk.theirs.locator("main input[name=until]").fill(f"{system_clock() + timedelta(days=7):%Y-%m-%dT%H:%M}")
    desk.theirs.locator("main button.primary").click()
    desk.both_open(desk.theirs.url.removeprefix(desk.url))

    desk.theirs.get_by_role("button", name="取り下げる").click()

    expect(desk.mine.get_by_role("button", name="取り下げる")).to_have_count(0, timeout=A_WHILE)


def test_figures_that_come_anew_leave_headings_of_the_same_name(desk: Desk, served: Served) -> None:
    desk.both_open("/calendar/")
    before = desk.mine.locator("#figures").inner_html()

    served.act("show", CPU, "deviating", "91%")

    desk.mine.wait_for_function(
        "before => document.getElementById('figures').innerHTML !== before", arg=before, timeout=A_WHILE
    )
    expect(desk.mine.locator("#coming")).to_have_text("次回と前回")
