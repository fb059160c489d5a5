"""Lists below a heading with a cadence: what is a task of it, and when it is due."""

import pytest
from tests.unit.design.conftest import Read

from toban.design.clauses.routine import Routine


@pytest.mark.parametrize(
    "heading",
    [
        "日次作業（初期安定化）",
        "週次点検（移行期間中）",
        "Daily checks (first two weeks)",
        "Weekly upkeep (hypercare)",
    ],
)
def test_a_cadence_that_holds_for_a_phase_is_none_for_good(read: Read, heading: str) -> None:
    design = read("## 定期作業", f"### {heading}", "- 貸出ログの確認")

    assert not design.of(Routine)
    assert [row.reason.code for row in design.unread] == ["design.heading-time-not-read"]


@pytest.mark.parametrize("cell", ["日次（移行期間中）", "毎日（初期のみ）", "weekly (during migration)"])
def test_a_row_that_holds_for_a_phase_is_unread(read: Read, cell: str) -> None:
    assert not read("## 定期作業", "| 作業 | 頻度 |", "|-|-|", f"| 貸出ログの確認 | {cell} |").of(Routine)


@pytest.mark.parametrize(
    ("heading", "fence", "said"),
    [
        ("日次レポート", ("cron: 15 6 * * * report.sh",), ["日次 06:15"]),
        ("Weekly tasks", ('schedule: "0 4 * * 0"',), ["毎週日曜 04:00"]),
        ("日次レポート（5:00）", ("15 6 * * * report.sh",), ["日次 05:00"]),
        ("日次レポート", ("report.sh 1 2 3",), ["日次"]),
        ("日次レポート", ("15 6 * * * a.sh", "15 7 * * * b.sh"), []),
        ("日次レポート", ("0 4 * * 0 a.sh",), []),
    ],
)
def test_a_crontab_below_the_heading_says_at_what_time(
    read: Read, heading: str, fence: tuple[str, ...], said: list[str]
) -> None:
    design = read("## 定期作業", f"### {heading}", "```", *fence, "```")

    assert [str(routine.schedule) for routine in design.of(Routine)] == said


def test_topics_of_a_meeting_are_no_tasks(read: Read) -> None:
    topics = ("- 延滞件数の推移", "- 未解決の障害", "- 来月の計画を決める")

    design = read("## 会議", "### 月次レビュー（第1月曜 10:00）", *topics)

    assert [routine.name for routine in design.of(Routine)] == ["来月の計画を決める"]


@pytest.mark.parametrize(
    "entry",
    [
        "合格基準: 1時間で戻る",
        "空き容量が20%以上であること",
        "エラーが0件",
        "CPU < 70%",
        "Success criteria: all data",
        "Lag below 5 s",
    ],
)
def test_what_a_check_must_find_is_no_task(read: Read, entry: str) -> None:
    design = read("## 定期作業", "### 月次チェック", f"- {entry}", "- 復元を試す")

    assert [routine.name for routine in design.of(Routine)] == ["復元を試す"]


@pytest.mark.parametrize(
    "heading", ["Daily budget", "Monthly Budget Alerts", "Warning alerts (daily summary)", "月次予算"]
)
def test_figures_of_a_day_are_no_tasks(read: Read, heading: str) -> None:
    entries = ("- Tracks: loans", "- 80%: warning", "- [ ] Failures (3 in a row)")

    assert not read("## Costs of the server", f"### {heading}", *entries).of(Routine)


def test_topics_below_a_caption_of_a_review_are_no_tasks(read: Read) -> None:
    design = read(
        "## Server upkeep",
        "### Daily error review",
        "Look daily for:",
        "",
        "- Recurring errors",
        "- New ones",
    )

    assert not [routine for routine in design.of(Routine) if routine.name != "Daily error review"]


def test_the_heading_may_say_that_a_machine_does_it(read: Read) -> None:
    entries = (
        "- [ ] Reindex the catalogue",
        "- [ ] Health checks every 30 seconds",
        "- [ ] Alerts in real-time",
    )
    (routine,) = read("## Upkeep", "### Daily (automated)", *entries).of(Routine)

    assert (routine.name, routine.is_automatic) == ("Reindex the catalogue", True)


def test_a_colon_inside_a_name_parts_nothing(read: Read) -> None:
    (routine,) = read("## Upkeep", "### Weekly", "- Run `npm run test:ci` and keep the result").of(Routine)

    assert routine.name == "Run npm run test:ci and keep the result"


@pytest.mark.parametrize(
    "heading", ["Quarterly target adjustment", "Monthly planning", "Weekly: changes depend on"]
)
def test_what_a_plan_looks_at_is_no_task(read: Read, heading: str) -> None:
    entries = ("- Wishes of the readers", "- Growth of the stock", "- Disaster drill", "- Update the figures")

    design = read("## Upkeep", f"### {heading}", *entries)

    assert [routine.name for routine in design.of(Routine)] == ["Disaster drill", "Update the figures"]


@pytest.mark.parametrize("entry", ["Dump exists", "Dump age < 25 hours", "Every replica is healthy"])
def test_what_must_be_the_case_is_no_task_in_english(read: Read, entry: str) -> None:
    design = read("## Upkeep", "**Daily checks**:", "", f"- {entry}", "- Verify that the dump exists")

    assert [routine.name for routine in design.of(Routine)] == ["Verify that the dump exists"]


def test_a_remark_may_say_that_a_machine_does_it(read: Read) -> None:
    (routine,) = read("## Upkeep", "### Weekly", "- Restore test (automated)").of(Routine)

    assert (routine.name, routine.is_automatic) == ("Restore test", True)


def test_a_weekday_before_the_colon_says_when(read: Read) -> None:
    (routine,) = read("## Upkeep", "### Weekly", "- Monday: look through the faults; count them").of(Routine)

    assert (routine.name, str(routine.schedule)) == ("look through the faults; count them", "毎週月曜")


def test_a_clock_in_a_zone_that_is_not_known_is_asked_about(read: Read) -> None:
    design = read(
        "## Upkeep", "### Daily tasks", "- 09:00 AEST: read the log", "- 10:00 read (`grep -c x log`)"
    )

    assert [(routine.name, routine.owner) for routine in design.of(Routine)] == [("read (grep -c x log)", "")]


def test_a_week_of_the_month_is_not_left_out(read: Read) -> None:
    table = ("| Task | Week | Owner |", "|-|-|-|", "| Reindex | Week 2 | Desk |")

    assert not read("## Server upkeep", "### Monthly tasks", *table).of(Routine)


@pytest.mark.parametrize("cell", ["日次（初期安定化）", "日次（初期安定化期間）"])
def test_a_cadence_in_a_cell_that_holds_for_a_phase_is_unread(read: Read, cell: str) -> None:
    assert not read("## 定期作業", "| 周期 | 作業 |", "|-|-|", f"| {cell} | 貸出ログの確認 |").of(Routine)


def test_what_costs_money_each_month_is_no_task(read: Read) -> None:
    assert read("## Maintenance", "### Monthly", "- Servers: $280", "- Alerts: $5").of(Routine) == ()


def test_a_window_for_maintenance_is_no_task(read: Read) -> None:
    design = read(
        "## Maintenance", "### Monthly maintenance windows", "```", "./patch", "```", "- Start: Monday 2:00"
    )

    assert design.of(Routine) == ()


@pytest.mark.parametrize(
    "entry", ["Format: id, status", "50 users, 130k calls", "連絡: #shop-ops", "残りの予算"]
)
def test_what_is_no_work_by_its_own_words_is_no_task(read: Read, entry: str) -> None:
    design = read("## Maintenance", "### Weekly", f"- {entry}", "- Vacuum the database", "- ログの圧縮")

    assert [routine.name for routine in design.of(Routine)] == ["Vacuum the database", "ログの圧縮"]
