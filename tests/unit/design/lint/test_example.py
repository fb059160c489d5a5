"""The example document contains typical contradictions on purpose: all of them are found."""

from datetime import date
from pathlib import Path

import pytest

from toban.design.finding import FindingLevel
from toban.design.lint import inspect
from toban.design.reader import load_design

DOCUMENT = Path(__file__).parents[4] / "examples" / "webshop" / "運用設計書.md"


@pytest.mark.parametrize(
    ("code", "rows"),
    [
        ("OB001", ["稼働率"]),
        ("IN001", ["RTO"]),
        ("IN002", ["RTO"]),
        ("MN005", ["異常 (Critical)"]),
        ("MN006", ["緊急連絡先"]),
        ("BK001", ["PostgreSQL | 増分"]),
        ("BK002", ["PostgreSQL | 増分"]),
        ("BK003", ["PostgreSQL | 増分"]),
        ("XX001", ["PostgreSQL | フル", "B001", "B002"]),
        ("RL001", ["マイナーリリース"]),
        ("MN001", ["Webサーバー | CPU"]),
        ("MN003", ["API | レスポンスタイム", "API | エラー率"]),
        ("MN004", ["即時検知"]),
        ("BT001", ["B002", "B003"]),
        ("CO001", ["インフラコスト全体"]),
        ("LG001", ["アプリログ"]),
        ("RT001", ["バックアップリストアテスト"]),
        (
            "XX003",
            [
                "アクセス権限レビュー",
                "脆弱性スキャン | 毎週水曜深夜",
                "キャパシティレビュー",
                "四半期毎にドキュメントレビュー",
            ],
        ),
        ("XX002", ["運用責任者", "開発担当者", "緊急連絡先"]),
    ],
)
def test_each_contradiction_is_found_on_exactly_these_rows(code: str, rows: list[str]) -> None:
    found = [f for f in inspect(load_design(DOCUMENT), date(2026, 11, 25)) if f.code == code]

    assert len(found) == len(rows)
    assert all(finding.quote.startswith(row) for finding, row in zip(found, rows, strict=True))


def test_rows_with_a_gap_before_the_warning_are_one_finding_with_a_line_each() -> None:
    [found] = [f for f in inspect(load_design(DOCUMENT), date(2026, 11, 25)) if f.code == "MN001"]
    rows = [
        "Webサーバー | CPU",
        "Webサーバー | メモリ",
        "APIサーバー | CPU",
        "APIサーバー | メモリ",
        "DB | CPU",
        "DB | 接続数",
        "API | レスポンスタイム",
        "API | エラー率",
    ]

    quoted = found.quote.splitlines()

    assert len(quoted) == len(rows)
    assert all(line.startswith(row) for line, row in zip(quoted, rows, strict=True))


def test_nothing_else_is_found() -> None:
    codes = {finding.code for finding in inspect(load_design(DOCUMENT), date(2026, 11, 25))}

    assert codes == {
        *("OB001", "IN001", "IN002", "MN001", "MN003", "MN004", "MN005", "MN006", "LG001", "BK001", "BK002"),
        *("BK003", "RL001", "BT001", "RT001", "CO001", "XX001", "XX002", "XX003"),
    }


def test_a_contradiction_is_an_error() -> None:
    errors = {
        f.code for f in inspect(load_design(DOCUMENT), date(2026, 11, 25)) if f.level is FindingLevel.ERROR
    }

    assert errors == {"OB001", "IN001", "MN004", "MN005", "LG001", "BK001", "BK002", "BT001"}
