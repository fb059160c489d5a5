"""Approvals that programs give by the API, in the name of a person who holds the role."""

import pytest
from tests.integration.faces.api.conftest import EVERYTHING, Program, Programs, made_in_a_shell
from tests.integration.faces.web.conftest import Fixed, Operators
from tests.integration.faces.web.ledger import MONTHLY, awaiting, planned, put_in_force

from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason

pytestmark = pytest.mark.django_db

PEOPLE = """
[people."運用責任者"]
account = "nami"
email = "nami@example.com"
"""


@pytest.fixture
def actor(program: Programs, in_force: Fixed) -> Program:
    put_in_force(in_force, bindings=PEOPLE)
    planned(MONTHLY, needs_approval=True)
    return program(OperatorRole.DEVELOPER, *EVERYTHING)


def listed(actor: Program) -> dict[str, object]:
    (found,) = actor.get("/approvals")["items"]
    assert isinstance(found, dict)
    return found


def answer(actor: Program, act: str, status: int = 200, **changes: object) -> dict[str, object]:
    request = ApprovalRequest.objects.get()
    body = {"shown": request.digest, "note": "ok", **changes}
    found = actor.post(f"/approvals/{request.pk}/{act}", body, status)
    assert isinstance(found, dict)
    return found


def test_what_waits_is_listed_with_everything_that_is_approved(actor: Program) -> None:
    run = awaiting()

    found = listed(actor)

    assert (found["subject"], found["able"]) == (f"run/{run.pk}", ["運用責任者"])
    assert found["page"] == f"/approvals/{found['request']}"
    assert 'command = ["send"]' in str(found["shown"])


def test_who_holds_the_role_approves_exactly_what_was_shown(actor: Program) -> None:
    run = awaiting()
    shown = listed(actor)["digest"]

    changed = answer(actor, "approve", 409, shown="0" * 64)
    answered = answer(actor, "approve", shown=shown)

    assert "approvals.not-what-was-shown" in str(changed["message"])
    run.refresh_from_db()
    assert (answered["state"], run.reason) == ("granted", RunReason.APPROVED)
    given = ApprovalAnswer.objects.get()
    assert (given.username, given.via) == ("nami", "api")
    by_api = LedgerEntry.objects.filter(content__event="api-order").get()
    assert by_api.content["token"] == "ci"
    assert actor.get("/approvals")["items"] == []


def test_a_refusal_needs_a_reason_and_ends_the_run(actor: Program) -> None:
    run = awaiting()

    assert "reason" in str(answer(actor, "refuse", 409, note=" ")["message"])
    answer(actor, "refuse", note="frozen")

    run.refresh_from_db()
    assert (run.state, run.reason) == (Run.State.CANCELLED, RunReason.REFUSED)


def test_what_can_not_be_undone_is_approved_on_its_page_only(actor: Program) -> None:
    awaiting(is_irreversible=True)

    refused = answer(actor, "approve", 409)

    assert "approvals.prove-identity" in str(refused["message"])
    assert refused["hint"]
    assert not ApprovalAnswer.objects.exists()


def test_a_token_approves_neither_without_the_role_nor_the_order_of_its_account(
    actor: Program, program: Programs
) -> None:
    awaiting("運用責任者", Operator.objects.get(username="nami").pk)
    other = program(OperatorRole.MANAGER, *EVERYTHING, name="aki")

    assert "approvals.own-order" in str(answer(actor, "approve", 409)["message"])
    assert "approvals.does-not-hold-role" in str(answer(other, "approve", 409)["message"])


def test_what_a_program_orders_its_account_does_not_approve(actor: Program) -> None:
    run = actor.post("/runs", {"work": MONTHLY}, 201)

    assert Run.objects.get(pk=run["run"]).orderers == [Operator.objects.get(username="nami").pk]


@pytest.mark.usefixtures("actor")
def test_who_makes_a_token_in_anothers_name_does_not_approve_their_own_order_by_it(
    operator: Operators,
) -> None:
    aki = operator("aki", OperatorRole.DEVELOPER)
    run = awaiting("運用責任者", aki.pk)

    assert "approvals.own-order" in str(answer(made_in_a_shell("aki"), "approve", 409)["message"])

    Run.objects.filter(pk=run.pk).update(orderers=[])
    ApprovalRequest.objects.update(orderers=[])
    answer(made_in_a_shell("aki"), "approve")
    given = ApprovalAnswer.objects.get()
    told = LedgerEntry.objects.get(content__order="approve").content
    assert (given.shell_user, told["shell_user"], told["via"]) == ("aki", "aki", "api")


@pytest.mark.usefixtures("actor")
def test_what_is_ordered_by_such_a_token_its_maker_does_not_approve(operator: Operators) -> None:
    aki = operator("aki", OperatorRole.DEVELOPER)

    run = made_in_a_shell("aki").post("/runs", {"work": MONTHLY}, 201)

    assert set(Run.objects.get(pk=run["run"]).orderers) == {
        Operator.objects.get(username="nami").pk,
        aki.pk,
    }


def test_answers_need_their_own_scope(program: Programs, in_force: Fixed) -> None:
    put_in_force(in_force, bindings=PEOPLE)
    awaiting()
    reader = program(OperatorRole.MANAGER, "read:approvals", "act:runs")

    assert answer(reader, "approve", 403)["type"] == "urn:toban:problem:scope-missing"
    assert reader.post("/approvals/999/approve", {"shown": ""}, 403)["status"] == 403
