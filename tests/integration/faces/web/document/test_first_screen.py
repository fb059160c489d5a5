"""The first screen next to the document."""

import re
from datetime import timedelta

from django.test import Client
from django.urls import reverse
from tests.integration.faces.web.conftest import Fixed
from tests.integration.faces.web.firing import CPU, fired, put_in_force

from toban.engine.clock import system_clock
from toban.engine.evidence.status import StatusUpdate, show
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify import orders
from toban.message import NOTHING, plain


def part(page: str, name: str) -> str:
    found = re.search(rf'<section id="{name}">.*?</section>', page, re.DOTALL)
    assert found is not None
    return found[0]


def deviating(value: str = "92%") -> None:
    now = system_clock()
    show([StatusUpdate(CPU, Verdict.DEVIATING, plain(value), NOTHING, now)], now, "digest")


def test_an_alert_is_to_do_until_acknowledged_and_then_says_by_whom(viewer: Client, in_force: Fixed) -> None:
    alert = fired(put_in_force(in_force))
    deviating()

    page = viewer.get("/").content.decode()
    assert "DB CPU使用率" in part(page, "troubles")
    assert "92%" in part(page, "troubles")
    assert "未対応" in part(page, "troubles")
    assert f'href="/alerts/{alert.pk}"' in part(page, "chores")

    orders.acknowledge(alert.pk, by="nami", now=system_clock())

    page = viewer.get("/").content.decode()
    row = part(page, "troubles").partition("DB CPU使用率")[2].partition("</li>")[0]
    assert "対応中 nami" in row
    assert "未対応" not in row
    assert "対応中 nami" in part(page, "chores")


def test_the_first_screen_says_so_when_nothing_is_wrong(viewer: Client) -> None:
    page = viewer.get("/").content.decode()

    assert "警告も逸脱もありません" in part(page, "troubles")
    assert "今日の作業はありません" in part(page, "chores")


def test_a_chapter_missing_from_the_document_is_named_as_missing(viewer: Client) -> None:
    chapters = part(viewer.get("/").content.decode(), "chapters")

    assert chapters.count("<li>") == 13
    assert chapters.count("文書にありません") == 10
    assert ">8. セキュリティ運用<" in chapters


def test_the_refreshed_fragment_has_the_same_parts_as_the_page(viewer: Client) -> None:
    deviating_page, fetched = (viewer.get(address).content.decode() for address in ("/", "/figures"))

    for name in ("troubles", "chores", "chapters", "drawn", "coming"):
        assert part(fetched, name) == part(deviating_page, name)


def test_the_first_screen_is_available_in_english_too(viewer: Client, in_force: Fixed) -> None:
    fired(put_in_force(in_force))
    deviating()
    viewer.cookies["django_language"] = "en"

    page = viewer.get("/").content.decode()

    assert "Unacknowledged" in part(page, "troubles")
    assert "Acknowledge the alert" in part(page, "chores")
    assert "not in the document" in part(page, "chapters")
    assert "Error budget remaining" in part(page, "drawn")


def test_a_stopped_worker_leaves_neither_the_row_nor_the_counts_nor_the_evidence_page_green(
    viewer: Client, in_force: Fixed
) -> None:
    put_in_force(in_force)
    long_ago = system_clock() - timedelta(hours=1)
    show([StatusUpdate(CPU, Verdict.CONFORMING, plain("42%"), NOTHING, long_ago)], long_ago, "digest")

    page = viewer.get("/").content.decode()
    row = re.search(rf'<a class="verdict [^"]*" data-clause="{re.escape(CPU)}".*?</a>', page, re.DOTALL)

    assert row is not None
    assert "測定不能" in row[0]
    assert "警告も逸脱もありません。測定不能が" in part(page, "troubles")
    assert 'class="verdict conforming"' not in page
    assert "最後の判定 (● 42%) は古くなり" in row[0]
    assert "最後の判定 (● 42%) は古くなり" in viewer.get(reverse("evidence", args=[CPU])).content.decode()
