"""Tasks by the API: read with their facts, signed off in the name of the token's account."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.faces.api.conftest import EVERYTHING, Program, Programs
from tests.integration.faces.web.conftest import Fixed
from tests.registered import schema

from toban.chapters.routine.operation import OPERATION
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import OperatorRole
from toban.engine.runs import scheduler
from toban.engine.tasks.models import SignOff

pytestmark = pytest.mark.django_db

DOCUMENT = """# 運用設計書
## 10. 定期作業
### 日次作業
| 作業項目 | 実施時間 | 担当者 | 内容 |
|---|---|---|---|
| 監視ダッシュボード確認 | 毎日 0:00 | 当番 | アラートを見る |
| バックアップ成功確認 | 毎日 0:00 | 当番 | 結果を見る |
"""
BINDINGS = '[people."当番"]\naccount = "nami"\n[people."鈴木"]\naccount = "suzuki"\n'


@pytest.fixture(autouse=True)
def due(in_force: Fixed) -> None:
    """Put two tasks of today in force."""
    edition = Edition(
        read_design(DOCUMENT, "運用設計書.md"), read_bindings(BINDINGS, Path("toban.toml"), schema())
    )
    in_force.edition = edition
    works, now = edition.plan(OPERATION).works.values(), system_clock()
    scheduler.plan_due(works, now - timedelta(days=1))
    scheduler.plan_due(works, now)


@pytest.fixture
def actor(program: Programs) -> Program:
    return program(OperatorRole.DEVELOPER, *EVERYTHING)


def test_tasks_are_read_with_their_facts_in_parts(actor: Program) -> None:
    first = actor.get("/tasks", limit=1)
    (second,) = actor.get("/tasks", limit=1, cursor=first["next"])["items"]

    by_name = {task["name"]: task for task in (*first["items"], second)}
    task = by_name["監視ダッシュボード確認"]
    assert (task["able"], task["is_late"]) == (["当番"], False)
    assert task["facts"][0]["value"]["code"] == "notify.fact-counts"
    assert by_name["バックアップ成功確認"]["facts"] == []


def test_a_task_is_signed_off_once_as_it_was_shown_and_the_token_is_recorded(actor: Program) -> None:
    task = actor.get("/tasks")["items"][0]
    address, wanted = f"/tasks/{task['task']}/sign-off", {"shown": task["shown"]}

    assert actor.post(address, {"shown": "x"}, 409)["type"] == "urn:toban:problem:not-possible"
    done = actor.post(address, wanted, key="one")
    assert actor.post(address, wanted, key="one") == done

    assert (done["state"], done["reason"]) == ("done", "signed-off")
    assert SignOff.objects.get().via == "api"
    orders = [each.content.get("order") for each in LedgerEntry.objects.filter(kind="audit")]
    assert orders.count("sign-off-task") == 1


def test_a_token_of_an_account_without_the_role_signs_nothing(program: Programs) -> None:
    stranger = program(OperatorRole.MANAGER, *EVERYTHING, name="boss")
    task = stranger.get("/tasks")["items"][0]

    stranger.post(f"/tasks/{task['task']}/sign-off", {"shown": task["shown"]}, 409)

    assert not SignOff.objects.exists()


def test_signing_off_needs_its_own_scope(program: Programs) -> None:
    reader = program(OperatorRole.DEVELOPER, "read:tasks", "act:runs")
    task = reader.get("/tasks")["items"][0]

    answer = reader.post(f"/tasks/{task['task']}/sign-off", {"shown": task["shown"]}, 403)

    assert answer["type"] == "urn:toban:problem:scope-missing"


def test_a_task_is_handed_on_to_a_person_with_an_account(actor: Program, program: Programs) -> None:
    program(OperatorRole.DEVELOPER, name="suzuki")
    number = actor.get("/tasks")["items"][0]["task"]

    actor.post(f"/tasks/{number}/hand-on", {"person": "誰か", "reason": "外出"}, 409)
    actor.post(f"/tasks/{number}/hand-on", {"person": "鈴木", "reason": "外出"})

    assert actor.get("/tasks")["items"][0]["handed_on_to"] == "鈴木"
