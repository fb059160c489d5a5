"""`toban modes` next to a running Toban."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pytest_django import Settings
from tests.registered import PARTS

from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.faces.cli.modes.modes import command
from toban.message import Message

pytestmark = pytest.mark.django_db

DOCUMENT = """# 運用設計書
## 6. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B005 | 切替 | 月次 | 月末23:40 | 切替 | 自動リトライ3回 |
| B006 | 消去 | 日次 | 1:00 | 消去 | アラート |
"""
BINDINGS = """[batches.B005]
command = ["switch"]
mode = "shadow"
[batches.B006]
command = ["erase"]
mode = "shadow"
irreversible = true
[people."運用責任者"]
account = "nami"
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "toban.toml").write_text(BINDINGS, encoding="utf-8")
    monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "運用設計書.md"))
    monkeypatch.setenv("TOBAN_BINDINGS", str(tmp_path / "toban.toml"))
    settings.HOME = tmp_path / "home"
    settings.PARTS = PARTS
    for name, role in (("nami", "developer"), ("mira", "viewer")):
        Operator.objects.create_user(name, operator_role=OperatorRole(role))
    return tmp_path


def modes(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(command, arguments, obj=PARTS, input=typed)


def listed() -> dict[str, str]:
    told = json.loads(modes("list", "--format", "json").output)
    return {each["act"]: each["mode"] for each in told["acts"]}


def test_every_automatic_act_is_listed_with_its_mode_and_what_it_would_have_done() -> None:
    now = system_clock()
    Run.objects.create(
        work="B005", due_at=now, clause_id="batch/batch/B005", document_digest="d", ordered_by="schedule",
        state=Run.State.SHADOW, reason=RunReason.SHADOW, wake_at=now, ended_at=now,
        note=Message("runs.would-have-run", bound="switch"),
    )  # fmt: skip

    text = modes("list").output
    (would,) = json.loads(modes("list", "--format", "json").output)["would_have_run"]

    assert listed() == {"schedule/B005": "shadow", "rerun/B005": "act", "schedule/B006": "shadow"}
    assert "schedule/B005  試行 (シャドー)  B005 を予定どおり実行" in text
    assert "B005  実行したはずのもの: switch" in text
    assert (would["work"], would["would_have"]["text"]) == ("B005", "実行したはずのもの: switch")


def test_a_person_moves_an_act_on_and_the_evidence_says_who_and_why() -> None:
    done = modes("set", "schedule/B005", "act", "--reason", "compared", "--as", "nami", "--yes")

    assert done.exit_code == 0, done.output
    assert "自動実行にしました" in done.output
    assert listed()["schedule/B005"] == "act"
    entry = LedgerEntry.objects.get(content__order="mode")
    assert (entry.actor, entry.content["reason"]) == ("nami", "compared")
    assert "nami" in modes("list").output


def test_a_move_is_asked_about_and_only_yes_moves() -> None:
    arguments = ("set", "schedule/B005", "act", "--reason", "compared", "--as", "nami")

    declined = modes(*arguments, typed="n\n")
    assert (declined.exit_code, listed()["schedule/B005"]) == (1, "shadow")
    assert "試行 (シャドー) から 自動実行 に変えます" in declined.output
    agreed = modes(*arguments, typed="y\n")

    assert (agreed.exit_code, listed()["schedule/B005"]) == (0, "act")


def test_what_can_not_be_undone_asks_for_the_approval_of_the_role() -> None:
    asked = modes("set", "schedule/B006", "act", "--reason", "compared", "--as", "nami", "--yes")

    assert asked.exit_code == 0, asked.output
    assert "「運用責任者」に承認を求めました" in asked.output
    assert listed()["schedule/B006"] == "shadow"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("schedule/B999", "act", "--reason", "x"), "という処理はありません"),
        (("schedule/B005", "shadow", "--reason", "x"), "もうそのモードです"),
        (("schedule/B005", "act", "--reason", "x", "--as", "mira"), "閲覧者はモードを変えられません"),
        (("schedule/B006", "act", "--reason", "x"), "だれとして"),
    ],
)
def test_what_is_not_possible_says_why(arguments: tuple[str, ...], why: str) -> None:
    refused = modes("set", *arguments)

    assert (refused.exit_code, why in refused.output) == (1, True), refused.output
