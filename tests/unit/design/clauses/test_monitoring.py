from collections.abc import Callable
from decimal import Decimal

import pytest

from toban.design.clauses.monitoring import Monitor, ToolChoice
from toban.design.clauses.notices import NotificationRule
from toban.design.reader import Design
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.metric import Metric
from toban.design.values.people import ChannelKind
from toban.design.values.severity import AlertLevel, IncidentSeverity
from toban.design.values.threshold import Comparison

type Read = Callable[..., Design]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("監視項目 | 警告閾値 | 危険閾値 | 監視間隔", "CPU使用率 | 70% | 85% | 1分"),
        ("監視項目 | 閾値（Warning） | 閾値（Critical） | 確認間隔", "CPU使用率 | > 70% | > 85% | 1分"),
        ("メトリクス | 正常範囲 | 警告閾値 | 重大閾値", "CPU使用率 | <60% | >70% | >85%"),
        ("監視対象 | メトリクス | 閾値(警告) | 閾値(異常) | 通知先", "Web | CPU使用率 | 70% | 85% | 当番"),
        (
            "カテゴリ | 項目 | Warning | Critical | 通知 | 対応",
            "サーバー | CPU使用率 | 70% | 85% | Slack | 調査",
        ),
        ("Metric | Warning | Critical | Reasoning", "CPU Utilization | > 70% | > 85% | no headroom"),
    ],
)
def test_warning_and_critical_columns_are_recognised_under_many_names(
    read: Read, header: str, row: str
) -> None:
    rule = " | ".join("-" for _ in header.split("|"))

    (monitor,) = read("## 監視", f"| {header} |", f"| {rule} |", f"| {row} |").of(Monitor)

    assert monitor.metric is Metric.CPU_USAGE
    assert monitor.warning is not None
    assert monitor.critical is not None
    assert (monitor.warning.limit.value, monitor.critical.limit.value) == (Decimal(70), Decimal(85))


@pytest.mark.parametrize(
    ("item", "normal", "warning", "critical", "number"),
    [
        ("CPU使用率", "-", "0.7", "0.85", "0.7"),
        ("CPU使用率", "0-0.6", "70%", "85%", "0.6"),
        ("CPU使用率", "0-60", "0.7", "0.85", "0.7"),
        ("エラー率", "-", "> 0.5", "1", "0.5"),
        ("error rate", "-", "-", "1以上が5分継続", "1"),
    ],
)
def test_a_bare_number_that_may_be_a_ratio_or_a_percentage_is_asked(
    read: Read, item: str, normal: str, warning: str, critical: str, number: str
) -> None:
    header = "| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |"

    design = read(
        "## 監視", header, "|-|-|-|-|-|-|", f"| API | {item} | {normal} | {warning} | {critical} | 1分 |"
    )

    (unread,) = design.unread
    assert design.of(Monitor) == ()
    assert f"「{number}」は {Decimal(number) * 100:.0f}% とも {number}% とも読めます" in str(unread.reason)


@pytest.mark.parametrize(
    ("item", "warning", "critical"),
    [
        ("CPU使用率", "70", "85"),
        ("エラー率", "0.5", "5"),
        ("エラー率", "0.5%", "1"),
        ("DB接続数", "0.7", "0.85"),
        ("応答時間", "0.5", "1"),
    ],
)
def test_a_number_with_one_possible_meaning_is_not_asked(
    read: Read, item: str, warning: str, critical: str
) -> None:
    design = read("## 監視", "| 監視項目 | 警告 | 異常 |", "|-|-|-|", f"| {item} | {warning} | {critical} |")

    assert (len(design.of(Monitor)), design.unread) == (1, ())


def test_a_bare_number_in_a_list_of_limits_is_asked_too(read: Read) -> None:
    design = read("## 監視", "### アラート条件", "- CPU使用率: 0.8以上", "- CPU使用率: 警告 0.7、異常 0.85")

    assert design.of(Monitor) == ()
    assert len(design.unread) == 2


@pytest.mark.parametrize(
    ("normal", "critical"), [("応答あり", "応答なし"), ("-", "無応答"), ("-", "no response")]
)
def test_no_answer_is_a_limit_of_liveness_without_a_number(read: Read, normal: str, critical: str) -> None:
    header = "| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |"

    design = read("## 監視", header, "|-|-|-|-|-|-|", f"| API | 死活 | {normal} | - | {critical} | 1分 |")

    (monitor,) = design.of(Monitor)
    assert (monitor.metric, monitor.normal, monitor.warning, monitor.critical) == (
        Metric.UP,
        None,
        None,
        None,
    )
    assert critical in monitor.text
    assert design.unread == ()


def test_no_answer_is_not_a_limit_of_other_items(read: Read) -> None:
    header = "| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |"

    design = read("## 監視", header, "|-|-|-|-|-|-|", "| API | CPU使用率 | - | - | 応答なし | 1分 |")

    assert design.of(Monitor) == ()
    assert len(design.unread) == 1


@pytest.mark.parametrize(
    ("severity", "is_critical"),
    [("Critical", True), ("高", True), ("P1", True), ("Warning", False), ("低", False)],
)
def test_a_single_threshold_column_gets_its_level_from_the_severity(
    read: Read, severity: str, is_critical: bool
) -> None:
    design = read(
        "## アラート", "| メトリクス | 閾値 | 重要度 |", "|-|-|-|", f"| エラー率 | > 1% | {severity} |"
    )

    (monitor,) = design.of(Monitor)

    assert (monitor.critical is not None, monitor.warning is not None) == (is_critical, not is_critical)
    assert monitor.assumptions == ()


def test_a_threshold_without_a_level_is_assumed_to_be_a_warning(read: Read) -> None:
    (monitor,) = read("## 監視", "| 項目 | 閾値 | 対応 |", "|-|-|-|", "| 応答時間 | 500ms超 | 調査 |").of(
        Monitor
    )

    assert monitor.warning is not None
    assert monitor.response == "調査"
    assert "警告として" in str(monitor.assumptions[0])


@pytest.mark.parametrize(
    ("normal", "warning", "critical", "comparison"),
    [
        ("0-60%", "70%", "85%", Comparison.AT_LEAST),
        ("80-100%", "70%", "50%", Comparison.AT_MOST),
        ("-", "20%", "10%", Comparison.AT_MOST),
        ("-", "80%", "90%", Comparison.AT_LEAST),
    ],
)
def test_bare_limits_point_away_from_the_normal_range(
    read: Read, normal: str, warning: str, critical: str, comparison: Comparison
) -> None:
    row = f"| 空き容量 | {normal} | {warning} | {critical} |"

    (monitor,) = read("## 監視", "| 監視項目 | 正常範囲 | 警告 | 異常 |", "|-|-|-|-|", row).of(Monitor)

    assert monitor.warning is not None
    assert monitor.critical is not None
    assert {monitor.warning.comparison, monitor.critical.comparison} == {comparison}


def test_a_written_comparison_is_kept(read: Read) -> None:
    row = "| 証明書の残り | < 45 days | < 14 days |"

    (monitor,) = read("## 監視", "| Metric | Warning | Critical |", "|-|-|-|", row).of(Monitor)

    assert monitor.warning is not None
    assert monitor.warning.comparison is Comparison.BELOW


@pytest.mark.parametrize(
    ("normal", "span", "limit", "comparison"),
    [("< 70%", "70-90%", 70, Comparison.AT_LEAST), ("> 90%", "80-90%", 90, Comparison.AT_MOST)],
)
def test_the_limit_of_a_warning_range_is_its_end_next_to_the_normal_range(
    read: Read, normal: str, span: str, limit: int, comparison: Comparison
) -> None:
    row = f"| CPU使用率 | {normal} | {span} |"

    (monitor,) = read("## 監視", "| 指標 | 正常範囲 | 警告閾値 |", "|-|-|-|", row).of(Monitor)

    assert monitor.warning is not None
    assert monitor.warning.limit.value == limit
    assert monitor.warning.comparison is comparison


def test_a_bare_zero_means_exactly_zero(read: Read) -> None:
    (monitor,) = read("## Monitoring", "| Metric | Threshold |", "|-|-|", "| unsealed | 0 |").of(Monitor)

    assert monitor.warning is not None
    assert monitor.warning.comparison is Comparison.EQUAL


def test_an_interval_written_as_a_schedule_is_read_as_a_duration(read: Read) -> None:
    design = read(
        "## 監視",
        "| 監視対象 | 頻度 | アラート閾値 |",
        "|-|-|-|",
        "| CPU使用率 | 5分間隔 | 80%以上 |",
        "| 転送量 | 実行時のみ | 80%以上 |",
    )

    steady, irregular = design.of(Monitor)

    assert steady.interval == Duration(Decimal(5), TimeUnit.MINUTE)
    assert irregular.interval is None
    assert "実行時のみ" in str(irregular.assumptions[-1])


def test_limits_listed_under_a_heading_belong_to_that_heading(read: Read) -> None:
    design = read("## アラート対応", "### 1. エラー率", "#### 閾値", "- 警告: 5%", "- 重要: 10%")

    (monitor,) = design.of(Monitor)

    assert (monitor.item, monitor.metric) == ("エラー率", Metric.ERROR_RATE)
    assert monitor.critical is not None
    assert monitor.critical.limit.value == 10


def test_a_condition_in_prose_belongs_to_the_entry_above_it(read: Read) -> None:
    design = read(
        "## Alerts", "1. Error rate", "- warn at >= 3% for 10 minutes.", "- critical at >= 8% for 2 minutes."
    )

    warning, critical = design.of(Monitor)

    assert (warning.item, critical.item) == ("Error rate", "Error rate")
    assert warning.critical is None
    assert critical.critical is not None


@pytest.mark.parametrize(
    ("heading", "target"),
    [
        ("Cache (Redis)", "Cache (Redis)"),
        ("Kafka metrics", "Kafka"),
        ("予約データベース（PostgreSQL）の監視", "予約データベース(PostgreSQL)"),
        ("Webサーバー監視", "Webサーバー"),
        ("システムリソース", ""),
        ("重要な指標 (Prometheus)", ""),
        ("Security", ""),
    ],
)
def test_a_heading_that_names_a_component_is_what_its_rows_watch(
    read: Read, heading: str, target: str
) -> None:
    design = read(
        "## 監視",
        f"### {heading}",
        "| 項目 | 警告 | 異常 |",
        "|-|-|-|",
        "| メモリ使用率 | 75% | 90% |",
        "",
        "- CPU使用率: 警告 70%、異常 90%",
    )

    assert [monitor.target for monitor in design.of(Monitor)] == [target, target]


def test_a_column_of_targets_takes_precedence_over_the_heading(read: Read) -> None:
    header, row = "| 対象 | 項目 | 警告 | 異常 |", "| 受付 | メモリ使用率 | 75% | 90% |"

    (monitor,) = read("## 監視", "### Redis", header, "|-|-|-|-|", row).of(Monitor)

    assert monitor.target == "受付"


@pytest.mark.parametrize("heading", ["### コスト監視", "### 学習効果のKPI", "### ビジネス指標監視"])
def test_business_figures_are_not_monitors(read: Read, heading: str) -> None:
    design = read("## 監視", heading, "| 項目 | 閾値 |", "|-|-|", "| 来店数 | 100人以上 |")

    assert design.of(Monitor) == ()
    assert len(design.unread) == 1


def test_the_matrix_says_who_is_notified_and_how(read: Read) -> None:
    row = "| 異常 (Critical) | 運用責任者 | Slack、メール | 30分以内 |"
    design = read("## アラート通知", "| レベル | 通知先 | 通知方法 | タイミング |", "|-|-|-|-|", row)

    (rule,) = design.of(NotificationRule)

    assert rule.level is AlertLevel.CRITICAL
    assert [channel.kind for channel in rule.channels] == [ChannelKind.SLACK, ChannelKind.EMAIL]
    assert (rule.timing, rule.delivery.is_at_once) == ("30分以内", True)


def test_matrix_may_be_a_list_of_levels(read: Read) -> None:
    design = read("## アラート設定", "- **緊急（P1）**: Slack + SMS + メール", "- **通常（P3）**: Slack")

    first, last = design.of(NotificationRule)

    assert len(first.channels) == 3
    assert isinstance(last.level, AlertLevel | IncidentSeverity)


@pytest.mark.parametrize(
    ("heading", "header", "row", "response"),
    [
        (
            "アラートレベル",
            "レベル | 説明 | 対応時間 | 通知先",
            "警告 | 遅い | 1時間以内 | 当番（電話・Slack）",
            "1時間以内",
        ),
        (
            "アラートの重要度",
            "重要度 | 説明 | 対応時間目標 | 通知方法",
            "Warning | 遅れ | 30分以内 | 電話 + Slack",
            "30分以内",
        ),
        (
            "Alert levels",
            "Level | Description | Response time | Notify",
            "Warning | slow | 1 hour | Nurse (phone, Slack)",
            "1 hour",
        ),
    ],
)
def test_levels_of_alerts_are_rules_of_notification_with_their_response_time(
    read: Read, heading: str, header: str, row: str, response: str
) -> None:
    rule = "|".join("-" for _ in header.split("|"))

    design = read("## 障害対応", f"### {heading}", f"| {header} |", f"|{rule}|", f"| {row} |")

    (level,) = design.of(NotificationRule)
    assert (level.level, level.response, level.timing) == (AlertLevel.WARNING, response, "")
    assert [channel.kind for channel in level.channels] == [ChannelKind.PHONE, ChannelKind.SLACK]
    assert design.clauses == (level,)


def test_levels_of_alerts_below_incidents_are_asked(read: Read) -> None:
    rows = ("| Critical | 停止 | 15分以内 | 当番 |", "| Warning | 遅れ | 4時間以内 | 当番 |")

    design = read("## 障害の重要度", "| 重要度 | 定義 | 対応時間 | 連絡先 |", "|-|-|-|-|", *rows)

    assert design.clauses == ()
    assert {row.reason.code for row in design.unread} == {"design.two-kinds"}


@pytest.mark.parametrize(
    ("recipients", "channel"),
    [
        ("お客様", "メール"),
        ("当番、ご利用者", "メール"),
        ("Affected customers", "Email"),
        ("定期報告", "メール"),
        ("支配人へ報告", "電話"),
        ("院長、患者家族", "電話"),
        ("係（平日のみ）", "電話"),
        ("係", "夜間は通知しない"),
        ("Track in backlog", "Slack"),
        ("当番", "必要に応じて電話"),
        ("Duty trader", "Notify by mail if needed"),
        ("-", "-"),
    ],
)
def test_a_rule_that_names_no_one_to_be_notified_is_unread(read: Read, recipients: str, channel: str) -> None:
    row = f"| 警告 | {recipients} | {channel} |"

    design = read("## 通知", "| レベル | 通知先 | 通知方法 |", "|-|-|-|", row)

    assert design.of(NotificationRule) == ()
    assert len(design.unread) == 1


@pytest.mark.parametrize("heading", ["お客様への連絡", "Customer notifications"])
def test_mail_to_customers_is_no_rule_of_notification(read: Read, heading: str) -> None:
    header, row = "| 重要度 | 内容 | 方法 |", "| 高 | 予約の取消 | メール |"

    design = read("## 運用", f"### {heading}", header, "|-|-|-|", row, "", "- 緊急: メール")

    assert design.of(NotificationRule) == ()


def test_an_entry_that_tells_customers_is_unread(read: Read) -> None:
    assert read("## 通知", "- 重要: お客様へメール").of(NotificationRule) == ()


def test_an_unknown_level_is_unread(read: Read) -> None:
    design = read("## アラート通知", "| レベル | 通知先 | 通知方法 |", "|-|-|-|", "| 竹 | 当番 | Slack |")

    assert str(design.unread[0].reason) == "レベル「竹」は通知のレベルとして読めません"


def test_tools_are_read_by_purpose(read: Read) -> None:
    (choice,) = read("## 監視ツール", "- **インフラ監視**: CloudWatch / Datadog").of(ToolChoice)

    assert (choice.purpose, choice.tools) == ("インフラ監視", ("CloudWatch", "Datadog"))


def test_the_login_of_a_tool_is_not_read_as_choosing_the_tool(read: Read) -> None:
    design = read("## 監視ツール", "### Grafana", "#### ログイン", "- ユーザー: admin")

    assert design.of(ToolChoice) == ()


def test_a_caution_column_is_not_mistaken_for_the_warning_column(read: Read) -> None:
    (monitor,) = read(
        "## 監視", "| 項目 | 注意 | 警告 | 危険 |", "|-|-|-|-|", "| CPU | 60% | 80% | 95% |"
    ).of(Monitor)

    assert monitor.warning is not None
    assert monitor.warning.limit.value == 80
    assert "「注意」" in str(monitor.assumptions[0])


def test_a_caution_column_alone_is_the_warning(read: Read) -> None:
    (monitor,) = read("## 監視", "| 指標 | 正常範囲 | 要注意 |", "|-|-|-|", "| CPU | < 60% | > 80% |").of(
        Monitor
    )

    assert monitor.warning is not None
    assert monitor.assumptions == ()


def test_a_comparison_may_have_its_own_column(read: Read) -> None:
    row = "| 成功率 | 95% | 下回り時 |"

    (monitor,) = read("## 監視", "| 監視項目 | 閾値 | アラート条件 |", "|-|-|-|", row).of(Monitor)

    assert monitor.warning is not None
    assert monitor.warning.comparison is Comparison.BELOW


def test_a_probe_is_critical_after_consecutive_failures(read: Read) -> None:
    row = "| Web | HTTP GET / | 1分 | 3回連続失敗 |"

    (monitor,) = read("## 死活監視", "| 対象 | 監視方法 | 間隔 | 異常判定 |", "|-|-|-|-|", row).of(Monitor)

    assert (monitor.target, monitor.metric) == ("Web", Metric.UP)
    assert monitor.critical is not None
    assert (monitor.critical.comparison, monitor.critical.consecutive) == (Comparison.BELOW, 3)


@pytest.mark.parametrize("limit", ["200以外", "予想の120%超過", "停止", ""])
def test_a_condition_that_is_not_a_limit_is_unread(read: Read, limit: str) -> None:
    rows = (f"| 応答 | {limit} |", "| CPU | 80%以上 |")

    design = read("## 監視", "| 監視項目 | 閾値 |", "|-|-|", *rows)

    assert [row.line for row in design.unread] == [5]


def test_a_dash_for_every_limit_means_the_item_is_only_measured(read: Read) -> None:
    design = read(
        "## 監視", "| 項目 | 正常値 | 異常値 |", "|-|-|-|", "| 受信量 | - | - |", "| CPU | <80% | >90% |"
    )

    assert [monitor.item for monitor in design.of(Monitor)] == ["受信量", "CPU"]


def test_a_ditto_mark_repeats_the_cell_above(read: Read) -> None:
    design = read(
        "## 監視",
        "| 監視項目 | 閾値 | 通知先 |",
        "|-|-|-|",
        "| CPU | 80%以上 | 当番 |",
        "| メモリ | 90%以上 | 〃 |",
    )

    first, second = design.of(Monitor)

    assert first.recipients == second.recipients


@pytest.mark.parametrize(
    "heading", ["新旧の切替基準（閾値）", "移行判断基準", "Go/No-Go thresholds", "Rollback criteria"]
)
def test_figures_to_decide_by_once_are_no_monitors(read: Read, heading: str) -> None:
    table = ("| メトリクス | 閾値 | 意味 |", "|---|---|---|", "| エラー率 | > 5% | 旧系に戻す |")
    design = read("## 監視", f"### {heading}", *table)

    assert (design.of(Monitor), len(design.unread)) == ((), 1)


@pytest.mark.parametrize("condition", ["HTTP status != 200", "status ≠ 200", "件数 <> 0"])
def test_unequal_is_not_equal(read: Read, condition: str) -> None:
    table = ("| Alert | Condition | Severity |", "|-|-|-|", f"| Catalogue | {condition} | Critical |")

    assert not read("## Alerts", *table).of(Monitor)


@pytest.mark.parametrize("name", ["深刻度", "緊急度", "Grade", "色"])
def test_a_column_of_levels_is_the_severity_however_it_is_headed(read: Read, name: str) -> None:
    rows = ("| 検索の遅れ | > 5秒 | Critical |", "| 貸出の遅れ | > 3秒 | Warning |")
    grave, light = read("## アラート", f"| アラート名 | 条件 | {name} |", "|-|-|-|", *rows).of(Monitor)

    assert grave.critical is not None
    assert light.warning is not None
    assert grave.assumptions == light.assumptions == ()
