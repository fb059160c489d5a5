"""`toban approvals` and the answers of `toban run`, next to a running Toban."""

import getpass
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from pytest_django import Settings
from tests.registered import PARTS

from toban.design.reader import load_design
from toban.design.values.schedule import read_schedule
from toban.engine.approvals.models import ApprovalRequest, Delegation
from toban.engine.approvals.requests import request_for
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.bindings.load import load_bindings
from toban.engine.bindings.model import System
from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.models import Alert
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs.approval import subject_of
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import Step, Work
from toban.faces.cli.approvals.approvals import command as approvals_command
from toban.faces.cli.runs.run import command as run_command

pytestmark = pytest.mark.django_db

DOCUMENT = """# 運用設計書
## 6. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B005 | 切替 | 月次 | 月末23:40 | 切替 | 手動再実行 |
"""
BINDINGS = """[people."運用責任者"]
account = "nami"
[people."鈴木"]
account = "suzuki"
"""

ACCOUNTS = {
    "nami": OperatorRole.DEVELOPER,
    "suzuki": OperatorRole.DEVELOPER,
    "mira": OperatorRole.VIEWER,
    "boss": OperatorRole.MANAGER,
}

type Call = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "toban.toml").write_text(BINDINGS, encoding="utf-8")
    monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "運用設計書.md"))
    monkeypatch.setenv("TOBAN_BINDINGS", str(tmp_path / "toban.toml"))
    settings.HOME = tmp_path / "home"
    for name, role in (
        ("nami", "developer"),
        ("suzuki", "developer"),
        ("mira", "viewer"),
        ("boss", "manager"),
    ):
        Operator.objects.create_user(name, operator_role=OperatorRole(role))
    return tmp_path


def caller(command: click.Command) -> Call:
    return lambda *arguments: CliRunner().invoke(command, arguments, obj=PARTS)


run_, approvals = caller(run_command), caller(approvals_command)


@pytest.fixture
def waiting(home: Path) -> Run:
    return awaiting(home)


def awaiting(home: Path, **terms: Any) -> Run:
    """Return a run that waits for the approval of 運用責任者."""
    now = system_clock()
    design = load_design(home / "運用設計書.md")
    bindings = load_bindings(home / "toban.toml", PARTS.schema)
    PlannedWork.objects.create(
        key="B005", clause_id="batch/batch/B005", rule="", planned_until=now, needs_approval=True
    )
    run = Run.objects.create(
        work="B005", due_at=now, clause_id="batch/batch/B005", document_digest=design.digest,
        ordered_by="schedule", reason=RunReason.AWAITING_APPROVAL, wake_at=now, step="切替",
    )  # fmt: skip
    schedule = read_schedule("月末23:40")
    assert schedule is not None
    step = Step("切替", lambda _turn: None, ApprovalTerms("運用責任者", **terms), 'command = ["switch"]')
    work = Work(
        key="B005", clause_id=run.clause_id, document_digest=design.digest, steps=(step,), schedule=schedule,
        system=System(), acting_digest=bindings.acting_digest,
    )  # fmt: skip
    request_for(subject_of(run, work, step), now)
    return run


def test_what_waits_is_listed_with_who_may_approve_it(waiting: Run) -> None:
    text = approvals("list").output
    (found,) = json.loads(approvals("list", "--format", "json").output)["open"]

    assert f"B005 実行 {waiting.pk} の手順「切替」  運用責任者  承認できる人: 運用責任者" in text
    assert (found["subject"], found["able"], found["irreversible"]) == (
        f"run/{waiting.pk}",
        ["運用責任者"],
        False,
    )
    assert ["行うこと (接続表)", 'command = ["switch"]'] in [
        [label["text"], value["text"]] for label, value in found["shown"]
    ]


def test_what_is_approved_is_shown_before_it_is_asked_and_the_evidence_names_the_shell(waiting: Run) -> None:
    asked = CliRunner().invoke(
        run_command, ["B005", "--approve", str(waiting.pk), "--as", "nami"], obj=PARTS, input="y\n"
    )

    waiting.refresh_from_db()
    assert asked.exit_code == 0, asked.output
    assert '行うこと (接続表): command = ["switch"]' in asked.output
    assert waiting.reason == RunReason.APPROVED
    entry = LedgerEntry.objects.get(content__order="approve")
    assert (entry.actor, entry.content["via"], entry.content["shell_user"]) == (
        "nami", "shell", getpass.getuser(),
    )  # fmt: skip
    # Told to the person in whose name it was given.
    assert Alert.objects.get().people == ["運用責任者"]


def test_whoever_orders_in_anothers_name_from_their_own_shell_does_not_approve_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toban.faces.cli.runs.run.shell_user", lambda: "nami")
    ended = awaiting(home)
    Run.objects.filter(pk=ended.pk).update(state=Run.State.FAILED)

    ordered = [run_("B005", *more, "--as", "suzuki", "--yes") for more in ([], ["--again", str(ended.pk)])]

    assert [each.exit_code for each in ordered] == [0, 0]
    both = {Operator.objects.get(username=name).pk for name in ("nami", "suzuki")}
    assert [set(each.orderers) for each in Run.objects.all()] == [both, both]
    for entry in LedgerEntry.objects.filter(content__order__in=("run", "again")):
        assert (entry.actor, entry.content["via"], entry.content["shell_user"]) == ("suzuki", "shell", "nami")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "だれとして承認するか"),
        (("--as", "suzuki"), "いま運用責任者を担っていません"),
        (("--as", "nobody"), "「nobody」は、ないか、無効です"),
    ],
)
def test_a_shell_approves_only_as_an_account_that_holds_the_role(
    waiting: Run, arguments: tuple[str, ...], why: str
) -> None:
    refused = run_("B005", "--approve", str(waiting.pk), *arguments, "--yes")

    assert (refused.exit_code, why in refused.output) == (1, True)
    assert ApprovalRequest.objects.get().state == "open"


@pytest.mark.parametrize(("act", "reason"), [("approve", "approved"), ("refuse", "refused")])
def test_any_request_is_answered_by_its_number_after_it_is_shown(waiting: Run, act: str, reason: str) -> None:
    number, why = str(ApprovalRequest.objects.get().pk), ["--reason", "後で"] if act == "refuse" else []
    asked = [act, number, *why, "--as", "nami"]

    declined = CliRunner().invoke(approvals_command, asked, obj=PARTS, input="n\n")
    other = approvals(act, number, *why, "--as", "suzuki", "--yes")
    answered = CliRunner().invoke(approvals_command, asked, obj=PARTS, input="y\n")

    waiting.refresh_from_db()
    assert (declined.exit_code, other.exit_code, answered.exit_code) == (1, 1, 0), answered.output
    assert '行うこと (接続表): command = ["switch"]' in answered.output
    assert waiting.reason == reason


def test_a_request_goes_ahead_by_its_number_in_an_emergency(waiting: Run) -> None:
    number = str(ApprovalRequest.objects.get().pk)

    broken = approvals("break-glass", number, "--reason", "停止中", "--yes")

    waiting.refresh_from_db()
    assert (broken.exit_code, waiting.reason) == (0, RunReason.APPROVED)
    assert "別の人が確認するまで逸脱です" in broken.output


def test_an_unknown_number_is_named(home: Path) -> None:
    assert "承認の依頼 99 はありません" in approvals("approve", "99", "--as", "nami", "--yes").output


def test_what_can_not_be_undone_is_not_approved_in_a_shell(home: Path) -> None:
    run = awaiting(home, is_irreversible=True)

    refused = run_("B005", "--approve", str(run.pk), "--as", "nami", "--yes")

    assert refused.exit_code == 1
    assert "ページで開き" in refused.output


def test_an_edit_between_list_and_answer_is_noticed(waiting: Run, home: Path) -> None:
    (home / "toban.toml").write_text(BINDINGS + '[system]\nname = "本番"\n', encoding="utf-8")

    refused = run_("B005", "--approve", str(waiting.pk), "--as", "nami", "--yes")

    assert (refused.exit_code, "文書か接続表が変わりました" in refused.output) == (1, True)


@pytest.mark.parametrize("command", ["run", "approvals"])
@pytest.mark.parametrize(
    ("since", "why"), [("expired", "回答の期限が過ぎています"), ("edited", "文書か接続表が変わりました")]
)
def test_what_counts_is_the_moment_of_the_yes_and_not_that_of_the_question(
    waiting: Run, home: Path, monkeypatch: pytest.MonkeyPatch, command: str, since: str, why: str
) -> None:
    def thought_over(*_question: object, **_options: object) -> None:
        if since == "expired":
            ApprovalRequest.objects.update(expires_at=system_clock())
        else:
            (home / "toban.toml").write_text(BINDINGS + '[system]\nname = "本番"\n', encoding="utf-8")

    monkeypatch.setattr(click, "confirm", thought_over)

    if command == "run":
        answered = run_("B005", "--approve", str(waiting.pk), "--as", "nami")
    else:
        answered = approvals("approve", str(ApprovalRequest.objects.get().pk), "--as", "nami")

    assert (answered.exit_code, why in answered.output) == (1, True), answered.output
    assert ApprovalRequest.objects.get().state == "open"


def test_in_an_emergency_a_shell_goes_ahead_and_another_person_reviews_it(waiting: Run) -> None:
    number = str(waiting.pk)
    unreasoned = run_("B005", "--break-glass", number, "--yes")
    viewer = run_("B005", "--break-glass", number, "--as", "mira", "--reason", "停止中", "--yes")
    broken = run_("B005", "--break-glass", number, "--as", "suzuki", "--reason", "停止中", "--yes")

    (found,) = json.loads(approvals("list", "--format", "json").output)["to_review"]
    own = approvals("review", str(found["number"]), "--words", "妥当", "--as", "suzuki")
    other = approvals("review", str(found["number"]), "--words", "妥当", "--as", "boss")

    assert (unreasoned.exit_code, viewer.exit_code, broken.exit_code) == (2, 1, 0)
    assert (own.exit_code, "自分が承認なしで進めたこと" in own.output) == (1, True)
    assert other.exit_code == 0
    assert json.loads(approvals("list", "--format", "json").output)["to_review"] == []


def test_a_holder_delegates_and_ends_the_delegation(waiting: Run) -> None:
    wrong = approvals(
        "delegate", "運用責任者", "鈴木", "--for", "2時間", "--reason", "会議", "--as", "suzuki"
    )
    made = approvals("delegate", "運用責任者", "鈴木", "--for", "2時間", "--reason", "会議", "--as", "nami")
    number = str(Delegation.objects.get().pk)
    listed = approvals("list").output
    ended = approvals("end", number, "--as", "nami")
    again = approvals("end", number, "--as", "nami")

    assert (wrong.exit_code, made.exit_code, ended.exit_code, again.exit_code) == (1, 0, 0, 1)
    assert f"→ {number}  運用責任者  運用責任者 → 鈴木" in listed
    assert "鈴木" not in approvals("list").output


def test_nobody_delegates_to_themselves_in_anothers_name_and_the_evidence_names_the_shell(
    waiting: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = ("delegate", "運用責任者", "鈴木", "--for", "2時間", "--reason", "会議", "--as", "nami")
    monkeypatch.setattr("toban.faces.cli.approvals.approvals.shell_user", lambda: "suzuki")
    refused = approvals(*form)
    monkeypatch.setattr("toban.faces.cli.approvals.approvals.shell_user", lambda: "root")
    made, ended = approvals(*form), approvals("end", "1", "--as", "nami")

    assert (refused.exit_code, "自分自身には委任できません" in refused.output) == (1, True)
    assert (made.exit_code, ended.exit_code) == (0, 0)
    entries = LedgerEntry.objects.filter(content__order__in=("delegate", "end-delegation"))
    assert [(each.actor, each.content["via"], each.content["shell_user"]) for each in entries] == [
        ("nami", "shell", "root")
    ] * 2


def test_an_empty_list_says_so(home: Path) -> None:
    assert "承認を待っているもの、委任、確認を待っているものはありません" in approvals("list").output
