"""What 夜間, 休日 and 最小 of a measure mean where the bindings leave it open."""

from pathlib import Path

import pytest
from tests.registered import PARTS

from toban.chapters.cost.off_hours.meant import busy_hours, least_sizes
from toban.chapters.cost.plan import CostPlan, plan
from toban.design.clauses.cost import CostMeasure
from toban.design.reader import Design, read_design
from toban.design.values.hours import read_hours
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import Bindings
from toban.engine.editions.edition import Edition
from toban.message import Message

DOCUMENT = """\
# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 上原 | 平日 8:30-17:30 |
## 9. キャパシティ管理
### スケーリング
| トリガー | アクション | タイミング |
|---|---|---|
| CPU使用率70%が30分継続 | Webサーバー1台追加 | 自動 (Auto Scaling) |
| キュー長100件以上 | 集計サーバー1台追加 | 手動 |
## 11. コスト管理
### コスト最適化
- 縮小: {measure}
"""
SCALING = """
[scaling."Webサーバー"]
kind = "command"
resize = ["true", "{{to}}"]
count = ["true"]
{by}
[scaling."集計サーバー"]
kind = "command"
resize = ["true", "{{to}}"]
count = ["true"]
"""
TABLE = '[off_hours."縮小"]\n'


def design(measure: str) -> Design:
    return read_design(DOCUMENT.format(measure=measure), "運用設計書.md")


def bindings(text: str = "", by: str = "") -> Bindings:
    return read_bindings(f"{text}\n{SCALING.format(by=by)}", Path("toban.toml"), PARTS.schema)


def row(read: Design) -> CostMeasure:
    [found] = read.of(CostMeasure)
    return found


def planned(measure: str, text: str = TABLE, by: str = "") -> CostPlan:
    return plan(Edition(design(measure), bindings(text, by), PARTS.kinds))


def quiet(found: CostPlan) -> list[tuple[str, str, int]]:
    return [(each.group, str(each.busy), each.least) for each in found.quiet]


@pytest.mark.parametrize(
    ("measure", "busy"),
    [
        ("Auto Scalingで夜間・休日は最小台数に自動縮小", "平日8:30-17:30"),
        ("サーバーは業務時間外に最小台数", "平日8:30-17:30"),
        ("Auto Scaling in at nights and on weekends", "平日8:30-17:30"),
        ("Scale down servers during off-hours", "平日8:30-17:30"),
        ("サーバーは夜間に最小台数", "毎日08:30-17:30"),
        ("サーバーは休日に最小台数", "平日00:00-00:00"),
    ],
)
def test_night_and_days_off_are_what_the_hours_of_the_office_leave(measure: str, busy: str) -> None:
    read = design(measure)

    assert busy_hours(row(read), read, bindings()) == read_hours(busy)


@pytest.mark.parametrize(
    "measure",
    [
        "サーバーは22:00以降の夜間に最小台数",
        "サーバーは夜22時から最小台数",
        "サーバーは深夜に最小台数",
        "サーバーは平日夜間に最小台数",
        "サーバーは月末を除く夜間に最小台数",
        "Auto Scalingで最小台数に縮小",
        "Scale down servers at night except weekends",
        "Scale down servers after 10 pm at night",
    ],
)
def test_hours_that_the_words_draw_otherwise_are_not_assumed(measure: str) -> None:
    read = design(measure)
    found = planned(measure)

    assert busy_hours(row(read), read, bindings()) is None
    assert found.rows[row(read).id] == Message("off-hours.hours-not-said", file="toban.toml", name="縮小")
    assert found.quiet == ()


def test_bound_office_hours_go_before_those_of_the_roles() -> None:
    read = design("サーバーは夜間・休日に最小台数")
    bound = bindings('[system]\noffice_hours = "毎日6:00-24:00"')

    assert busy_hours(row(read), read, bound) == read_hours("毎日6:00-24:00")


@pytest.mark.parametrize("by", ["", 'by = "toban"'])
def test_the_least_is_one_of_each_group_that_toban_scales(by: str) -> None:
    read = design("サーバーは夜間・休日に最小台数")

    assert least_sizes(row(read), read, bindings(by=by)) == {"Webサーバー": 1}


def test_a_group_that_the_provider_scales_is_not_lowered_unless_a_person_says_so() -> None:
    found = planned("サーバーは夜間・休日に最小台数", by='by = "provider"')

    assert found.quiet == ()
    assert list(found.rows.values())[-1] == Message("off-hours.no-group", file="toban.toml", name="縮小")


@pytest.mark.parametrize(
    "measure",
    [
        "サーバーは夜間・休日は2台に縮小",
        "サーバーは夜間・休日に半分へ縮小",
        "サーバーは夜間・休日に停止",
        "Scale down to 2 instances at nights and weekends",
        "Stop servers at nights and on weekends",
    ],
)
def test_a_size_that_the_words_state_is_not_assumed(measure: str) -> None:
    read = design(measure)

    assert least_sizes(row(read), read, bindings()) == {}
    assert planned(measure).rows[row(read).id] == Message(
        "off-hours.size-not-said", file="toban.toml", name="縮小"
    )


def test_an_empty_table_lowers_by_what_is_assumed_and_without_a_table_nothing_is() -> None:
    measure = "サーバーは夜間・休日は最小台数"

    assert quiet(planned(measure)) == [("Webサーバー", "平日08:30-17:30", 1)]
    assert quiet(planned(measure, "")) == []
    assert list(planned(measure, "").rows.values())[-1] == Message("off-hours.not-bound", file="toban.toml")


def test_what_a_person_writes_goes_before_what_is_assumed() -> None:
    written = TABLE + 'groups = { "Webサーバー" = 2 }\nbusy = "平日7:00-22:00"\n'

    assert quiet(planned("サーバーは深夜に3台", written)) == [("Webサーバー", "平日07:00-22:00", 2)]
