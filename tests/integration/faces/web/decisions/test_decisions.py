"""The decisions on pages: how each stands, what breaks it with links, and its last months."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone
from tests.integration.chapters.decisions.judging import edition_of, judge
from tests.integration.faces.web.conftest import Fixed

from toban.design.clauses.monitoring import Monitor
from toban.engine.evidence import status
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.faces.document.address import evidence_address
from toban.message import NOTHING

pytestmark = pytest.mark.django_db

DOCUMENT = """# 運用設計書
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| Web | メモリ使用率 | 0-70% | 80% | 90% | 1分 |
| DB | CPU使用率 | 0-60% | 70% | 85% | 1分 |
## 13. 重要な設計判断
### 監視戦略
- **メトリクス監視**: CPU/メモリ
- **可用性**: マルチAZ構成
"""
DECISION = "decisions/decision/監視戦略/メトリクス監視"
JAPANESE = re.compile(r"[ぁ-んァ-ヶー一-龠]+")


@pytest.fixture(autouse=True)
def judged(in_force: Fixed) -> None:
    """Have the decision kept for two days, and broken since a day."""
    edition = in_force.edition = edition_of(DOCUMENT)
    mended = edition_of(DOCUMENT.replace("CPU/メモリ", "CPU"))
    now = timezone.now()
    for each, ago in ((mended, 2), (edition, 1)):
        at = now - timedelta(days=ago)
        rows = each.design.of(Monitor)
        status.show([StatusUpdate(row.id, Verdict.CONFORMING, NOTHING, NOTHING, at) for row in rows], at, "")
        judge(each, at)
    rows = edition.design.of(Monitor)
    status.show([StatusUpdate(row.id, Verdict.CONFORMING, NOTHING, NOTHING, now) for row in rows], now, "")
    judge(edition, now)


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content.decode()[-2000:]
    return unescape(answer.content.decode())


def test_the_list_says_what_breaks_a_decision_and_leads_to_it(viewer: Client) -> None:
    shown = page(viewer, "/decisions/")

    assert "DB の メモリ を監視する行がありません" in shown
    assert f'<a href="{evidence_address("monitoring/monitor/DB/CPU使用率")}">運用設計書.md:8 →</a>' in shown
    assert "マルチAZ構成" in shown
    assert 'aria-current="page"' in shown


def test_the_ribbon_has_both_verdicts(viewer: Client) -> None:
    shown = page(viewer, evidence_address(DECISION))

    pieces = re.findall(r'<rect class="([a-z-]+)" x="[\d.]+" y="0" width="([\d.]+)"', shown)
    assert pieces == [("conforming", "11.1"), ("deviating", "11.1")]
    assert "DB の メモリ を監視する行がありません" in shown
    assert "この判断に反するもの" in shown


def test_a_decision_that_nothing_breaks_says_so(viewer: Client, in_force: Fixed) -> None:
    in_force.edition = edition_of(DOCUMENT.replace("CPU/メモリ", "CPU"))

    assert "今はありません。" in page(viewer, evidence_address(DECISION))


def test_a_document_without_decisions_says_how_to_write_them(viewer: Client, in_force: Fixed) -> None:
    in_force.edition = edition_of(DOCUMENT.partition("## 13.")[0])

    assert "文書の13章に設計判断を箇条書きにする" in page(viewer, "/decisions/")


def test_the_page_is_in_english_too(viewer: Client) -> None:
    shown = unescape(viewer.get("/decisions/", headers={"Accept-Language": "en"}).content.decode())

    (content,) = re.findall(r'<div class="heading">.*?</main>', shown, re.DOTALL)
    # The document's own words stay.
    words = set(JAPANESE.findall(re.sub(r"<[^>]+>", " ", content)))
    assert words <= {"メトリクス監視", "メモリ", "監視戦略", "可用性", "マルチ", "構成", "運用設計書"}
    assert "No row monitors メモリ of DB" in shown
