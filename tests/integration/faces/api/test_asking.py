"""A workflow asks whether it may deploy, and is answered by the release that its question has planned."""

from typing import Any

import pytest
from tests.integration.chapters.release.conftest import shop
from tests.integration.chapters.release.shop import HOUR, MINUTE, PRODUCTION, STAGING, Shop
from tests.integration.faces.api.conftest import EVERYTHING, Program, Programs
from tests.integration.faces.web.conftest import Fixed

from toban.chapters.release.models import Release
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs.models import Run
from toban.faces.api.release import routes as api

__all__ = ["shop"]

pytestmark = pytest.mark.django_db

RUN = "https://github.com/acme/shop/actions/runs/30433642"


@pytest.fixture
def workflow(shop: Shop, in_force: Fixed, program: Programs, monkeypatch: pytest.MonkeyPatch) -> Program:
    in_force.edition = shop.edition
    monkeypatch.setattr(api, "system_clock", lambda: shop.now)
    monkeypatch.setattr("toban.faces.api.acting.system_clock", lambda: shop.now)
    return program(OperatorRole.DEVELOPER, *EVERYTHING, name="workflow")


def ask(workflow: Program, shop: Shop, to: str = STAGING, *, status: int = 200, **more: Any) -> Any:
    wanted = {"service": "shop", "environment": to, "commit": shop.source.log[-1].id, "run": RUN, **more}
    key = wanted.pop("key", "")
    return workflow.post("/releases/ask", wanted, status, key)


def test_where_nobody_must_approve_it_is_let_through_when_its_turn_comes(
    workflow: Program, shop: Shop
) -> None:
    first = ask(workflow, shop)
    assert first["answer"] == "wait"
    release = Release.objects.get(pk=first["release"])
    assert (release.asked_from, release.ordered_by, release.artifact.commit) == (
        RUN,
        "workflow",
        shop.source.log[-1].id,
    )
    assert first["page"] == f"/releases/{release.pk}/"

    shop.work()

    again = ask(workflow, shop)
    assert (again["answer"], again["release"]) == ("yes", release.pk)
    assert Release.objects.count() == 1


def test_it_is_let_through_at_the_switch_and_not_before(workflow: Program, shop: Shop) -> None:
    number = ask(workflow, shop)["release"]
    run = Run.objects.create(
        work="release/x", due_at=shop.now, clause_id="x", document_digest="x", ordered_by="x", step="backup",
        wake_at=shop.now, state=Run.State.RUNNING,
    )  # fmt: skip
    Release.objects.filter(pk=number).update(state=Release.State.RUNNING, run=run.pk)
    assert ask(workflow, shop)["answer"] == "wait"

    Run.objects.filter(pk=run.pk).update(step="switch")
    assert ask(workflow, shop)["answer"] == "yes"


def test_production_waits_for_its_approval(workflow: Program, shop: Shop) -> None:
    shop.stage("v1")
    first = ask(workflow, shop, PRODUCTION)
    shop.work()
    assert ask(workflow, shop, PRODUCTION)["answer"] == "wait"
    assert ApprovalRequest.objects.filter(subject=f"release/{first['release']}").exists()

    shop.approve()
    shop.work(MINUTE)
    assert ask(workflow, shop, PRODUCTION)["answer"] == "wait", "it is not its time yet"
    shop.work(8 * HOUR)

    assert ask(workflow, shop, PRODUCTION)["answer"] == "yes"


def test_a_run_that_is_repeated_after_another_version_is_not_let_through(
    workflow: Program, shop: Shop
) -> None:
    commit = shop.source.log[-1].id
    ask(workflow, shop)
    shop.work()
    shop.work(11 * MINUTE)
    assert ask(workflow, shop)["answer"] == "yes", "what serves may be brought again"

    shop.source.add("v2")
    shop.stage("v2")

    again = ask(workflow, shop, commit=commit)
    assert (again["answer"], again["reason"]["code"]) == ("no", "release.was-followed")


def test_what_was_refused_stays_refused_for_this_run(workflow: Program, shop: Shop) -> None:
    number = ask(workflow, shop)["release"]
    Release.objects.filter(pk=number).update(state=Release.State.ABORTED)

    again = ask(workflow, shop)

    assert (again["answer"], again["release"]) == ("no", number)
    assert ask(workflow, shop, run=f"{RUN}1")["release"] != number


def test_what_lacks_its_review_is_refused(workflow: Program, shop: Shop) -> None:
    commit = shop.source.add("v2")
    shop.source.reviewed[commit] = False

    answer = ask(workflow, shop)

    assert (answer["answer"], answer["reason"]["code"]) == ("no", "release.lacks-review")
    assert answer["release"] is None
    assert not Release.objects.exists()


def test_what_was_not_staged_is_refused_in_production(workflow: Program, shop: Shop) -> None:
    assert ask(workflow, shop, PRODUCTION)["answer"] == "no"


def test_a_second_run_waits_for_the_first(workflow: Program, shop: Shop) -> None:
    ask(workflow, shop)

    answer = ask(workflow, shop, run=f"{RUN}1")

    assert (answer["answer"], answer["reason"]["code"]) == ("wait", "release.another-is-open")
    assert Release.objects.count() == 1


def test_the_order_is_in_the_evidence_once_and_its_key_is_remembered(workflow: Program, shop: Shop) -> None:
    first = ask(workflow, shop, key="k1")

    again = ask(workflow, shop, key="k1")

    assert (again["answer"], again["release"]) == (first["answer"], first["release"])
    told = [each.content.get("order") for each in LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT)]
    assert told.count("release-planned") == 1


@pytest.mark.parametrize(
    "more",
    [
        {"commit": "main"},
        {"commit": "A" * 40},
        {"run": "javascript:alert(1)"},
        {"run": "https://x y"},
        {"run": ""},
        {"more": "x"},
    ],
)
def test_nonsense_is_refused(workflow: Program, shop: Shop, more: dict[str, str]) -> None:
    ask(workflow, shop, status=422, **more)

    assert not Release.objects.exists()


@pytest.mark.parametrize("more", [{"service": "unknown"}, {"to": "unknown"}])
def test_an_unknown_place_is_refused(workflow: Program, shop: Shop, more: dict[str, str]) -> None:
    ask(workflow, shop, status=409, **more)


def test_an_unknown_commit_is_refused(workflow: Program, shop: Shop) -> None:
    assert ask(workflow, shop, commit="f" * 40)["answer"] == "no"


def test_a_token_without_the_scope_or_the_role_orders_nothing(
    shop: Shop, in_force: Fixed, program: Programs
) -> None:
    in_force.edition = shop.edition
    ask(program(OperatorRole.DEVELOPER, "read:runs", name="reader"), shop, status=403)
    viewer = program(OperatorRole.DEVELOPER, "act:releases", name="viewer")
    Operator.objects.filter(username="viewer").update(operator_role=OperatorRole.VIEWER)
    ask(viewer, shop, status=403)

    assert not Release.objects.exists()
