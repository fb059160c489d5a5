"""Rows of several chapters that order the same act."""

import pytest

from toban.design.acts import differ, is_patching, is_work_of, led, pairs, same_acts
from toban.design.clauses.capacity import CapacityReview
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import AccessReview
from toban.design.reader import read_design

DOCUMENT = """# 運用設計書
## 4. バックアップ
### RPO/RTO
| 項目 | 目標値 |
|---|---|
| RPO (復旧時点目標) | 1時間 |
| RTO (復旧時間目標) | 4時間 |
## 8. セキュリティ運用
### 脆弱性管理
| 項目 | 頻度 | 内容 |
|---|---|---|
| 脆弱性スキャン | 週次 | CVEチェック |
| セキュリティパッチ適用 | 毎月第2火曜 10:00 | 適用 |
### アクセス管理
- **アクセス権限レビュー**: 四半期毎
## 9. キャパシティ管理
### キャパシティ予測
- 月次でリソース使用率をレビュー
## 10. 定期作業
### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---|---|---|---|
| 脆弱性スキャン | 毎週水曜深夜 | 自動 | CVEチェック |
| セキュリティパッチ適用 | 月次 | 開発担当者 | OSパッチ適用 |
| キャパシティレビュー | 月初 | 運用責任者 | 使用状況 |
| アカウント棚卸 | 毎月1日 | 運用責任者 | 権限の確認 |
## 13. 重要な設計判断
### バックアップ戦略
- **RPO 1時間**: 1時間毎の増分バックアップ
- **RTO 8時間**: 手順書整備、定期訓練
"""
DESIGN = read_design(DOCUMENT, "運用設計書.md")


def test_rows_are_joined_by_name_and_kind() -> None:
    found = {act.leading.text.split(" | ")[0]: [row.text for row in act.others] for act in same_acts(DESIGN)}

    assert found == {
        "脆弱性スキャン": ["脆弱性スキャン | 週次 | CVEチェック"],
        "セキュリティパッチ適用": ["セキュリティパッチ適用 | 毎月第2火曜 10:00 | 適用"],
        "キャパシティレビュー": ["月次でリソース使用率をレビュー"],
        "RPO (復旧時点目標)": ["RPO 1時間: 1時間毎の増分バックアップ"],
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [("脆弱性スキャン", "毎週水曜 02:00"), ("セキュリティパッチ適用", "毎月第2火曜 10:00")],
)
def test_the_more_exact_time_wins_wherever_it_stands(name: str, words: str) -> None:
    act = next(act for act in same_acts(DESIGN) if act.leading.text.startswith(name))

    assert str(act.schedule) == words


def test_rows_that_contradict_each_other_are_a_pair_but_not_joined() -> None:
    found = [(row.text, leader.text.split(" | ")[0]) for row, leader in pairs(DESIGN) if differ(row, leader)]

    assert found == [
        ("アクセス権限レビュー: 四半期毎", "アカウント棚卸"),
        ("RTO 8時間: 手順書整備、定期訓練", "RTO (復旧時間目標)"),
    ]


def test_of_two_rows_that_could_be_meant_nobody_guesses() -> None:
    twice = DOCUMENT.replace(
        "| キャパシティレビュー | 月初 | 運用責任者",
        "| リソース確認 | 毎月20日 | 運用責任者 | 見る |\n| キャパシティレビュー | 月初 | 運用責任者",
    )

    titles = [act.leading.text for act in same_acts(read_design(twice, "運用設計書.md"))]

    assert not any("キャパシティ" in each for each in titles)


def test_a_row_that_leads_a_review_orders_it_too() -> None:
    found = [row.text.split(" | ")[0] for row in DESIGN.clauses if is_work_of(CapacityReview, row, DESIGN)]

    assert found == ["月次でリソース使用率をレビュー", "キャパシティレビュー"]


def test_a_row_that_contradicts_a_review_neither_leads_nor_orders_it() -> None:
    found = [row.text for row in DESIGN.clauses if is_work_of(AccessReview, row, DESIGN)]

    assert found == ["アクセス権限レビュー: 四半期毎"]
    assert not {row.id for row in DESIGN.of(AccessReview)} & led(DESIGN).keys()


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("セキュリティパッチ適用", True),
        ("OSパッチ当て", True),
        ("パッチ適用", True),
        ("OSアップデート", True),
        ("Security patches", True),
        ("Apply security updates", True),
        ("Server patching", True),
        ("パッチ適用状況確認", False),
        ("セキュリティパッチ計画の見直し", False),
        ("Review of patch management", False),
        ("脆弱性スキャン", False),
        ("パッチリリース", False),
    ],
)
def test_who_installs_patches_is_told_from_who_looks_at_them(name: str, is_one: bool) -> None:
    table = f"| 作業項目 | 実施日 | 担当者 |\n|---|---|---|\n| {name} | 毎月1日 | 担当 |\n"
    document = f"# 運用設計書\n## 定期作業\n{table}"

    (row,) = read_design(document, "運用設計書.md").of(Routine)

    assert is_patching(row) is is_one
