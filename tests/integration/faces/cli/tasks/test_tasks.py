"""`toban tasks`: list with facts, sign off what was shown, hand on."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pytest_django import Settings
from tests.registered import PARTS

from toban.chapters.routine.operation import OPERATION
from toban.design.reader import load_design
from toban.engine.bindings.load import load_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs import scheduler
from toban.engine.runs.models import Run
from toban.engine.tasks.models import SignOff
from toban.faces.cli.tasks.tasks import command

pytestmark = pytest.mark.django_db

DOCUMENT = """# 運用設計書
## 10. 定期作業
### 日次作業
| 作業項目 | 実施時間 | 担当者 | 内容 |
|---|---|---|---|
| 監視ダッシュボード確認 | 毎日 0:00 | 当番 | アラートを見る |
"""
BINDINGS = """[people."当番"]
account = "nami"
[people."鈴木"]
account = "suzuki"
"""

type Call = Callable[..., Result]


@pytest.fixture
def tasks(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command, beside a Toban with one open task."""
    document, bindings = tmp_path / "運用設計書.md", tmp_path / "toban.toml"
    document.write_text(DOCUMENT, encoding="utf-8")
    bindings.write_text(BINDINGS, encoding="utf-8")
    monkeypatch.setenv("TOBAN_DESIGN", str(document))
    monkeypatch.setenv("TOBAN_BINDINGS", str(bindings))
    settings.HOME = tmp_path / "home"
    for name in ("nami", "suzuki"):
        Operator.objects.create_user(name)
    edition = Edition(load_design(document), load_bindings(bindings, PARTS.schema))
    works, now = edition.plan(OPERATION).works.values(), system_clock()
    scheduler.plan_due(works, now - timedelta(days=1))
    scheduler.plan_due(works, now)
    return lambda *arguments: CliRunner().invoke(command, arguments, obj=PARTS)


def test_a_task_is_listed_and_signed_off_as_it_was_shown(tasks: Call) -> None:
    (found,) = json.loads(tasks("list", "--as", "nami", "--format", "json").output)
    text = tasks("list").output
    assert f"◎ {found['task']}  監視ダッシュボード確認" in text
    assert f"--shown {found['shown']}" in text

    number = str(found["task"])
    for wrong in (["--shown", "x", "--as", "nami"], ["--shown", found["shown"], "--as", "suzuki"]):
        assert tasks("sign", number, *wrong).exit_code == 1
    done = tasks("sign", number, "--shown", found["shown"], "--as", "nami")

    assert (done.exit_code, done.output) == (0, "当番 が実施\n")
    entry = LedgerEntry.objects.get(kind="audit")
    assert (entry.content["via"], entry.actor) == ("shell", "nami")
    assert entry.content["shell_user"]
    assert tasks("list").output == "署名を待っている作業はありません\n"


def test_a_task_that_is_not_performed_needs_its_reason(tasks: Call) -> None:
    (found,) = json.loads(tasks("list", "--format", "json").output)
    given = [str(found["task"]), "--shown", found["shown"], "--as", "nami", "--not-performed"]

    assert tasks("sign", *given).exit_code == 1
    assert tasks("sign", *given, "--remark", "凍結期間").exit_code == 0

    assert not SignOff.objects.get().is_performed
    assert Run.objects.latest("due_at").state == "missed"


def test_a_task_is_handed_on_to_a_person(tasks: Call) -> None:
    number = str(Run.objects.latest("due_at").pk)

    assert tasks("hand-on", number, "鈴木", "--as", "nami").exit_code == 1
    assert tasks("hand-on", number, "鈴木", "--reason", "外出", "--as", "nami").exit_code == 0

    assert tasks("list", "--as", "nami").output == "署名を待っている作業はありません\n"
    (found,) = json.loads(tasks("list", "--as", "suzuki", "--format", "json").output)
    assert (found["able"], found["handed_on_to"]) == (["鈴木"], "鈴木")


def test_an_account_that_does_not_exist_signs_nothing(tasks: Call) -> None:
    assert tasks("list", "--as", "nobody").exit_code == 1
    assert tasks("sign", "1", "--shown", "x", "--as", "nobody").exit_code == 1


def test_work_that_is_in_no_document_is_ordered(tasks: Call) -> None:
    given = ["order", "UPS の点検", "--owner", "鈴木", "--fact", "A-1", "--as", "nami"]
    assert tasks(*given, "--until", "2001-01-01").exit_code == 1

    soon = f"{system_clock() + timedelta(days=1):%Y-%m-%d %H:%M}"
    assert tasks(*given, "--until", soon).exit_code == 1
    Operator.objects.filter(username="nami").update(operator_role=OperatorRole.DEVELOPER)
    assert tasks(*given, "--until", "2099-01-01").exit_code == 1
    done = tasks(*given, "--until", soon)

    assert done.exit_code == 0
    assert "文書の行によりません" in done.output
    (found,) = json.loads(tasks("list", "--as", "suzuki", "--format", "json").output)
    assert (found["name"], found["clause"]) == ("UPS の点検", "")
    assert LedgerEntry.objects.filter(content__order="order-task", content__via="shell").exists()


def test_a_swap_is_asked_for_and_answered_by_command(tasks: Call) -> None:
    assert tasks("swap", "list", "--as", "nami").exit_code == 0
    assert tasks("swap", "ask", "x", "y", "--reason", "z", "--as", "nami").exit_code == 1
    assert tasks("swap", "answer", "1", "agree", "--as", "nami").exit_code == 1
