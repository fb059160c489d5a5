"""Rows that name tools, compared with what is bound and heard from."""

from datetime import UTC, datetime

import pytest

from toban.design.clauses.monitoring import ToolChoice
from toban.design.reader import read_design
from toban.design.values.tool_purpose import ToolPurpose, read_tool_purpose
from toban.engine.editions.tools import BoundTool, ToolBindings, named, tool_status
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.message import plain

NOW = datetime(2026, 4, 1, tzinfo=UTC)
SOURCES = ("access_log", "cloudwatch", "datadog", "http", "logs", "newrelic", "prometheus")
CHANNELS = ("email", "pagerduty", "slack", "slack_app")
SILENT = BoundTool("cloudwatch", "i-1", Verdict.NOT_MEASURABLE, plain("AccessDenied"))


def judged(tools: str, *bound: BoundTool, kinds: tuple[str, ...] = SOURCES) -> StatusUpdate:
    design = read_design(f"## 2. 監視\n\n### 監視ツール\n- **インフラ監視**: {tools}\n", "運用設計書.md")
    (row,) = design.of(ToolChoice)
    return tool_status(row, ToolBindings(kinds, bound, "toban.toml", '[targets."…"]'), NOW)


@pytest.mark.parametrize(
    ("tool", "kinds", "meant"),
    [
        ("CloudWatch Logs", SOURCES, {"cloudwatch"}),
        ("New Relic", SOURCES, {"newrelic"}),
        ("Datadog APM", SOURCES, {"datadog"}),
        ("Toban (HTTP)", SOURCES, {"http"}),
        ("Toban", SOURCES, set(SOURCES)),
        ("Zabbix", SOURCES, set()),
        ("Grafana (https://grafana.example.com)", SOURCES, set()),
        ("Slack", CHANNELS, {"slack", "slack_app"}),
        ("メール", CHANNELS, {"email"}),
        ("", CHANNELS, set()),
    ],
)
def test_a_tool_names_the_kinds_that_bind_it(tool: str, kinds: tuple[str, ...], meant: set[str]) -> None:
    assert named(tool, kinds) == meant


def test_a_bound_tool_that_answers_conforms_and_the_other_one_is_mentioned() -> None:
    status = judged("CloudWatch / Datadog", BoundTool("cloudwatch", "i-1"))

    assert status.verdict is Verdict.CONFORMING
    assert "つながっていないもの: Datadog" in str(status.reason)


def test_a_bound_tool_that_is_silent_is_not_measurable() -> None:
    status = judged("CloudWatch / Datadog", SILENT, BoundTool("datadog", "d"))

    assert (status.verdict, str(status.reason)) == (Verdict.NOT_MEASURABLE, "AccessDenied")


def test_a_channel_without_an_occasion_yet_says_nothing_against_one_that_delivers() -> None:
    unused = BoundTool("datadog", "d", Verdict.NOT_DUE, plain("送る通知がまだありません"))

    status = judged("CloudWatch / Datadog", unused, BoundTool("cloudwatch", "i-1"))

    assert status.verdict is Verdict.CONFORMING
    assert "送る通知がまだありません" in str(status.reason)
    assert judged("CloudWatch / Datadog", unused).verdict is Verdict.NOT_DUE


def test_another_kind_than_the_row_names_leaves_it_unbound_and_is_said() -> None:
    status = judged("CloudWatch / Datadog", BoundTool("prometheus", "web-1"))

    assert status.verdict is Verdict.UNBOUND
    assert 'kind = "cloudwatch"' in str(status.reason)
    assert "つながっているのは prometheus です" in str(status.reason)


def test_a_tool_that_no_kind_binds_is_declared_only() -> None:
    assert judged("Zabbix", BoundTool("prometheus", "web-1")).verdict is Verdict.DECLARED


@pytest.mark.parametrize(
    ("purpose", "tool", "meant"),
    [
        ("インフラ監視", "CloudWatch", ToolPurpose.MEASURING),
        ("APM", "New Relic", ToolPurpose.MEASURING),
        ("エラートラッキング", "自社製", ToolPurpose.ERRORS),
        ("APM", "Sentry", ToolPurpose.ERRORS),
        ("アラート管理", "PagerDuty", ToolPurpose.NOTIFYING),
        ("エラーログ収集", "Fluentd", ToolPurpose.LOGS),
    ],
)
def test_what_a_tool_is_for_is_read_from_its_purpose(purpose: str, tool: str, meant: ToolPurpose) -> None:
    assert read_tool_purpose(purpose, [tool]) is meant
