"""The document as a page."""

import os
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from tests.integration.faces.web.conftest import CPU, Fixed
from tests.registered import schema

from toban.design.clauses.monitoring import Monitor
from toban.design.reader import read_design
from toban.engine.amounts import length
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition, EditionRefusal
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.status import StatusUpdate, show
from toban.engine.evidence.verdict import Verdict
from toban.faces.document.address import evidence_address
from toban.message import NOTHING, Message, plain

LIMIT = Message("monitoring.critical-limit", limit="85%以上")
VALUE = plain("91.2%")
BUDGET = Message(
    "objectives.this-month-and-budget",
    month=Message("objectives.in-percent", value=99.951),
    left=Message("objectives.time-left", length=length(timedelta(minutes=21, seconds=36)), percent=50.0),
)
REACHED = Message("monitoring.limit-reached", limit=LIMIT)


def shown(verdict: Verdict, value: Message = VALUE, reason: Message = REACHED) -> None:
    now = system_clock()
    show(
        [StatusUpdate(CPU, verdict, value, reason, now, now + timedelta(hours=1))],
        now,
        "digest",
    )


def test_the_page_shows_the_document_with_the_status_next_to_each_row(viewer: Client) -> None:
    shown(Verdict.DEVIATING)

    page = viewer.get("/").content.decode()

    assert (
        page.index(">1. 運用方針</h2>")
        < page.index(">監視項目</h3>")
        < page.index(">8. セキュリティ運用</h2>")
    )
    assert '<td data-label="正常範囲">0-60%</td>' in page
    assert "91.2%" in page
    assert "■</span> <b>逸脱</b>" in page


def test_pages_over_made_up_evidence_say_so_and_others_do_not(viewer: Client) -> None:
    shown(Verdict.DEVIATING)
    assert "例のデータ" not in viewer.get("/").content.decode()
    LedgerEntry.objects.all().delete()

    with ledger.made_up("demo"):
        shown(Verdict.CONFORMING)

    for page in ("/", "/incidents/"):
        assert "までの記録は例のデータです" in viewer.get(page).content.decode()


def test_an_unread_row_is_shown_in_its_place_with_the_reason(viewer: Client) -> None:
    page = viewer.get("/").content.decode()

    assert '<tr id="line-16" class="unread">' in page
    assert "たくさん" in page
    assert "読めません" in page


def test_who_is_on_duty_is_read_from_the_document(viewer: Client) -> None:
    page = viewer.get("/").content.decode()

    assert "<small>当番</small><b>緊急連絡先</b><span>山田</span>" in page


def test_an_unmeasured_error_budget_is_not_claimed(viewer: Client) -> None:
    page = viewer.get("/").content.decode()

    assert "<small>エラーバジェット残り</small><b>? 測定不能</b>" in page


def test_the_remaining_error_budget_is_the_measured_one(viewer: Client) -> None:
    now = system_clock()
    show(
        [StatusUpdate("objectives/objective/稼働率", Verdict.CONFORMING, BUDGET, NOTHING, now)], now, "digest"
    )

    page = viewer.get("/").content.decode()

    assert "<small>エラーバジェット残り</small><b>21分36秒 (50%)</b>" in page


def test_the_remaining_error_budget_is_shown_in_english_too(viewer: Client) -> None:
    now = system_clock()
    show(
        [StatusUpdate("objectives/objective/稼働率", Verdict.CONFORMING, BUDGET, NOTHING, now)], now, "digest"
    )
    viewer.cookies["django_language"] = "en"

    page = viewer.get("/").content.decode()
    evidence = viewer.get(evidence_address("objectives/objective/稼働率")).content.decode()

    assert "<b>21 min 36 s (50%)</b>" in page
    assert "this month 99.951%, error budget remaining 21 min 36 s (50%)" in evidence


def test_the_person_on_duty_is_shown_with_their_telephone_number(viewer: Client, in_force: Fixed) -> None:
    assert in_force.edition is not None
    held = '[people."緊急連絡先"]\nname = "上原 なみ"\nphone = "03-0000-0000"\n'
    bindings = read_bindings(held, Path("toban.toml"), schema())
    in_force.edition = Edition(in_force.edition.design, bindings)

    assert "<span>上原 なみ 03-0000-0000</span>" in viewer.get("/").content.decode()


def test_without_the_telemetry_store_the_page_still_works_and_says_so(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(os.environ, "TOBAN_TELEMETRY_URL", raising=False)

    answer = viewer.get("/")

    assert answer.status_code == 200
    assert "測定履歴を読めません" in answer.content.decode()
    assert viewer.get(f"{evidence_address(CPU)}/series").status_code == 503


def test_rows_are_filtered_by_the_url(viewer: Client) -> None:
    shown(Verdict.DEVIATING)

    bad = viewer.get("/", {"verdict": "deviating"}).content.decode()
    named = viewer.get("/", {"q": "稼働率"}).content.decode()
    none = viewer.get("/", {"q": "ありえない語"}).content.decode()

    assert bad.count('<tr class="row">') == 1
    assert "Web | CPU使用率" in bad
    assert named.count('<tr class="row">') == 1
    assert "当てはまる行はありません" in none


def test_evidence_shows_the_row_its_history_and_the_document_version(viewer: Client, in_force: Fixed) -> None:
    shown(Verdict.CONFORMING, plain("42%"), plain("正常範囲にあります"))
    shown(Verdict.DEVIATING)

    page = viewer.get(evidence_address(CPU)).content.decode()

    assert "運用設計書.md:15" in page
    assert page.index("逸脱</b> 91.2%") < page.index("適合</b> 42%")
    assert in_force.edition is not None
    assert in_force.edition.design.digest[:16] in page


def test_evidence_shows_what_is_assumed_about_the_row_and_where_to_set_it(viewer: Client) -> None:
    page = viewer.get(evidence_address(CPU)).content.decode()

    assert "良い値が続けて 3回測れたら復旧とします" in page
    assert "<code>[monitoring] recovery_readings</code>" in page


def test_the_page_of_assumptions_leads_to_the_rows_and_is_filtered(viewer: Client) -> None:
    whole = viewer.get("/assumptions/").content.decode()
    found = viewer.get("/assumptions/", {"q": "RECOVERY"}).content.decode()
    nothing = viewer.get("/assumptions/", {"q": "<none>"}).content.decode()

    assert whole.count("<code>[") > found.count("<code>[") == 1
    assert f'href="{evidence_address(CPU)}"' in found
    assert "当てはまるものはありません" in nothing


def test_the_page_of_assumptions_is_in_english_too(viewer: Client) -> None:
    viewer.cookies["django_language"] = "en"

    page = viewer.get("/assumptions/").content.decode()

    assert "It has recovered after 3 better readings in a row" in page
    assert "When it counts as recovered is not written" in page


def test_the_same_url_returns_the_fragment_for_the_drawer(viewer: Client) -> None:
    part = viewer.get(evidence_address(CPU), headers={"HX-Request": "true"}).content.decode()

    assert part.lstrip().startswith('<article class="evidence">')


def test_a_clause_that_is_not_in_the_document_is_not_found(viewer: Client) -> None:
    assert viewer.get("/clauses/monitoring/monitor/nothing").status_code == 404


def test_a_refused_version_is_reported_on_the_page(viewer: Client, in_force: Fixed) -> None:
    in_force.refusal = EditionRefusal(
        "運用設計書.md", "x", plain("運用設計書.md: 文書が空です\nHINT: 書いてください")
    )

    page = viewer.get("/").content.decode()

    assert "文書が空です" in page
    assert "監視項目" in page


def test_the_page_is_available_in_english_with_the_documents_words_unchanged(viewer: Client) -> None:
    shown(Verdict.DEVIATING)
    viewer.post("/i18n/setlang/", {"language": "en", "next": "/"})

    page = viewer.get("/").content.decode()

    assert '<html lang="en">' in page
    assert "deviating" in page
    assert "CPU使用率" in page
    assert "Reached critical 85%以上" in page


def test_rows_and_evidence_give_reasons_in_english_too(viewer: Client) -> None:
    value = Message("monitoring.with-asides", said=plain("42%"), asides=("web-1",))
    shown(Verdict.CONFORMING, value, Message("monitoring.in-normal-range", normal="0-70%"))
    shown(Verdict.DEVIATING)
    viewer.cookies["django_language"] = "en"

    rows = viewer.get("/", {"verdict": "deviating"}).content.decode()
    evidence = viewer.get(evidence_address(CPU)).content.decode()

    assert "Reached critical 85%以上" in rows
    assert "Reached critical 85%以上" in evidence
    assert "42% (web-1)" in evidence
    assert "Within the normal range (0-70%)" in evidence


def test_only_the_pages_own_scripts_may_run(viewer: Client) -> None:
    answer = viewer.get("/")

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in answer.content.decode()
    assert "style=" not in answer.content.decode()
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("hours", ["0", "2161", "-1", "²", "9" * 5000, "6 OR 1=1"])
def test_a_chart_with_an_invalid_length_is_not_found(viewer: Client, hours: str) -> None:
    assert viewer.get(f"{evidence_address(CPU)}/series", {"hours": hours}).status_code == 404


HOSTILE = """# 運用設計書 <script>alert(1)</script>
<script>alert(2)</script>
## 監視 <img src=x onerror=alert(3)>
[押す](javascript:alert(4)) と <b onclick="alert(5)">ここ</b>
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Web"><script>alert(6)</script> | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| '; DROP TABLE evidence_ledgerentry; -- | メモリ使用率 | 0-70% | 80% | 90% | 1分 |
| {{ request.user }}{% load i18n %} | ディスク使用率 | 0-70% | 80% | 90% | 1分 |
| ../../etc/passwd | CPU使用率 | 0-60% | <svg/onload=alert(7)> | 85% | 1分 |
"""


def test_a_hostile_document_is_shown_as_plain_text(viewer: Client, in_force: Fixed) -> None:
    assert in_force.edition is not None
    design = read_design(HOSTILE + "| 大 | " + "長" * 100_000 + " |\n", "<i>運用設計書.md")
    in_force.edition = Edition(design, in_force.edition.bindings)
    monitors = design.of(Monitor)
    now = system_clock()
    show(
        [
            StatusUpdate(
                each.id, Verdict.DEVIATING, plain("<script>8</script>"), plain("<script>9</script>"), now
            )
            for each in monitors
        ],
        now,
        "digest",
    )

    pages = [viewer.get("/"), viewer.get("/", {"q": "Web"}), viewer.get("/figures")]
    pages += [viewer.get(evidence_address(each.id)) for each in monitors]

    assert len(monitors) >= 3
    for page in pages:
        text = page.content.decode()
        assert page.status_code == 200
        # Toban's own scripts are all loaded by URL.
        assert re.findall(r"<script(?![^>]* src=\"/static/)[^>]*>", text) == []
        assert not re.search(r"<[^>]*\son\w+=|<(img|svg/|i|b onclick)[ >/]|href=\"javascript:", text)
    assert LedgerEntry.objects.filter(kind=LedgerEntry.Kind.VERDICT).count() == len(monitors)


def test_the_navigation_ends_with_the_systems_other_pages(viewer: Client, in_force: Fixed) -> None:
    assert in_force.edition is not None
    written = '[system]\nlinks = { "<Wiki>" = "https://wiki.example.com/?a=1&b=2" }'
    in_force.edition = replace(
        in_force.edition, bindings=read_bindings(written, Path("toban.toml"), schema())
    )

    page = viewer.get("/").content.decode()

    assert '<a href="https://wiki.example.com/?a=1&amp;b=2" rel="noreferrer">&lt;Wiki&gt;' in page
