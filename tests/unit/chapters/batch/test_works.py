"""From rows of the batch table and their bindings to works."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.registered import schema

from toban.chapters.batch import works
from toban.chapters.batch.kinds import command
from toban.chapters.batch.works import BatchPlan
from toban.design.reader import Design, read_design
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.bindings.model import Bindings
from toban.engine.registry.kinds import Kinds
from toban.engine.runs.commands.command import LocalCommand
from toban.engine.runs.rules import OVERDUE, CatchUp

TABLE = """# 運用設計書

## 6. バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B001 | DBバックアップ | 日次 | 深夜2:00 | フルバックアップ | 再実行、アラート |
| B002 | ログ削除 | 日次 | 深夜3:00 | 古いログ削除 | 翌日再実行 |
| B003 | 請求書 | 月次 | 月末23:00 | 請求書PDF生成 | 手動再実行 |
| B005 | 突合 | 随時 | - | 突合 | 再実行 |
| B006 | 棚卸し | 月次 | - | 棚卸し | 再実行 |
"""
RULE = """
### バッチ実行方式
- **リトライ**: 失敗時3回まで自動リトライ (間隔: 5分、15分)
"""


def design(text: str = TABLE + RULE) -> Design:
    return read_design(text, "運用設計書.md")


def bindings(text: str) -> Bindings:
    return read_bindings(text, Path("toban.toml"), schema(batches={"command": command.KIND.config}))


def plan(read: Design, bound: Bindings) -> BatchPlan:
    return works.plan(read, bound, Kinds.given(batches={"command": command.KIND}))


def minutes(*lengths: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(minutes=length) for length in lengths)


def test_a_bound_row_is_a_work_of_its_command_in_the_folder_of_the_bindings() -> None:
    text = '[batches.B001]\ncommand = ["backup", "--full"]\ntimeout = "30分"\ncatch_up = "skip"'

    work = plan(design(), bindings(text)).works["B001"]

    assert work.steps[0].act == LocalCommand(("backup", "--full"), Path.cwd())
    assert (work.timeout, work.catch_up) == (timedelta(minutes=30), CatchUp.SKIP)
    assert str(work.schedule) == "日次 02:00"


def test_retries_follow_the_list_and_repeat_its_last_wait() -> None:
    work = plan(design(), bindings('[batches.B001]\ncommand = ["x"]')).works["B001"]

    assert work.retry_delays == minutes(5, 15, 15)


def test_without_a_list_only_a_row_that_orders_retries_is_retried() -> None:
    bound = bindings('[batches.B001]\ncommand = ["x"]\n[batches.B003]\ncommand = ["x"]')

    works = plan(design(TABLE), bound).works

    assert works["B001"].retry_delays == minutes(5)
    assert works["B003"].retry_delays == ()


def test_the_wait_that_no_row_names_comes_from_the_bindings() -> None:
    bound = bindings('[runs]\nretry_after = "7分"\n[batches.B001]\ncommand = ["x"]')

    assert plan(design(TABLE), bound).works["B001"].retry_delays == minutes(7)


def test_a_row_that_orders_it_is_run_again_the_next_day() -> None:
    bound = bindings('[batches.B001]\ncommand = ["x"]\n[batches.B002]\ncommand = ["x"]')

    works = plan(design(), bound).works

    assert (works["B001"].reruns_next_day, works["B002"].reruns_next_day) == (False, True)


def test_a_row_without_a_binding_says_what_to_write() -> None:
    found = plan(design(), bindings(""))

    assert "[batches.B003]" in str(found.unbound["batch/batch/B003"])
    assert found.works == {}
    assert found.practice == ()


def test_a_row_with_an_unknown_time_is_not_run() -> None:
    found = plan(design(), bindings('[batches.B006]\ncommand = ["x"]'))

    assert "実行の日時が決まりません" in str(found.unbound["batch/batch/B006"])


DECLARED = (
    '[batches.{key}]\ncommand = ["x", "{{day}}"]\n[batches.{key}.parameters.day]\nkind = "date"\n{more}'
)


def test_a_row_on_demand_is_a_work_that_is_never_due_and_takes_what_its_binding_declares() -> None:
    found = plan(design(), bindings(DECLARED.format(key="B005", more="required = true")))

    assert "batch/batch/B005" not in found.unbound
    (day,) = found.works["B005"].parameters or ()
    assert (day.name, day.kind, day.is_required) == ("day", "date", True)


def test_a_run_of_a_schedule_needs_a_default_for_each_required_parameter() -> None:
    lacking = plan(design(), bindings(DECLARED.format(key="B001", more="required = true")))
    has_one = plan(design(), bindings(DECLARED.format(key="B001", more='default = "2026-11-28"')))

    assert str(lacking.unbound["batch/batch/B001"]).endswith("day に default を書いてください")
    assert "B001" in has_one.works


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[batches.B001]\ncommand = ["x"]\ndepends_on = ["B009"]', "B009"),
        ('[batches.B001]\ncommand = ["x"]\ndepends_on = ["B001"]', "循環"),
        (
            """\
[batches.B001]
command = ["x"]
depends_on = ["B002"]
[batches.B002]
command = ["x"]
depends_on = ["B001"]
""",
            "循環",
        ),
    ],
)
def test_impossible_dependencies_are_refused(text: str, words: str) -> None:
    found = plan(design(), bindings(text))

    assert words in str(found.unbound["batch/batch/B001"])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[batches.B001]", "「command」がありません"),
        ("[batches.B001]\ncommand = []", "空です"),
        ('[batches.B001]\ncommand = ["x"]\ntimeout = "すぐ"', "長さは"),
        ('[batches.B001]\ncommand = ["x"]\ntimeout = "0分"', "長さは"),
        ('[batches.B001]\ncommand = ["x"]\ncatch_up = "all"', "'once' か 'skip'"),
        ('[batches.B001]\ncommand = ["x"]\ntimeot = "5分"', "「timeot」という項目はありません"),
    ],
)
def test_a_wrong_binding_is_reported_with_its_line(text: str, complaint: str) -> None:
    with pytest.raises(UnreadableBindings) as refused:
        bindings(text)

    (finding,) = refused.value.findings
    assert complaint in str(finding.message)
    assert finding.origin.line == text.count("\n") + 1


def test_retries_counted_in_a_row_take_precedence_over_the_general_rule() -> None:
    text = (TABLE + RULE).replace("翌日再実行", "自動リトライ2回")

    work = plan(design(text), bindings('[batches.B002]\ncommand = ["x"]')).works["B002"]

    assert work.retry_delays == minutes(5, 5)


def test_a_binding_sets_time_limits_notices_and_the_approving_role() -> None:
    text = """[batches.B001]
command = ["backup"]
start_within = "30分"
expected_within = "1時間"
announce = ["end"]
approval = "運用責任者"
approvers = 2
approval_within = "8時間"
irreversible = true
"""

    work = plan(design(), bindings(text)).works["B001"]

    assert (work.start_grace, work.expected_within) == (timedelta(minutes=30), timedelta(hours=1))
    assert (work.announces_start, work.announces_end) == (False, True)
    terms = ApprovalTerms("運用責任者", 2, timedelta(hours=8), is_irreversible=True)
    assert [step.approval for step in work.steps] == [terms]
    assert 'command = ["backup"]' in work.steps[0].bound


def test_without_a_time_an_approval_waits_for_the_assumed_one() -> None:
    text = '[batches.B001]\ncommand = ["backup"]\napproval = "運用責任者"'

    terms = plan(design(), bindings(text)).works["B001"].steps[0].approval

    assert terms == ApprovalTerms("運用責任者", is_time_assumed=True)


def test_the_digest_of_the_bindings_changes_with_what_runs_but_not_with_who_is_told() -> None:
    def digest(text: str) -> str:
        return plan(design(), bindings(f"[batches.B001]\n{text}")).works["B001"].acting_digest

    usual = digest('command = ["backup"]')

    assert digest('command = ["backup"]\n[people."誰か"]\nemail = "a@example.com"') == usual
    assert digest('command = ["backup", "--all"]') != usual
    assert digest('command = ["backup"]\n[system]\nholidays = "none"') != usual


def test_by_default_no_approval_is_needed_and_successes_are_not_announced() -> None:
    work = plan(design(), bindings('[batches.B001]\ncommand = ["backup"]')).works["B001"]

    assert (work.start_grace, work.expected_within) == (OVERDUE, None)
    assert (work.announces_start, work.announces_end, work.steps[0].approval) == (False, False, None)


def test_those_who_approve_are_shown_the_declared_parameters_with_secrets_by_reference() -> None:
    text = """
[batches.B005]
command = ["x"]
approval = "運用責任者"
parameters = { key = { kind = "secret", secrets = { a = "file:key" } } }
"""

    step = plan(design(), bindings(text)).works["B005"].steps[0]

    shown = 'parameters = {"key": {"kind": "secret", "secrets": {"a": "file:key"}}}'
    assert step.bound == f'command = ["x"]  {shown}'
