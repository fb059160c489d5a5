"""What the headings above a monitor say of it: its level, and what its figures are of."""

from collections.abc import Callable

import pytest

from toban.design.clauses.monitoring import Monitor
from toban.design.reader import Design
from toban.design.values.metric import Metric

type Read = Callable[..., Design]


@pytest.mark.parametrize(
    ("heading", "entry", "is_critical"),
    [
        ("#### Critical Alerts (page at once)", "Booking queue > 300", True),
        ("#### Warning alerts", "Booking queue > 300", False),
        ("#### P1 alerts", "Booking queue > 300", True),
        ("#### 緊急アラート（即時対応）", "予約キュー > 300件", True),
        ("#### 警告条件", "予約キュー > 300件", False),
    ],
)
def test_the_heading_may_give_the_level_of_the_conditions_below(
    read: Read, heading: str, entry: str, is_critical: bool
) -> None:
    (monitor,) = read("## Alert thresholds", heading, f"- {entry}").of(Monitor)

    assert (monitor.critical is not None, monitor.warning is not None) == (is_critical, not is_critical)
    assert not monitor.assumptions


@pytest.mark.parametrize("heading", ["#### Alerts on critical systems", "#### 通知条件", "#### Info alerts"])
def test_a_heading_that_only_mentions_a_level_gives_none(read: Read, heading: str) -> None:
    for monitor in read("## Alert thresholds", heading, "- Booking queue > 300").of(Monitor):
        assert monitor.critical is None
        assert monitor.assumptions


@pytest.mark.parametrize(
    ("heading", "metric"),
    [
        ("### Network Monitoring", None),
        ("### ストレージ監視", None),
        ("### API Monitoring", Metric.RESPONSE_TIME),
        ("### Network API Monitoring", Metric.RESPONSE_TIME),
    ],
)
def test_the_latency_of_a_line_or_a_disk_is_no_response_time(
    read: Read, heading: str, metric: Metric | None
) -> None:
    (monitor,) = read(
        "## Monitoring",
        heading,
        "| Metric | Warning | Critical |",
        "|-|-|-|",
        "| Latency | > 40ms | > 90ms |",
    ).of(Monitor)

    assert monitor.metric is metric


def test_a_column_of_aims_holds_no_targets(read: Read) -> None:
    rows = ("| Queue | < 10 | > 50 | > 90 |", "| Requests | Variable | > 500 | > 900 |")
    design = read("## Monitoring", "| Metric | Target | Warning | Critical |", "|-|-|-|-|", *rows)

    assert [each.target for each in design.of(Monitor)] == ["", ""]


def test_the_name_of_a_series_in_the_heading_does_not_hide_the_metric(read: Read) -> None:
    design = read("## 監視", "### CPU使用率（lib_cpu_usage_percent）", "- 警告: 80%", "- 異常: 90%")

    assert [each.metric for each in design.of(Monitor)] == [Metric.CPU_USAGE]


def test_the_heading_gives_a_table_its_level_and_names_are_no_levels(read: Read) -> None:
    header = ("| Alert | Metric | Threshold |", "|-|-|-|")
    design = read(
        "## Alerts",
        *("### Critical alerts (page at once)", "", *header, "| Cache miss high | cache_miss | > 30% |", ""),
        *("### Warning alerts", "", *header, "| Loans low | loans_per_minute | < 5 |"),
    )

    assert [each.critical is not None for each in design.of(Monitor)] == [True, False]
    assert not any(each.assumptions for each in design.of(Monitor))
