"""Which side of a limit raises an alert, and how grave the alert is."""

from collections.abc import Callable

import pytest

from toban.design.clauses.monitoring import Monitor, ToolChoice
from toban.design.reader import Design
from toban.design.values.threshold import Comparison

type Read = Callable[..., Design]


def one(read: Read, heading: str, header: str, row: str) -> Design:
    rule = "|".join("-" for _ in header.split("|"))
    return read(f"## {heading}", f"| {header} |", f"|{rule}|", f"| {row} |")


@pytest.mark.parametrize(
    ("header", "row", "normal", "warning"),
    [
        (
            "監視項目 | 閾値 | アラート条件",
            "決済の失敗率 | <0.1% | >1%が5分継続",
            "0.1%以下",
            "1%超が5分継続",
        ),
        ("監視項目 | アラート条件 | 閾値", "貸出エラー率 | >2% | <0.5%", "0.5%以下", "2%超"),
        ("指標 | しきい値 | 発報条件", "稼働率 | 99.9%以上 | 99.5%未満", "99.9%以上", "99.5%未満"),
        ("監視項目 | 閾値（正常） | 閾値", "冷蔵庫の温度 | 5℃以下 | 8℃超", "5°C以下", "8°C超"),
        ("Metric | Threshold | Alert when", "Order latency | < 20ms | > 50ms", "20ms以下", "50ms超"),
        ("Metric | Alert condition | Threshold", "Bed alarms | > 5 | < 2", "2以下", "5超"),
    ],
)
def test_a_threshold_beside_the_alerts_condition_may_be_the_normal_side(
    read: Read, header: str, row: str, normal: str, warning: str
) -> None:
    (monitor,) = one(read, "監視", header, row).of(Monitor)

    assert (str(monitor.normal), str(monitor.warning)) == (normal, warning)


@pytest.mark.parametrize(
    ("limit", "when", "warning"),
    [
        ("80%", "5分継続", "80%が5分継続"),
        ("80%", "超過が5分継続", "80%超が5分継続"),
        ("> 80%", "for 5 minutes", "80%超が5分継続"),
        ("80%", "above", "80%超"),
        ("80%超", "80%", "80%超"),
        ("-", "80%以上", "80%以上"),
    ],
)
def test_the_alerts_condition_may_complete_the_threshold(
    read: Read, limit: str, when: str, warning: str
) -> None:
    (monitor,) = one(read, "監視", "監視項目 | 閾値 | アラート条件", f"CPU使用率 | {limit} | {when}").of(
        Monitor
    )

    assert str(monitor.warning) == warning


@pytest.mark.parametrize(
    ("limit", "when"),
    [
        ("80%以上", "90%以上が5分継続"),
        ("> 80%", "下回り時"),
        ("80%", "随時"),
        ("80%", "夜間3回"),
    ],
)
def test_two_conditions_that_disagree_are_asked(read: Read, limit: str, when: str) -> None:
    design = one(read, "監視", "監視項目 | 閾値 | アラート条件", f"CPU使用率 | {limit} | {when}")

    assert design.of(Monitor) == ()
    assert len(design.unread) == 1


@pytest.mark.parametrize(
    ("item", "limit"),
    [
        ("エラー率", "1%以下"),
        ("予約の失敗件数", "< 3件"),
        ("稼働率", "99.9%以上"),
        ("配送成功率", "> 99%"),
        ("CPU使用率", "70%以下"),
        ("ログイン", "<5%（正常）"),
        ("Replication lag", "< 5s"),
        ("Printer error rate", "at most 1%"),
    ],
)
def test_a_limit_that_is_kept_while_all_is_well_is_asked(read: Read, item: str, limit: str) -> None:
    design = one(read, "監視", "監視項目 | 閾値 | 間隔", f"{item} | {limit} | 1分")

    (unread,) = design.unread
    assert design.of(Monitor) == ()
    assert "正常" in str(unread.reason)


@pytest.mark.parametrize(
    ("item", "limit"),
    [
        ("エラー率", "1%超"),
        ("配送成功率", "99%未満"),
        ("空き容量", "10%以下"),
        ("注文数", "1時間に1件未満"),
        ("Cache hit rate", "< 80%"),
    ],
)
def test_a_limit_on_the_alerts_side_is_not_asked(read: Read, item: str, limit: str) -> None:
    assert len(one(read, "監視", "監視項目 | 閾値 | 間隔", f"{item} | {limit} | 1分").of(Monitor)) == 1


@pytest.mark.parametrize(
    ("item", "comparison"),
    [
        ("配送成功率", Comparison.AT_MOST),
        ("空きメモリ", Comparison.AT_MOST),
        ("証明書の有効期限", Comparison.AT_MOST),
        ("待ち行列", Comparison.AT_LEAST),
    ],
)
def test_a_bare_limit_alone_lies_on_the_worse_side(read: Read, item: str, comparison: Comparison) -> None:
    (row,) = one(read, "監視", "監視項目 | 閾値", f"{item} | 10日").of(Monitor)

    assert row.warning is not None
    assert row.warning.comparison is comparison


def test_a_target_to_be_reached_is_not_what_is_watched(read: Read) -> None:
    (monitor,) = one(read, "Alerts", "Metric | Target | Threshold", "Card success | 99.9% | 99.5%").of(
        Monitor
    )

    assert monitor.target == ""


@pytest.mark.parametrize(
    ("heading", "column", "priority", "is_critical", "assumed"),
    [
        ("監視要件", "優先度", "P1", False, "しきい値のレベルが書かれていない"),
        ("Monitoring requirements", "Priority", "High", False, "しきい値のレベルが書かれていない"),
        ("監視要件", "アラート優先度", "P1", True, ""),
        ("監視", "優先度", "P1", True, ""),
        ("監視", "優先度", "高（P2）", True, ""),
        ("監視", "優先度", "P2", False, "2番目"),
        ("Alerts", "Severity", "SEV-2", False, "2番目"),
        ("監視", "優先度", "P3", False, ""),
    ],
)
def test_the_priority_of_a_requirement_and_a_number_that_may_be_the_third_are_not_critical(
    read: Read, heading: str, column: str, priority: str, is_critical: bool, assumed: str
) -> None:
    row = f"離床センサーの応答 | 3秒超 | {priority}"

    (monitor,) = one(read, heading, f"監視項目 | 閾値 | {column}", row).of(Monitor)

    assert (monitor.critical is not None) is is_critical
    assert (monitor.warning is None) is is_critical
    assert assumed in "".join(map(str, monitor.assumptions))
    assert bool(assumed) is bool(monitor.assumptions)


@pytest.mark.parametrize("heading", ["監視 振り返りの対象", "監視"])
def test_what_must_be_reviewed_is_not_watched(read: Read, heading: str) -> None:
    design = one(read, heading, "条件 | 対象", "取引の損失 > 0件 | 必須")

    assert design.of(Monitor) == ()


@pytest.mark.parametrize("goal", ["解決: 重大な障害は6時間以内", "復旧: 緊急の停止は30分以内"])
def test_a_goal_of_monitoring_is_no_limit(read: Read, goal: str) -> None:
    assert read("## 監視の目標", f"- {goal}").of(Monitor) == ()


@pytest.mark.parametrize(
    ("entry", "purpose", "tools"),
    [
        ("Zabbix: 検針サーバーの死活", "検針サーバーの死活", ("Zabbix",)),
        ("AWS CloudWatch: メトリクス、ログ", "メトリクス、ログ", ("AWS CloudWatch",)),
        ("ログ収集: Loki、Kibana", "ログ収集", ("Loki", "Kibana")),
    ],
)
def test_the_product_is_the_tool_on_either_side(
    read: Read, entry: str, purpose: str, tools: tuple[str, ...]
) -> None:
    (choice,) = read("## 監視ツール", f"- {entry}").of(ToolChoice)

    assert (choice.purpose, choice.tools) == (purpose, tools)


def test_a_column_of_measures_is_not_what_is_watched(read: Read) -> None:
    table = ("| Metric | Type | Critical |", "|-|-|-|", "| Worker memory | Percentage | > 90% |")
    (monitor,) = read("## Monitoring", *table).of(Monitor)

    assert (monitor.target, monitor.item) == ("", "Worker memory")


def test_a_change_is_no_share(read: Read) -> None:
    table = ("| Metric | Warning | Critical |", "|-|-|-|", "| Memory | +15% | +30% |")

    assert read("## Monitoring thresholds", *table).of(Monitor) == ()
