"""The meaning of vague words in a document."""

from datetime import time

from toban.design.clauses.routine import Routine
from toban.design.reader import Design, read_design
from toban.engine.bindings.vague import clock_words, settle

TEXT = """\
# 運用設計書

## 定期作業

### 週次作業
| 作業項目 | 実施日時 | 担当者 | 内容 |
|---------|---------|-------|------|
| 脆弱性スキャン | 毎週水曜深夜 | 自動 | CVEチェック |
| ログ確認 | 毎週月曜10:00 | 開発担当者 | 傾向を見る |
"""


def routines(design: Design) -> dict[str, Routine]:
    return {each.name: each for each in design.of(Routine)}


def test_the_words_that_can_be_given_a_clock_time_are_known() -> None:
    assert clock_words(read_design(TEXT, "運用設計書.md")) == {"深夜": "2:00"}


def test_a_time_from_the_bindings_replaces_the_default_and_is_not_an_assumption() -> None:
    design = read_design(TEXT, "運用設計書.md")

    settled = settle(design, {"深夜": time(1, 30)}, "toban.toml")

    scan = routines(settled)["脆弱性スキャン"]
    assert scan.schedule.at == time(1, 30)
    (assumption,) = scan.assumptions
    assert str(assumption) == "「深夜」は toban.toml の [assumptions] により 1:30 です"
    assert assumption.in_language("en") == "“深夜” is 1:30 by [assumptions] in toban.toml"
    assert routines(settled)["ログ確認"] == routines(design)["ログ確認"]


def test_unknown_words_and_no_words_change_nothing() -> None:
    design = read_design(TEXT, "運用設計書.md")

    assert settle(design, {}, "toban.toml") is design
    assert settle(design, {"早朝": time(6)}, "toban.toml") == design
