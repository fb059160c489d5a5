from collections.abc import Callable
from decimal import Decimal

import pytest

from toban.design.clauses.backup import RecoveryObjective
from toban.design.clauses.duty import DutyRole
from toban.design.clauses.objectives import MaintenanceWindow, Objective, ServiceHours
from toban.design.reader import Design
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.metric import Metric
from toban.design.values.people import ChannelKind
from toban.design.values.schedule import Cadence, NthWeekday, Weekday
from toban.design.values.threshold import Comparison

type Read = Callable[..., Design]


def target_of(read: Read, item: str, target: str, heading: str = "## 運用目標") -> Objective:
    (objective,) = read(heading, "| 項目 | 目標値 |", "|-|-|", f"| {item} | {target} |").of(Objective)
    return objective


@pytest.mark.parametrize(
    "target",
    [
        "99.9% (年間ダウンタイム8.76時間以内)",
        "99.9%（年間ダウンタイム8.76時間以内）",
        "99.9%以上 (年間停止時間 8.76時間)",
    ],
)
def test_the_downtime_next_to_the_availability_is_kept(read: Read, target: str) -> None:
    objective = target_of(read, "稼働率", target)

    assert objective.metric is Metric.AVAILABILITY
    assert objective.target.limit.value == Decimal("99.9")
    assert objective.allowed_downtime == Duration(Decimal("8.76"), TimeUnit.HOUR)
    assert objective.period == "年間"


@pytest.mark.parametrize(
    ("item", "target", "comparison"),
    [
        ("稼働率", "99.9%", Comparison.AT_LEAST),
        ("レスポンスタイム", "500ms", Comparison.AT_MOST),
        ("エラー率", "0.1%", Comparison.AT_MOST),
        ("エラー率", "0.1%未満", Comparison.BELOW),
    ],
)
def test_a_bare_target_gets_the_direction_of_its_item(
    read: Read, item: str, target: str, comparison: Comparison
) -> None:
    assert target_of(read, item, target).target.comparison is comparison


def test_a_target_that_may_be_a_ratio_or_a_percentage_is_asked(read: Read) -> None:
    design = read("## 運用目標", "| 項目 | 目標値 |", "|-|-|", "| 稼働率 | 0.999 |")

    assert design.of(Objective) == ()
    assert "「0.999」は 99.9% とも 0.999% とも読めます" in str(design.unread[0].reason)


def test_a_percentile_becomes_the_subject_of_the_target(read: Read) -> None:
    objective = target_of(read, "画面表示", "95パーセンタイル で 3秒以内", "## 性能要件")

    assert (objective.target.subject, objective.target.limit.value) == ("95パーセンタイル", Decimal(3))


def test_a_recovery_target_among_other_targets_is_recognised(read: Read) -> None:
    design = read(
        "## 可用性要件",
        "| 項目 | 要件値 | 実現方法 |",
        "|-|-|-|",
        "| RTO（目標復旧時間） | 4時間以内 | 二重化 |",
    )

    assert len(design.of(RecoveryObjective)) == 1
    assert design.of(Objective) == ()


def test_a_planned_stop_among_the_targets_is_a_maintenance_window(read: Read) -> None:
    row = "| 計画停止 | 月1回・深夜2:00〜3:00・1時間以内 | 告知 |"

    (window,) = read("## 可用性要件", "| 項目 | 要件値 | 実現方法 |", "|-|-|-|", row).of(MaintenanceWindow)

    assert window.schedule.at is not None
    assert (window.schedule.cadence, window.schedule.at.hour) == (Cadence.MONTHLY, 2)


@pytest.mark.parametrize(
    ("heading", "item"), [("## 学習効果のKPI", "再訪率"), ("## KPI管理", "来店数"), ("## 売上目標", "客単価")]
)
def test_business_figures_are_not_objectives(read: Read, heading: str, item: str) -> None:
    design = read("## 運用", heading, "| 指標 | 目標値 |", "|-|-|", f"| {item} | 80%以上 |")

    assert design.of(Objective) == ()
    assert len(design.unread) == 1


def test_a_known_metric_is_an_objective_even_among_kpis(read: Read) -> None:
    assert target_of(read, "平均応答時間", "<200ms", "## KPI管理").metric is Metric.RESPONSE_TIME


def test_two_targets_in_a_cell_are_unread(read: Read) -> None:
    design = read(
        "## SLA定義",
        "| 項目 | 目標値 |",
        "|-|-|",
        "| 応答時間 | 画面3秒以内、API200ms以内 |",
        "| 稼働率 | 99% |",
    )

    assert [row.line for row in design.unread] == [5]


def test_project_data_below_the_title_are_not_targets(read: Read) -> None:
    design = read(
        "# 非機能要件設計書",
        "| 項目 | 内容 |",
        "|-|-|",
        "| バージョン | 1.0 |",
        "| 作成日 | 4月1日 |",
        "| 規模 | 10% |",
    )

    assert design.of(Objective) == ()
    assert [row.line for row in design.aside] == [5, 6]


def test_role_has_holder_and_hours(read: Read) -> None:
    row = "| 運用責任者 | [氏名] | 平日9:00-18:00 |"

    (role,) = read("## 運用体制", "| 役割 | 担当 | 対応時間 |", "|-|-|-|", row).of(DutyRole)

    assert (role.role, role.holder, role.is_placeholder) == ("運用責任者", "[氏名]", True)
    assert role.hours is not None
    assert not role.hours.is_always


def test_a_role_without_a_holder_column_is_not_a_placeholder(read: Read) -> None:
    (role,) = read("## 体制", "| 役割 | 責務 | 対応時間 |", "|-|-|-|", "| 当番 | 一次対応 | 24/7 |").of(
        DutyRole
    )

    assert (role.is_placeholder, role.duties) == (False, "一次対応")


def test_contact_says_how_to_reach_a_role(read: Read) -> None:
    (role,) = read("## Contacts", "| Role | Contact |", "|-|-|", "| On-call | Slack #ops |").of(DutyRole)

    assert [(channel.kind, channel.address) for channel in role.channels] == [(ChannelKind.SLACK, "#ops")]


def test_contacts_may_be_a_list_and_a_channel_is_not_a_role(read: Read) -> None:
    design = read("## 緊急連絡先", "- 当番: duty@example.com", "- Slack: #ops")

    assert [role.role for role in design.of(DutyRole)] == ["当番"]


@pytest.mark.parametrize(
    ("heading", "header", "row"),
    [
        ("## 承認欄", "役割 | 氏名 | 日付", "作成者 | 佐藤 | 4月"),
        ("## 主要コンポーネント", "コンポーネント | 役割 | 重要度", "DB | 保存 | 高"),
        ("### ペルソナ", "役割 | 担当", "主婦 | 30代"),
        ("## 役割と責任", "役割 | 責任範囲 | 頻度", "権限管理 | 棚卸し | 月次"),
    ],
)
def test_other_tables_of_roles_are_not_duty_roles(read: Read, heading: str, header: str, row: str) -> None:
    rule = " | ".join("-" for _ in header.split("|"))

    design = read("## 運用体制", heading, f"| {header} |", f"| {rule} |", f"| {row} |")

    assert design.of(DutyRole) == ()


def test_service_hours_and_maintenance_are_list_entries(read: Read) -> None:
    design = read(
        "## サービス提供時間",
        "- **稼働時間**: 24時間365日",
        "- **メンテナンス**: 毎月第2日曜日 2:00-4:00 (計画メンテナンス)",
    )

    assert [hours.hours.is_always for hours in design.of(ServiceHours)] == [True]
    assert [window.schedule.day for window in design.of(MaintenanceWindow)] == [NthWeekday(2, Weekday.SUNDAY)]


def test_window_may_end_on_the_next_day(read: Read) -> None:
    (window,) = read("## 運用方針", "- 計画停止: 毎月第3土曜日 22:00〜翌2:00").of(MaintenanceWindow)

    assert window.schedule.until is not None
    assert window.schedule.until.hour == 2


def test_working_week_is_read_in_english(read: Read) -> None:
    (role,) = read(
        "## On-call", "| Role | Name | Hours |", "|-|-|-|", "| Lead | Ann | Mon-Fri 9:00-18:00 |"
    ).of(DutyRole)

    assert role.hours is not None
    assert len(role.hours.weekdays) == 5


def test_a_bare_time_is_an_upper_limit_for_any_item(read: Read) -> None:
    header = "| エンドポイント | メソッド | SLA | SLO |"

    (objective,) = read("## レスポンスタイムSLO", header, "|-|-|-|-|", "| /orders | GET | 1秒 | 500ms |").of(
        Objective
    )

    assert (objective.target.limit.unit, objective.target.comparison) == ("ms", Comparison.AT_MOST)
