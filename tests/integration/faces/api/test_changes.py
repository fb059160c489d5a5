"""Changes by the API: read by what they are about, and recorded by a pipeline."""

from datetime import timedelta
from typing import Any

import pytest
from tests.integration.faces.api.conftest import EVERYTHING, Program, Programs, made_in_a_shell

from toban.engine.changes.models import Change
from toban.engine.clock import system_clock
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.audit import record
from toban.engine.people.models import Operator, OperatorRole

pytestmark = pytest.mark.django_db

RELEASE = {"kind": "release", "text": "shop 1.4.2", "about": ["Web"], "url": "https://ci.example.com/4711"}


@pytest.fixture
def pipeline(program: Programs) -> Program:
    return program(OperatorRole.DEVELOPER, *EVERYTHING)


def test_a_release_is_recorded_once_for_each_key_and_found_by_what_it_is_about(pipeline: Program) -> None:
    first, again = (pipeline.post("/changes", RELEASE, 201, key="4711") for _ in range(2))

    assert first == again
    assert (first["by"], first["kind"], first["what"]["text"]) == ("nami", "release", "shop 1.4.2")
    assert pipeline.get("/changes", about="web")["items"] == [first]
    assert pipeline.get("/changes", about="monitoring/monitor/Web/CPU使用率")["items"] == [first]
    assert pipeline.get("/changes", about="DB")["items"] == []
    assert pipeline.get(f"/evidence/{first['entry']}")["content"]["text"] == "shop 1.4.2"
    assert ledger.verify().broken is None


@pytest.mark.usefixtures("pipeline")
def test_a_change_says_in_whose_shell_its_token_was_made() -> None:
    made = made_in_a_shell("aki").post("/changes", RELEASE, 201)

    assert Change.objects.get(entry=made["entry"]).entry.content["shell_user"] == "aki"


def test_filters_narrow_the_list(pipeline: Program) -> None:
    hour_ago = (system_clock() - timedelta(hours=1)).isoformat()
    pipeline.post("/changes", {**RELEASE, "text": "old", "at": hour_ago}, 201)
    pipeline.post("/changes", {**RELEASE, "kind": "patch", "text": "new"}, 201)

    def texts(**asked: Any) -> list[str]:
        return [each["what"]["text"] for each in pipeline.get("/changes", **asked)["items"]]

    assert texts() == ["new", "old"]
    assert texts(kind="patch") == ["new"]
    assert texts(until=(system_clock() - timedelta(minutes=30)).isoformat()) == ["old"]
    assert texts(by="mira") == []


def test_parts_of_the_list_neither_lose_nor_double_changes_of_one_moment(pipeline: Program) -> None:
    at = system_clock().isoformat()
    for number in range(5):
        pipeline.post("/changes", {**RELEASE, "text": str(number), "at": at}, 201)

    found: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        part = pipeline.get("/changes", limit=2, **cursor)
        found += [each["what"]["text"] for each in part["items"]]
        if part["next"] is None:
            break
        cursor = {"cursor": part["next"]}

    assert found == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "account"},
        {"kind": "edition"},
        {"text": ""},
        {"text": "x" * 301},
        {"text": "nul \0"},
        {"about": ["x" * 201]},
        {"about": [str(number) for number in range(21)]},
        {"url": "https://example.com/" + "x" * 1000},
        {"at": "2026-11-28T12:00:00"},
        {"by": "mira"},
    ],
)
def test_what_is_out_of_bounds_is_invalid(wrong: dict[str, Any], pipeline: Program) -> None:
    problem = pipeline.post("/changes", {**RELEASE, **wrong}, 422)

    assert problem["type"] == "urn:toban:problem:invalid"
    assert not Change.objects.exclude(kind="account").exists()


@pytest.mark.parametrize(
    "wrong", [{"url": "javascript:alert(1)"}, {"text": " "}, {"at": "2026-01-01T00:00:00Z"}]
)
def test_what_is_not_possible_says_why_and_records_nothing(wrong: dict[str, Any], pipeline: Program) -> None:
    problem = pipeline.post("/changes", {**RELEASE, **wrong}, 409)

    assert problem["type"] == "urn:toban:problem:not-possible"
    assert not Change.objects.exclude(kind="account").exists()


def test_recording_needs_its_scope_and_a_role(program: Programs) -> None:
    reader = program(OperatorRole.DEVELOPER)
    assert reader.post("/changes", RELEASE, 403)["type"] == "urn:toban:problem:scope-missing"


def test_a_role_lost_since_the_token_was_made_records_nothing(pipeline: Program) -> None:
    Operator.objects.filter(username="nami").update(operator_role=OperatorRole.VIEWER)

    assert pipeline.post("/changes", RELEASE, 403)["type"] == "urn:toban:problem:role-missing"


def test_changes_of_accounts_are_for_managers(program: Programs) -> None:
    record("role-changed", "mira", operator="aki", before="viewer", after="developer")

    manager, other = program(OperatorRole.MANAGER), program(OperatorRole.DEVELOPER, name="aki")

    assert [each["kind"] for each in manager.get("/changes", kind="account", by="mira")["items"]] == [
        "account"
    ]
    assert other.get("/changes", kind="account")["items"] == []


def test_flagged_changes_are_answered_by_a_managers_program(program: Programs) -> None:
    content = {"event": "role-changed", "operator": "tanaka", "after": "manager", "before": "viewer"}
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content, actor="sato"), now=system_clock())
    client = program(OperatorRole.MANAGER, *EVERYTHING)

    later = (system_clock() + timedelta(hours=1)).isoformat()
    [listed] = [each for each in client.get("/changes/flagged", until=later)["items"] if each["by"] == "sato"]
    answered = client.post(f"/changes/{listed['entry']}/answer", {"remark": "確かめた"}, key="one")

    assert (listed["answered_at"], listed["remark"]) == (None, "")
    assert (answered["answered_by"], answered["remark"]) == ("nami", "確かめた")
    client.post(f"/changes/{listed['entry']}/answer", {"remark": "もう一度"}, status=409)
    developer = program(OperatorRole.DEVELOPER, *EVERYTHING, name="dev")
    developer.get("/changes/flagged", status=403)
    developer.post(f"/changes/{listed['entry']}/answer", {"remark": "見た"}, status=403)


def test_parts_of_the_flagged_list_double_nothing_as_newer_ones_come(program: Programs) -> None:
    client = program(OperatorRole.MANAGER, *EVERYTHING)
    until = (system_clock() + timedelta(hours=1)).isoformat()

    def changed(operator: str) -> None:
        content = {"event": "role-changed", "operator": operator, "after": "manager", "before": "viewer"}
        ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content, actor="sato"), now=system_clock())

    for operator in ("aki", "tanaka", "suzuki"):
        changed(operator)
    whole = client.get("/changes/flagged", until=until)["items"]
    first = client.get("/changes/flagged", until=until, limit=2)
    changed("yamada")
    second = client.get("/changes/flagged", until=until, limit=len(whole), cursor=first["next"])

    assert [*first["items"], *second["items"]] == whole
