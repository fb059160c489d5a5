"""What speaks for a reading beside a heading, and what takes it back."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.unit.design.conftest import Read

from toban.design.clauses.backup import BackupPolicy
from toban.design.clauses.capacity import CapacityReview
from toban.design.clauses.duty import DutyRole
from toban.design.clauses.incident import FailurePattern, IncidentFlow
from toban.design.clauses.monitoring import Monitor, ToolChoice
from toban.design.clauses.objectives import Objective
from toban.design.clauses.routine import Routine
from toban.design.reader import Design, read_design

ENTRIES = {
    "Weekly": ("- Failing tests", "- Skipped tests"),
    "Incident response": ("1. Acknowledge the alert", "2. Find the cause"),
    "Rollback": ("1. Deploy the old image", "2. Tell the users"),
    "Monitoring tools": ("- Log collection: Spanwatch",),
    "Contacts": ("- Desk: desk@shop.example",),
    "Alerts": ("- Queue of loans > 300",),
    "コスト最適化": ("- 夜間の台数: 最小にする",),
    "連絡先": ("- 窓口: desk@shop.example",),
}
"""Rows whose kind only their heading says."""
OTHER_WORDS = st.sampled_from(
    ["Kiosk", "leaked token", "to track", "build", "triage", "tooling", "返却口", "漏えいした鍵", "案件Z"]
)


@given(st.sampled_from(sorted(ENTRIES)), OTHER_WORDS, st.sampled_from(["{0} {1}", "{1} {0}"]))
def test_a_heading_that_says_more_than_the_kind_reads_nothing(heading: str, more: str, order: str) -> None:
    # "Tooling" is a word of that kind itself.
    assume((heading, more) != ("Monitoring tools", "tooling"))
    whole = order.format(heading, more)

    design = _document(whole, ENTRIES[heading])

    assert design.clauses == ()
    assert design.unread


@given(st.sampled_from(sorted(set(ENTRIES) - {"Weekly"})))
def test_a_heading_that_is_the_kind_reads_them(heading: str) -> None:
    assert _document(heading, ENTRIES[heading]).clauses


def _document(heading: str, entries: tuple[str, ...]) -> Design:
    return read_design("\n".join(["# 運用手順", "", f"## {heading}", "", *entries, "", "サーバー"]), "a.md")


@pytest.mark.parametrize(
    "heading", ["Weekly tasks", "Daily (automated)", "月次チェック", "#### Sunday maintenance".strip("# ")]
)
def test_words_of_time_and_order_take_nothing_back(read: Read, heading: str) -> None:
    assert len(read("## Upkeep", f"### {heading}", "- Rotate the logs").of(Routine)) == 1


@pytest.mark.parametrize("entry", ["Restore the latest copy", "Disaster drill", "来月の計画を決める"])
def test_a_task_in_the_form_of_an_order_needs_no_plain_heading(read: Read, entry: str) -> None:
    assert len(read("## Upkeep", "### Kiosk failures (quarterly)", f"- {entry}").of(Routine)) == 1


def test_a_measure_with_its_good_side_needs_no_plain_heading(read: Read) -> None:
    design = read("## Kiosk performance", "- 検索の応答時間: 3秒以内", "- Create a loan: < 100ms")

    assert len(design.of(Objective)) == 2


@pytest.mark.parametrize(
    "entry",
    [
        "Low Cache Hit Rate: < 80%",
        "Slow Queries: Average > 500ms",
        "Memory usage: > 90%",
        "Profit drop alert threshold: >= 20%",
        "Ticket: availability < 99.5%",
        "応答時間の悪化: 3秒以内",
    ],
)
def test_where_trouble_begins_is_no_target(read: Read, entry: str) -> None:
    assert read("## Performance", f"- {entry}").of(Objective) == ()


def test_a_setting_is_no_target(read: Read) -> None:
    assert read("## Performance", "### Current settings", "- TCP keepalive: 300 seconds").of(Objective) == ()
    assert len(read("## Performance", "### Targets", "- Response time: 300 ms").of(Objective)) == 1


@pytest.mark.parametrize("key", ["Update frequency", "更新頻度", "Review cycle", "確認の間隔"])
def test_how_often_is_no_task(read: Read, key: str) -> None:
    assert read("## 定期作業", f"- {key}: 毎週").of(Routine) == ()


def test_a_life_cycle_is_no_time(read: Read) -> None:
    assert len(read("## 定期作業", "- ライフサイクルの確認: 毎週").of(Routine)) == 1


def test_what_describes_a_task_is_none(read: Read) -> None:
    entries = ("- Scope: the second site", "- Validation: all services", "- Review: of what was learned")

    assert read("## Upkeep", "### Quarterly drill", *entries).of(Routine) == ()


def test_a_time_is_no_name(read: Read) -> None:
    facts = ("Duration: 1 hour", "Frequency: Every day")

    assert read("## Daily maintenance", "### Time: 2:00 AM - 3:00 AM", *facts).of(Routine) == ()
    assert len(read("## Daily maintenance", "### Clean-up", *facts).of(Routine)) == 1


def test_a_blank_among_facts_is_still_to_be_filled_in(read: Read) -> None:
    facts = ("- Frequency: Hourly", "- Retention: 30 days")

    assert len(read("## Orders backup", "- Location: S3", *facts).of(BackupPolicy)) == 1
    assert read("## Orders backup", "- Location: [Primary site]", *facts).of(BackupPolicy) == ()


def test_a_heading_of_the_chapter_is_no_subject(read: Read) -> None:
    table = ("| Backup type | Retention |", "|-|-|", "| Daily backups | 30 days |")

    (policy,) = read("## Data Backup & Recovery", "### Retention", *table).of(BackupPolicy)

    assert policy.subject == ""


@pytest.mark.parametrize("heading", ["Info alerts (low priority)", "情報アラート"])
def test_nobody_is_alerted_for_information(read: Read, heading: str) -> None:
    table = ("| Metric | Threshold |", "|-|-|", "| Queue length | > 10 |")

    assert read("## Alerts", f"### {heading}", *table).of(Monitor) == ()


def test_a_row_for_information_is_asked_about(read: Read) -> None:
    table = ("| Metric | Threshold | Severity |", "|-|-|-|")
    rows = ("| Queue length | > 10 | Info |", "| Error rate | > 5% | Warning |")

    assert [monitor.item for monitor in read("## Alerts", *table, *rows).of(Monitor)] == ["Error rate"]


@pytest.mark.parametrize(
    "title",
    [
        "Monitoring Exploration Complete",
        "SLO Alert Verification Report — T706",
        "Phase 6-4: 監視・運用システム",
        "Sprint 3 monitoring",
    ],
)
def test_a_title_of_what_was_done_states_no_rules(title: str) -> None:
    table = ("| Metric | Threshold | Severity |", "|-|-|-|", "| Error rate | > 5% | Warning |")

    design = read_design("\n".join([f"# {title}", "", "## Alerts", "", *table, ""]), "a.md")

    assert design.clauses == ()
    assert len(design.not_in_force) == 1


def test_the_last_heading_may_be_a_template_too() -> None:
    lines = ("# Operations", "## Upkeep", "- The server has two disks.", "### Monthly report template")
    form = "```text\nDate:\n```"

    design = read_design("\n\n".join((*lines, form)), "a.md")

    assert design.clauses == ()
    assert len(design.not_in_force) == 1


@pytest.mark.parametrize("contact", ["Direct", "External", "Kiosk Console", "Web portal"])
def test_a_way_that_reaches_nobody_is_no_holder(read: Read, contact: str) -> None:
    table = ("| Role | Contact | Availability |", "|-|-|-|", f"| Desk | {contact} | 24/7 |")

    (role,) = read("## On-call contacts", *table).of(DutyRole)

    assert role.holder == ""


def test_work_in_the_place_of_a_contact_is_asked_about(read: Read) -> None:
    table = ("| Role | Responsibility | Contact |", "|-|-|-|")
    row = "| Commander | Aoki | Triage, external notes, the decision to stop |"

    assert read("## On-call contacts", *table, row).of(DutyRole) == ()


def test_what_is_neither_tool_nor_purpose_is_no_choice(read: Read) -> None:
    entries = ("- Log collection: Spanwatch", "- Kiosk figures: business of the branches")

    assert [choice.purpose for choice in read("## Monitoring tools", *entries).of(ToolChoice)] == [
        "Log collection"
    ]


@pytest.mark.parametrize("above", ["## Post-incident", "## After the incident", "## 障害後"])
def test_what_follows_an_incident_is_no_regular_review(read: Read, above: str) -> None:
    assert read(above, "### Capacity planning", "- Review the thresholds").of(CapacityReview) == ()


@pytest.mark.parametrize("heading", ["Root Cause Fix", "Mitigation", "Kiosk"])
def test_only_a_heading_that_goes_wrong_names_a_failure(read: Read, heading: str) -> None:
    table = ("| Cause | Fix |", "|-|-|", "| Slow consumer | Add workers |")

    assert read("## Failures of the queue", f"### {heading}", *table).of(FailurePattern) == ()
    assert len(read("## Failures", "### The queue is stuck", *table).of(FailurePattern)) == 1


def test_the_flow_of_one_incident_is_not_that_of_all(read: Read) -> None:
    steps = ("1. Revoke the token", "2. Look for misuse")

    assert read("## R-008 Incident response: leaked token", *steps).of(IncidentFlow) == ()
