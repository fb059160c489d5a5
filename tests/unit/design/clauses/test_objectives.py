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


@pytest.mark.parametrize(
    ("item", "target", "comparison"),
    [
        ("窓口時間内稼働率", "99.5%", Comparison.AT_LEAST),
        ("フェイルオーバー成功率", "99%", Comparison.AT_LEAST),
        ("伝票取込", "3秒", Comparison.AT_MOST),
        ("訓練の参加", "100%", Comparison.AT_LEAST),
        ("重大な取り違え", "0件", Comparison.AT_MOST),
    ],
)
def test_the_direction_comes_from_the_head_noun_the_heading_or_the_extreme(
    read: Read, item: str, target: str, comparison: Comparison
) -> None:
    assert target_of(read, item, target, "## 性能目標").target.comparison is comparison


@pytest.mark.parametrize(
    ("item", "target", "code"),
    [
        ("入居者マスタ", "3,000件", "design.target-without-direction"),
        ("最大同時接続数", "200", "design.target-without-direction"),
        ("エラー率", "100%", "design.target-without-direction"),
        ("計画停止通知", "毎月1日", "design.target-without-direction"),
        ("記録の保存期間", "5年以上", "design.no-service-level"),
        ("ベッド稼働率", "85%", "design.no-service-level"),
    ],
)
def test_what_is_no_target_or_has_no_known_direction_is_asked(
    read: Read, item: str, target: str, code: str
) -> None:
    design = read("## 性能目標", "| 項目 | 目標値 |", "|-|-|", f"| {item} | {target} |")

    assert design.clauses == ()
    assert design.unread[0].reason.code == code


def test_a_count_that_another_cell_calls_a_limit_is_asked(read: Read) -> None:
    design = read(
        "## 性能目標", "| 項目 | 目標値 | 備考 |", "|-|-|-|", "| 同時接続数 | 50人 | 契約上の上限 |"
    )

    assert design.unread[0].reason.code == "design.target-without-direction"


def test_a_size_is_no_share_of_memory(read: Read) -> None:
    assert target_of(read, "メモリ使用量", "4GB以下", "## 性能目標").metric is None


@pytest.mark.parametrize("item", ["四半期稼働率", "稼働率（年間）", "Monthly system uptime"])
def test_availability_of_any_period_is_availability(read: Read, item: str) -> None:
    assert target_of(read, item, "99.5%").metric is Metric.AVAILABILITY


def test_a_row_with_an_aim_and_a_promise_states_two_levels(read: Read) -> None:
    aim, promise = read(
        "## SLA",
        "| サービス | 指標 | SLO | SLA（契約） |",
        "|-|-|-|-|",
        "| 約定 | 成功率 | 99.95% | 99.9% |",
    ).of(Objective)

    assert (aim.name, str(aim.target.limit)) == ("約定 成功率", "99.95%")
    assert (promise.name, str(promise.target.limit)) == ("約定 成功率 (SLA)", "99.9%")
    assert aim.id != promise.id


@pytest.mark.parametrize(
    ("heading", "header", "target", "limit", "subject"),
    [
        ("## 性能目標", "目標値（秒）", "2", "2秒", ""),
        ("## 性能目標", "目標値（95パーセンタイル）", "2秒", "2秒", "95パーセンタイル"),
        ("## 応答時間の目標（p99）", "目標値", "2秒", "2秒", "p99"),
    ],
)
def test_the_unit_and_the_percentile_outside_the_cell_are_kept(
    read: Read, heading: str, header: str, target: str, limit: str, subject: str
) -> None:
    (objective,) = read(heading, f"| 項目 | {header} |", "|-|-|", f"| 応答時間 | {target} |").of(Objective)

    assert (str(objective.target.limit), objective.target.subject) == (limit, subject)


def test_figures_of_a_report_are_no_targets(read: Read) -> None:
    design = read(
        "## SLA", "### 稼働報告書", "| 指標 | 目標 | 実績 |", "|-|-|-|", "| 稼働率 | 99.9% | 99.95% |"
    )

    assert design.of(Objective) == ()


def test_an_unknown_first_column_may_be_the_subject(read: Read) -> None:
    header = "| 棟 | 指標 | 目標値 |"
    design = read("## SLA", header, "|-|-|-|", "| 東 | 応答時間 | 1秒 |", "| 西 | 応答時間 | 3秒 |")

    assert {row.reason.code for row in design.unread} == {"design.unknown-column"}


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

    aim, promise = read("## レスポンスタイムSLO", header, "|-|-|-|-|", "| /orders | GET | 1秒 | 500ms |").of(
        Objective
    )

    assert (aim.target.limit.unit, aim.target.comparison) == ("ms", Comparison.AT_MOST)
    assert (promise.target.limit.unit, promise.target.comparison) == ("秒", Comparison.AT_MOST)


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("Alert: P95 > 900ms", "design.level-is-no-item"),
        ("警告: 900ms超", "design.level-is-no-item"),
        ("Max drawdown: < 8%", "design.no-service-level"),
        ("Hedge slippage: < 2%", "design.no-service-level"),
    ],
)
def test_a_threshold_and_a_figure_of_the_business_are_no_targets(read: Read, entry: str, code: str) -> None:
    design = read("## Performance targets", "### Order gateway API", f"- {entry}")

    assert not design.of(Objective)
    assert [row.reason.code for row in design.unread] == [code]


@pytest.mark.parametrize("key", ["Target", "Minimum", "Goal", "目標値", "SLO", "Error budget"])
def test_a_key_that_names_no_figure_is_no_item(read: Read, key: str) -> None:
    assert not read("## System performance targets", "### Throughput", f"- {key}: 40 req/s").of(Objective)


def test_a_second_figure_in_brackets_is_not_part_of_the_target(read: Read) -> None:
    for objective in read("## Performance targets", "- Uptime: 99.8% (< 17 hours downtime)").of(Objective):
        assert not objective.target.subject


def test_a_percentile_alone_is_of_what_the_heading_names(read: Read) -> None:
    design = read("## Performance targets", "### Response time", "- P95: < 350ms", "- P99: < 700ms")

    assert [each.name for each in design.of(Objective)] == ["Response time P95", "Response time P99"]


def test_an_entry_below_maintenance_windows_is_one(read: Read) -> None:
    design = read("## Service level", "### Maintenance windows", "- **Regular**: Saturday 01:00-03:00 UTC")

    (window,) = design.of(MaintenanceWindow)
    assert str(window.schedule) == "毎週土曜 01:00-03:00 UTC"


def test_targets_below_one_caption_are_told_apart_by_the_headings_above_it(read: Read) -> None:
    design = read(
        "## Performance targets",
        *("### Seat map API", "**SLO**:", "", "- Latency P95: < 200ms", "- Latency P99: < 300ms", ""),
        *("### Ticket search API", "**SLO**:", "", "- Latency P95: < 900ms", "- Latency P99: < 990ms"),
    )

    assert [each.name for each in design.of(Objective)][::2] == [
        "Seat map API Latency P95",
        "Ticket search API Latency P95",
    ]


def test_the_time_in_which_people_respond_is_no_response_time(read: Read) -> None:
    design = read("## サービス目標", "- 応答時間: 一次対応20分以内", "- 稼働率: 99.9%以上")

    assert [objective.name for objective in design.of(Objective)] == ["稼働率"]


@pytest.mark.parametrize(
    ("measured", "subject"),
    [
        ("p95", "p95"),
        ("99th percentile, at the gateway", "p99"),
        ("95パーセンタイル", "p95"),
        ("p50 / p95", ""),
        ("外形監視", ""),
    ],
)
def test_the_percentile_may_stand_in_a_column_of_its_own(read: Read, measured: str, subject: str) -> None:
    table = ("| SLI | Measurement | Target |", "|-|-|-|", f"| Latency | {measured} | < 400ms |")
    (objective,) = read("## SLO", *table).of(Objective)

    assert objective.target.subject == subject


@pytest.mark.parametrize("name", ["Allowed failures per 1M requests", "月間許容失敗件数", "Permitted errors"])
def test_what_an_objective_leaves_over_is_none(read: Read, name: str) -> None:
    design = read("## サービスレベル目標", f"- {name}: 900", "- 許容エラー率: 1%以下", "- 稼働率: 99.9%以上")

    assert [objective.name for objective in design.of(Objective)] == ["許容エラー率", "稼働率"]


def test_targets_of_pages_are_no_list_of_links(read: Read) -> None:
    design = read(
        "## システムの計測", "| 項目 | URL | 測定方法 | 目標値 |", "|-|-|-|-|", "| 検索 | /s | 外形 | 2秒 |"
    )

    assert [row.line for row in design.unread] == [5]


@pytest.mark.parametrize(
    "heading",
    [
        "正常な状態",
        "緊急対応が必要な状態",
        "Healthy state",
        "Performance targets during rollback",
        "切替中の性能",
        "可用性重視の構成",
        "Performance sizing",
    ],
)
def test_what_shows_a_state_is_no_target(read: Read, heading: str) -> None:
    design = read(
        "## 性能指標", f"### {heading}", "- 検索の応答時間: < 500ms", "", "### 目標", "", "- 稼働率: 99%以上"
    )

    assert [each.name for each in design.of(Objective)] == ["稼働率"]


def test_a_percentile_below_the_name_of_a_series_is_of_its_metric(read: Read) -> None:
    design = read(
        "## 性能", "### レスポンスタイム（lib_http_seconds）", "**目標値**:", "", "- P95: 200ms以下"
    )

    assert [each.name for each in design.of(Objective)] == ["レスポンスタイム P95"]


def test_the_time_of_a_level_is_no_service_level(read: Read) -> None:
    design = read("## Incidents", "**P1 - High: poor performance**", "", "- Response Time: 30 minutes")

    assert design.of(Objective) == ()
