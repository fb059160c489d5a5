"""Figures that must be consistent: budgets, utilisation, recovery times, retries, levels, frequencies."""

from collections.abc import Callable

import pytest

from toban.design.finding import Finding

type Find = Callable[[str, str], list[Finding]]


def budgets(*rows: str) -> str:
    head = """# 運用設計書

## コスト管理

### コスト監視
| 項目 | 月額予算 | アラートしきい値 | 確認頻度 |
|---|---|---|---|
"""
    return head + "".join(f"{row}\n" for row in rows)


def test_the_unallocated_part_of_the_total_is_named(find: Find) -> None:
    text = budgets("| 全体 | ¥500,000 | ¥550,000 | 日次 |", "| EC2 | ¥400,000 | ¥440,000 | 日次 |")

    (finding,) = find("CO001", text)

    assert "全体¥500,000のうち¥100,000がどの項目にも割り当てられていません" in str(finding.message)


@pytest.mark.parametrize(
    ("item", "codes"),
    [("¥499,999", ["CO001"]), ("¥500,000", []), ("¥500,001", ["CO002"]), ("$3,000", []), ("-", [])],
)
def test_items_are_compared_with_the_total_in_the_same_currency(
    find: Find, item: str, codes: list[str]
) -> None:
    text = budgets("| 全体 | ¥500,000 | ¥550,000 | 日次 |", f"| EC2 | {item} | ¥1 | 日次 |")

    assert [finding.code for code in ("CO001", "CO002") for finding in find(code, text)] == codes


def test_a_total_without_items_raises_no_finding(find: Find) -> None:
    assert find("CO001", budgets("| 全体 | ¥500,000 | ¥550,000 | 日次 |")) == []


@pytest.mark.parametrize(
    ("alert", "count"),
    [("¥550,000 (110%)", 0), ("¥554,999 (110%)", 0), ("¥560,000 (110%)", 1), ("¥550,000", 0)],
)
def test_alert_percent_is_rounded_to_one_point_at_most(find: Find, alert: str, count: int) -> None:
    assert len(find("CO003", budgets(f"| 全体 | ¥500,000 | {alert} | 日次 |"))) == count


@pytest.mark.parametrize(("share", "count"), [("20%", 0), ("21%", 0), ("22%", 1), ("18%", 1)])
def test_utilisation_is_rounded_to_one_point_at_most(find: Find, share: str, count: int) -> None:
    text = f"""# 運用設計書

## キャパシティ管理

### リソース使用状況
| リソース | 現在使用量 | 上限 | 使用率 | 次回拡張予定 |
|---|---|---|---|---|
| DBストレージ | 100GB | 500GB | {share} | 使用率70%到達時 |
"""

    assert len(find("CP001", text)) == count


def incidents(rto: str, recovery: str, availability: str = "99.9%") -> str:
    return f"""# 運用設計書

## 運用方針

### 運用目標
| 項目 | 目標値 |
|---|---|
| 稼働率 | {availability} |

## バックアップ・リストア

### RPO/RTO
| 項目 | 目標値 |
|---|---|
| RTO (復旧時間目標) | {rto} |

## 障害対応

### 障害レベル定義
| レベル | 定義 | 対応時間 |
|---|---|---|
| Critical | 全停止 | 即時対応 ({recovery}以内復旧) |
| High | 主要機能停止 | 1時間以内対応 (8時間以内復旧) |
"""


@pytest.mark.parametrize(("rto", "count"), [("1時間", 0), ("60分", 0), ("4時間", 1), ("30分", 1)])
def test_the_rto_must_equal_the_recovery_limit_of_the_most_severe_level(
    find: Find, rto: str, count: int
) -> None:
    assert len(find("IN001", incidents(rto, "1時間"))) == count


@pytest.mark.parametrize(("rto", "count"), [("43分", 0), ("44分", 1)])
def test_one_outage_must_fit_into_the_monthly_downtime(find: Find, rto: str, count: int) -> None:
    assert len(find("IN002", incidents(rto, rto))) == count


def batches(action: str, retry: str = "失敗時3回まで自動リトライ (間隔: 5分、15分、30分)") -> str:
    return f"""# 運用設計書

## バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| J01 | 集計 | 日次 | 1:15 | 前日分の集計 | {action} |

### バッチ実行方式
- **リトライ**: {retry}
"""


@pytest.mark.parametrize(
    ("action", "count"),
    [
        ("再実行", 0),
        ("再実行、アラート", 0),
        ("アラート", 0),
        ("翌日再実行", 1),
        ("手動再実行", 1),
        ("スキップ", 1),
        ("3回リトライ後に手動再実行", 0),
    ],
)
def test_only_actions_instead_of_a_retry_contradict_the_rule(find: Find, action: str, count: int) -> None:
    assert len(find("BT001", batches(action))) == count


@pytest.mark.parametrize(
    ("delays", "count"), [("5分、15分、30分", 0), ("5分", 0), ("5分、15分", 1), ("1分、5分、15分、30分", 1)]
)
def test_each_retry_has_its_delay(find: Find, delays: str, count: int) -> None:
    assert len(find("BT002", batches("再実行", f"失敗時3回まで自動リトライ (間隔: {delays})"))) == count


@pytest.mark.parametrize(
    ("content", "output", "count"),
    [("INFO/DEBUG", "×", 1), ("INFO/DEBUG", "○", 0), ("INFO", "×", 0), ("DEBUGGERの記録", "×", 0)],
)
def test_a_level_is_matched_as_a_whole_word(find: Find, content: str, output: str, count: int) -> None:
    text = f"""# 運用設計書

## ログ管理

### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アプリログ | 処理 ({content}) | ログサーバー | 90日 |

### ログレベル
| レベル | 用途 | 本番環境出力 |
|---|---|---|
| DEBUG | 調査 | {output} |
| INFO | 通常 | ○ |
"""

    assert len(find("LG001", text)) == count
