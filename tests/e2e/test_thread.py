"""End to end: from the rows of the document to values, verdicts and delivered notices.

The tests share one running Toban and build on each other like a day of operations. During its outage there is
most to say: pages, notices and commands are then read in both languages.
"""

import os
import re
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import Page, expect
from tests.e2e.running import SHOP, Inbox, Toban, shop_bindings, wait_for
from tests.e2e.speech import COMMANDS, foreign, own_texts, walked
from tests.forking import run

from toban.design.clauses.monitoring import Monitor
from toban.design.reader import load_design

MONITORS = load_design(SHOP / "運用設計書.md").of(Monitor)
ERROR_RATE = next(monitor for monitor in MONITORS if monitor.item == "エラー率")
API_UP = next(each for each in MONITORS if (each.target, each.item) == ("API", "死活"))
CITATION = f"運用設計書.md:{API_UP.origin.line}"

STATUSES = "SELECT clause_id, verdict, value FROM evidence_clausestatus"
LEDGER = "SELECT sequence, digest FROM evidence_ledgerentry"
DELIVERIES = "SELECT key, state, receipt FROM notify_delivery WHERE settled_at IS NOT NULL"
SAMPLES = "SELECT metric, target, instance, at, value FROM samples"

MEASURED = re.compile(r"^\s*(応答あり|[0-9][0-9,.]*\s*(%|ms|秒|s)?)")

MEASURED_AS = {"conforming", "between", "warning", "deviating"}

LANGUAGES = ("ja", "en")
PROGRAMS = ["store", "worker", "serve", "shop-db", "shop-api", "shop-web", "shop-traffic", "shop-agent"]


@pytest.fixture(scope="module")
def toban(folder: Path, slack: tuple[Inbox, str], mail: tuple[Inbox, int]) -> Iterator[Toban]:
    """The shop, whose people have no accounts: one reads Japanese, the other English."""
    bindings = shop_bindings(folder, smtp_port=mail[1])
    bindings.write_text(
        bindings.read_text(encoding="utf-8").replace('account = "admin"\n', ""), encoding="utf-8"
    )
    running = Toban(folder / "home", bindings, slack=slack[1])
    try:
        running.start()
        yield running
    finally:
        running.leave()


def unmeasured(toban: Toban) -> Mapping[str, tuple[str, str] | None]:
    """Return the rows that show no verdict based on a measured value, and what they show instead."""
    shown = {clause_id: (verdict, value) for clause_id, verdict, value in toban.state(STATUSES)}
    found = {monitor.id: shown.get(monitor.id) for monitor in MONITORS}
    return {
        row: each for row, each in found.items() if each is None or not each[1] or each[0] not in MEASURED_AS
    }


def test_every_monitor_shows_a_measured_value_within_a_minute(toban: Toban) -> None:
    assert len(MONITORS) == 13
    assert wait_for(lambda: not unmeasured(toban), within=60, lacks=lambda: unmeasured(toban))


@pytest.mark.browser
def test_the_page_shows_the_document_with_a_value_for_every_monitor(page: Page) -> None:
    expect(page.get_by_role("heading", name="監視項目", exact=True)).to_be_visible()
    for monitor in MONITORS:
        expect(page.locator(f'[data-value="{monitor.id}"]')).to_have_text(MEASURED, timeout=60_000)


def test_stopping_the_shops_api_sends_slack_and_mail_notices_that_cite_the_row(
    toban: Toban, slack: tuple[Inbox, str], mail: tuple[Inbox, int]
) -> None:
    done = toban.run("processes", "--stop", "shop-api")

    assert done.returncode == 0, done.stderr
    assert wait_for(lambda: slack[0].with_words("異常", "API 死活", CITATION), within=60)
    assert wait_for(lambda: mail[0].with_words("異常", "API 死活", CITATION), within=60)


@pytest.mark.browser
def test_the_open_page_shows_the_outage_without_a_reload(page: Page) -> None:
    expect(page.locator(f'[data-clause="{ERROR_RATE.id}"].deviating')).to_be_visible(timeout=60_000)
    # Nobody looks at it any more, and an open page follows all that happens.
    page.close()


@pytest.fixture(scope="module")
def own(folder: Path, toban: Toban) -> str:
    """What only the installation itself says."""
    return own_texts(SHOP / "運用設計書.md", folder / "toban.toml")


def test_each_person_is_told_in_their_language(mail: tuple[Inbox, int], own: str) -> None:
    def told() -> bool:
        return bool(mail[0].with_words("Critical") and mail[0].with_words("異常"))

    wait_for(told, within=90)
    # The document itself calls a level of incidents Critical, in every language.
    # What a mail about one alert and one about several say in Japanese only.
    ours = ("いつから", "件: ")
    english = [
        text
        for text in mail[0].texts
        if not any(each in text for each in ours) and (text.isascii() or "Critical" in text)
    ]
    japanese = [text for text in mail[0].texts if text not in english]

    assert foreign(english, "en", own) == []
    assert foreign(japanese, "ja", own) == []


def test_a_backup_that_is_ordered_is_taken(toban: Toban) -> None:
    done = toban.run("backup", "run", "PostgreSQL", "--incremental")

    assert done.returncode == 0, done.stderr
    # Without a base yet, the first increment is a whole one.
    assert wait_for(lambda: "-full" in toban.run("backup", "list").stdout, within=120)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_in_its_readers_language(
    toban: Toban, visitor: httpx.Client, own: str, language: str
) -> None:
    visitor.cookies.set("django_language", language)
    wrong = {}
    count = 0
    for page, speech in walked(visitor):
        assert page.status_code < 500, page.url
        count += 1
        if speech is not None and (found := foreign(speech.texts, language, own)):
            wrong[str(page.url)] = found

    assert wrong == {}
    assert count > 60


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_is_in_its_readers_language(toban: Toban, own: str, language: str) -> None:
    wrong = {}
    environment = {**toban.environment, "TOBAN_LANGUAGE": language}
    for status, *words in COMMANDS:
        done = run(["-m", "toban", *words], env=environment)

        assert done.returncode == status, (words, done.stderr)
        assert "Traceback" not in done.stderr, words
        if found := foreign((done.stdout + done.stderr).splitlines(), language, own):
            wrong[" ".join(words)] = found

    assert wrong == {}


def test_starting_it_again_sends_the_recovery(
    toban: Toban, slack: tuple[Inbox, str], mail: tuple[Inbox, int]
) -> None:
    done = toban.run("processes", "--start", "shop-api")

    assert done.returncode == 0, done.stderr
    assert wait_for(lambda: slack[0].with_words("復旧", "API 死活", CITATION), within=180)
    assert wait_for(lambda: mail[0].with_words("復旧", "API 死活", CITATION), within=180)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_killed_child_is_restarted(toban: Toban, name: str) -> None:
    assert wait_for(toban.is_ready)
    # One whose server was killed before may have ended since.
    before = wait_for(lambda: ready(toban, name))
    assert before is not None

    os.kill(before["pid"], signal.SIGKILL)

    def healed() -> bool:
        now = toban.child(name)
        return bool(now["phase"] == "ready" and now["pid"] != before["pid"])

    assert wait_for(healed, within=120)


def ready(toban: Toban, name: str) -> dict[str, Any] | None:
    """Return the program's status if it is ready."""
    found = toban.child(name)
    return found if found["phase"] == "ready" else None


def test_killing_toban_loses_no_acknowledged_sample_notice_or_audit_line(toban: Toban) -> None:
    assert wait_for(toban.is_ready)
    children = [psutil.Process(toban.child(name)["pid"]) for name in PROGRAMS]
    samples, deliveries, ledger = (
        set(toban.telemetry(SAMPLES)), set(toban.state(DELIVERIES)), set(toban.state(LEDGER))
    )  # fmt: skip

    toban.kill()
    wait_for(lambda: all(is_gone(child) for child in children), within=10)
    toban.start()

    assert samples
    assert samples <= set(toban.telemetry(SAMPLES))
    assert deliveries
    assert deliveries <= set(toban.state(DELIVERIES))
    assert ledger
    assert ledger <= set(toban.state(LEDGER))
    assert toban.run("evidence", "verify").returncode == 0


def is_gone(process: psutil.Process) -> bool:
    """Return whether *process* has ended."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_second_toban_on_the_same_home_is_refused(toban: Toban) -> None:
    done = toban.run("up", "--port", "0")

    assert done.returncode == 2
    assert f"すでに動いています (プロセス {toban.process.pid})" in done.stderr
    assert "HINT:" in done.stderr


def test_everything_stops_cleanly_with_a_live_stream_open(toban: Toban, visitor: httpx.Client) -> None:
    assert wait_for(toban.is_ready)
    children = [psutil.Process(toban.child(name)["pid"]) for name in PROGRAMS]
    with visitor.stream("GET", f"{toban.url}/live") as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")

        assert toban.stop() == 0

    assert all(is_gone(child) for child in children)
    assert "停止しました" in toban.said[-1]
