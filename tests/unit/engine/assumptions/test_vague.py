"""What `[assumptions]` and other settings say about words that the document leaves open."""

from datetime import time
from pathlib import Path

import pytest
from tests.registered import PARTS

from toban.design.assumption import Assumption
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.notices import NotificationRule
from toban.design.clauses.routine import Routine
from toban.design.reader import Design, read_design
from toban.engine.assumptions.vague import settle, words
from toban.engine.bindings.doubts import binding_findings
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import Bindings

TEXT = """\
# 運用設計書

## 定期作業

### 週次作業
| 作業項目 | 実施日時 | 担当者 | 内容 |
|---------|---------|-------|------|
| 脆弱性スキャン | 毎週水曜深夜 | 自動 | CVEチェック |
| ログ確認 | 毎週月曜10:00 | 開発担当者 | 傾向を見る |
| 棚卸し | 月初 9:00 | 開発担当者 | 数える |
| 点検 | 隔週水曜 9:00 | 開発担当者 | 見る |
| 見直し | 四半期毎 | 開発担当者 | 直す |

## 監視

### 監視項目
| 監視対象 | 監視項目 | 閾値 | 監視間隔 |
|---------|---------|------|---------|
| Web | CPU使用率 | 90%以上 | 1分 |

## 通知
| レベル | 通知先 | 通知方法 | 通知タイミング |
|-------|-------|---------|---------------|
| 警告 | 開発担当者 | メール | 営業時間内のみ |
| 情報 | 開発担当者 | メール | 日次まとめ |
"""
DESIGN = read_design(TEXT, "運用設計書.md")


def bound(text: str) -> Bindings:
    return read_bindings(text, Path("toban.toml"), PARTS.schema)


def routine(design: Design, name: str) -> Routine:
    return next(each for each in design.of(Routine) if each.name == name)


def assumption(design: Design, code: str) -> Assumption:
    return next(each for row in design.clauses for each in row.assumptions if each.code == code)


def test_the_words_that_can_be_given_a_clock_time_are_known() -> None:
    assert words(DESIGN) == {"深夜": "2:00", "日次まとめ": "9:00"}


def test_a_time_from_the_bindings_replaces_the_default_and_is_not_an_assumption() -> None:
    settled = settle(DESIGN, bound('[assumptions]\n"深夜" = "1:30"\n'))

    scan = routine(settled, "脆弱性スキャン")
    assert scan.schedule.at == time(1, 30)
    (said,) = scan.assumptions
    assert said.is_set
    assert str(said) == "「深夜」は toban.toml の [assumptions] により 1:30 です"
    assert said.said.in_language("en") == "“深夜” is 1:30 by [assumptions] in toban.toml"
    assert routine(settled, "ログ確認") is routine(DESIGN, "ログ確認")


def test_days_from_the_bindings_replace_the_default_and_the_time_stays() -> None:
    settled = settle(DESIGN, bound('[assumptions]\n"月初" = "第1営業日"\n'))

    assert str(routine(DESIGN, "棚卸し").schedule) == "毎月1日 09:00"
    assert str(routine(settled, "棚卸し").schedule) == "毎月第1営業日 09:00"


def test_a_limit_without_a_level_takes_the_level_that_the_bindings_say() -> None:
    (before,) = DESIGN.of(Monitor)

    (after,) = settle(DESIGN, bound('[assumptions]\n"レベルなし" = "異常"\n')).of(Monitor)

    assert (before.critical, after.critical, after.warning) == (None, before.warning, None)


def test_the_time_of_a_digest_comes_from_the_bindings() -> None:
    _, info = settle(DESIGN, bound('[assumptions]\n"日次まとめ" = "8:15"\n')).of(NotificationRule)

    assert info.delivery.digest is not None
    assert info.delivery.digest.at == time(8, 15)


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("design.assumed-fortnight", "[system]\nfortnight = 2026-04-01\n"),
        ("design.assumed-quarters", "[system]\nquarters = [3, 6, 9, 12]\n"),
        ("design.assumed-office-hours", '[system]\noffice_hours = "平日 10:00-19:00"\n'),
    ],
)
def test_what_a_setting_says_is_not_assumed(code: str, written: str) -> None:
    assert not assumption(DESIGN, code).is_set
    assert assumption(settle(DESIGN, bound(written)), code).is_set


def test_unknown_words_and_no_words_change_nothing() -> None:
    assert settle(DESIGN, bound("")) is DESIGN
    assert settle(DESIGN, bound('[assumptions]\n"早朝" = "6:00"\n')) is DESIGN


def test_a_word_in_no_row_and_a_meaning_that_does_not_fit_are_reported() -> None:
    bindings = bound('[assumptions]\n"早朝" = "6:00"\n"深夜" = "平日 9:00-18:00"\n')

    found = binding_findings(settle(DESIGN, bindings), bindings, PARTS.schema)

    assert [(each.code, each.origin.line) for each in found] == [("BD009", 2), ("BD010", 3)]
    assert str(found[1]) == (
        "toban.toml:3: BD010 「深夜」に「平日 9:00-18:00」は当てはまりません\n"
        '    "深夜" = "平日 9:00-18:00"\n'
        "HINT: ここに書けるもの: 時刻"
    )


def test_every_assumption_of_a_reader_says_why() -> None:
    taken = [each for row in DESIGN.clauses for each in row.assumptions]

    assert len({each.code for each in taken}) >= 6
    assert all(each.why and each.setting for each in taken)
