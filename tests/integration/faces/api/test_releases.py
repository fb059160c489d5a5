"""Releases by the API: read, previewed, planned, approved, rolled back, called off, locked."""

from pathlib import Path
from typing import Any

import pytest
from tests.integration.chapters.release.shop import HOUR, PRODUCTION, STAGING, Shop
from tests.integration.faces.api.conftest import EVERYTHING, Program, Programs
from tests.integration.faces.web.conftest import Fixed
from tests.registered import PARTS

from toban.chapters.release.models import DeploymentLock, Release
from toban.chapters.release.source import BranchHead, SourceFailed
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.approvals.requests import ApprovalSubject, request_for
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import Operator, OperatorRole
from toban.message import plain

CAUSE = "障害 #12"


@pytest.fixture
def shop(tmp_path: Path, settings: Any, in_force: Fixed) -> Shop:
    settings.HOME = tmp_path
    for name in ("ken", "mio"):
        Operator.objects.create_user(name, f"{name}@example.com", operator_role=OperatorRole.DEVELOPER)
    shop = Shop(tmp_path)
    in_force.edition = shop.edition
    shop.now = system_clock()
    shop.source.add("v1")
    shop.stage("v1")
    return shop


@pytest.fixture
def actor(program: Programs, shop: Shop) -> Program:
    """A program of the operations manager, who holds the row's role."""
    return program(OperatorRole.DEVELOPER, *EVERYTHING)


@pytest.fixture
def pipeline(program: Programs, shop: Shop) -> Program:
    """A program of somebody who orders and decides nothing."""
    return program(OperatorRole.DEVELOPER, *EVERYTHING, name="aki")


def ordered(pipeline: Program, **more: object) -> dict[str, Any]:
    body = {"environment": PRODUCTION, "now": True, "cause": CAUSE, **more}
    found = pipeline.post("/releases", body, 201)
    assert isinstance(found, dict)
    return found


def served(shop: Shop, pipeline: Program, actor: Program, version: str) -> Release:
    """Have *version* go to production: a program orders it, and another approves it."""
    number = ordered(pipeline, version=version)["release"]
    shop.now = system_clock()
    shop.work()
    request = ApprovalRequest.objects.latest("pk")
    actor.post(f"/approvals/{request.pk}/approve", {"shown": request.digest})
    shop.work()
    release = Release.objects.get(pk=number)
    assert release.state == Release.State.WATCHED, str(release.note)
    return release


def test_a_release_is_previewed_planned_approved_and_read(
    shop: Shop, actor: Program, pipeline: Program
) -> None:
    shown = pipeline.post("/releases/preview", {"environment": PRODUCTION, "now": True, "cause": CAUSE})
    assert (shown["version"], shown["refusals"], shown["kind"]) == ("v1", [], "patch")
    assert not Release.objects.filter(deployment=PRODUCTION).exists()

    planned = ordered(pipeline, shown=shown["shown"])

    assert (planned["state"], planned["ordered_by"], planned["cause"]) == ("planned", "aki", CAUSE)
    shop.now = system_clock()
    shop.work()
    (asked,) = actor.get("/approvals")["items"]
    own = pipeline.post(f"/approvals/{asked['request']}/approve", {"shown": asked["digest"]}, 409)
    assert "approvals.own-order" in str(own["message"])
    answered = actor.post(f"/approvals/{asked['request']}/approve", {"shown": asked["digest"]})
    assert (answered["state"], answered["subject"]) == ("granted", f"release/{planned['release']}")
    assert ApprovalAnswer.objects.get().via == "api"
    shop.now = system_clock()
    shop.work()

    found = actor.get(f"/releases/{planned['release']}")
    assert (found["state"], found["version"], found["page"]) == (
        "watched", "v1", f"/releases/{planned['release']}/"
    )  # fmt: skip
    assert found["decision_to_serving"] >= 0
    assert [each["release"] for each in actor.get("/releases", environment=PRODUCTION)["items"]] == [
        planned["release"]
    ]
    assert actor.get("/releases", state="failed")["items"] == []
    by_api = LedgerEntry.objects.filter(content__event="api-order", content__did="POST /rest/v1/releases")
    assert by_api.get().content["token"] == "ci"


def test_environments_say_what_serves_and_what_comes(shop: Shop, pipeline: Program) -> None:
    planned = ordered(pipeline)

    first = pipeline.get("/environments", limit=1)
    (production,) = pipeline.get("/environments", limit=1, cursor=first["next"])["items"]

    (staging,) = first["items"]
    assert (staging["environment"], staging["serving"]["version"]) == (STAGING, "v1")
    assert (production["serving"], production["coming"]["release"]) == (None, planned["release"])


def test_what_is_no_longer_as_it_was_shown_is_not_planned(shop: Shop, pipeline: Program) -> None:
    body = {"environment": STAGING, "now": True}
    shop.source.add("v2")
    shown = pipeline.post("/releases/preview", body)["shown"]
    shop.source.add("v3")

    refused = pipeline.post("/releases", {**body, "shown": shown}, 409)

    assert "approvals.not-what-was-shown" in str(refused["message"])
    assert Release.objects.count() == 1


def test_a_repeated_request_plans_one_release_even_if_the_source_is_away_by_then(
    shop: Shop, pipeline: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> list[BranchHead]:
        raise SourceFailed(plain("no route to host"))

    body = {"environment": PRODUCTION, "now": True, "cause": CAUSE}
    first = pipeline.post("/releases", body, 201, key="release-1")
    monkeypatch.setattr(shop.source, "fetch", away)

    again = pipeline.post("/releases", body, 201, key="release-1")

    assert again == first
    assert "no route to host" in str(pipeline.post("/releases", body, 409, key="release-2")["message"])
    assert Release.objects.filter(deployment=PRODUCTION).count() == 1


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"environment": "nowhere"}, "release.no-such-deployment"),
        ({"environment": PRODUCTION, "version": "v9"}, "no v9"),
        ({"environment": PRODUCTION, "now": True}, "release.outside-schedule"),
        ({"environment": PRODUCTION, "now": True, "cause": "soon"}, "release.cites-nothing"),
        ({"environment": STAGING, "now": True}, "release.serves-already"),
        ({"environment": STAGING, "at": "2026-01-01T00:00:00Z"}, "release.serves-already"),
    ],
)
def test_what_stands_against_a_release_is_named(
    wanted: dict[str, object], code: str, shop: Shop, pipeline: Program
) -> None:
    shop.now = system_clock()

    assert code in str(pipeline.post("/releases", wanted, 409)["message"])
    assert Release.objects.count() == 1


def test_the_role_goes_back_at_once_and_others_ask(shop: Shop, actor: Program, pipeline: Program) -> None:
    served(shop, pipeline, actor, "v1")
    shop.source.add("v2")
    shop.stage("v2")
    shop.now += HOUR
    served(shop, pipeline, actor, "v2")
    order = {"environment": PRODUCTION, "reason": "checkout fails"}

    asked = pipeline.post("/releases/rollback", order, 201)
    assert (asked["decided_at"], asked["version"], asked["kind"]) == (None, "v1", "rollback")
    twice = actor.post("/releases/rollback", order, 409)
    assert "release.rollback-waits" in str(twice["message"])
    assert "toban release approve" in twice["hint"]
    pipeline.post(f"/releases/{asked['release']}/abort", {"reason": "by the role"})
    decided = actor.post("/releases/rollback", {**order, "detected_at": "2026-11-28T01:02:03Z"}, 201)

    assert decided["decided_at"] is not None
    assert decided["detected_at"].startswith("2026-11-28T01:02:03")
    shop.now = system_clock()
    shop.work()
    assert shop.serves == "v1"
    assert pipeline.get("/releases", kind="rollback", limit=1)["items"][0]["state"] == "done"


def test_of_two_programs_that_go_back_at_the_same_time_one_does(
    shop: Shop, actor: Program, pipeline: Program
) -> None:
    served(shop, pipeline, actor, "v1")
    for version in ("v2", "v3"):
        shop.source.add(version)
        shop.stage(version)
        shop.now += HOUR
        newest = served(shop, pipeline, actor, version)
    found = pipeline.get("/environments")["items"]
    shown = {each["environment"]: each["undoes"] for each in found}[PRODUCTION]
    assert shown == newest.pk

    order = {"environment": PRODUCTION, "reason": "決済が通らない", "undoes": shown}
    actor.post("/releases/rollback", order, 201)
    shop.now = system_clock()
    shop.work()
    assert shop.serves == "v2"
    late = actor.post("/releases/rollback", {**order, "reason": "遅い"}, 409)
    assert "release.serves-another-now" in str(late["message"])


def test_a_release_is_called_off_with_a_reason(shop: Shop, pipeline: Program) -> None:
    number = ordered(pipeline)["release"]

    assert "approvals.reason-missing" in str(
        pipeline.post(f"/releases/{number}/abort", {"reason": " "}, 409)["message"]
    )
    assert pipeline.post(f"/releases/{number}/abort", {"reason": "frozen"})["state"] == "aborted"
    assert "release.is-over" in str(
        pipeline.post(f"/releases/{number}/abort", {"reason": "again"}, 409)["message"]
    )
    assert pipeline.post("/releases/999/abort", {"reason": "x"}, 404)["status"] == 404


def test_an_environment_is_locked_and_unlocked(shop: Shop, pipeline: Program) -> None:
    locked = pipeline.post("/releases/lock", {"environment": STAGING, "reason": "stock-taking"})
    assert (locked["owner"], locked["reason"], locked["release"]) == ("aki", "stock-taking", None)
    (staging, _production) = pipeline.get("/environments")["items"]
    assert staging["lock"] == locked

    assert pipeline.post("/releases/unlock", {"environment": STAGING})["lock"] is None
    assert not DeploymentLock.objects.exists()
    pipeline.post("/releases/unlock", {"environment": STAGING}, 409)


def test_viewers_and_tokens_without_the_scope_order_nothing(program: Programs, shop: Shop) -> None:
    viewer = program(OperatorRole.DEVELOPER, *EVERYTHING, name="eve")
    Operator.objects.filter(username="eve").update(operator_role=OperatorRole.VIEWER)
    reader = program(OperatorRole.MANAGER, "read:releases", name="rei")
    blind = program(OperatorRole.MANAGER, "read:runs", name="bo")

    for path in ("", "/preview", "/rollback", "/lock", "/unlock", "/1/abort"):
        assert viewer.post(f"/releases{path}", {}, 403)["type"] == "urn:toban:problem:role-missing"
        assert reader.post(f"/releases{path}", {}, 403)["type"] == "urn:toban:problem:scope-missing"
    assert len(viewer.get("/releases")["items"]) == 1
    assert blind.get("/releases", 403)["type"] == "urn:toban:problem:scope-missing"


def test_what_can_not_be_undone_is_approved_on_its_page(shop: Shop, actor: Program) -> None:
    shop.source.add("v2", files=["db/migrate/2.sql"])
    shop.now = system_clock()
    shop.release("v2", to=STAGING)
    shop.work()
    request = ApprovalRequest.objects.get()

    refused = actor.post(f"/approvals/{request.pk}/approve", {"shown": request.digest}, 409)

    assert "approvals.prove-identity" in str(refused["message"])


def test_what_decides_over_toban_itself_is_not_answered_by_a_token(actor: Program) -> None:
    about = ApprovalSubject(
        subject="mode/x",
        title=plain("mode"),
        facts=(),
        content={},
        document_digest="document",
        acting_digest="acting",
        terms=ApprovalTerms("運用責任者"),
    )
    request_for(about, system_clock())
    request = ApprovalRequest.objects.get()

    refused = actor.post(f"/approvals/{request.pk}/approve", {"shown": request.digest}, 409)

    assert "approvals.answered-on-its-page" in str(refused["message"])


def test_the_description_names_every_route_of_releases(actor: Program) -> None:
    described = actor.get("/openapi.json")["paths"]

    assert {
        "/rest/v1/releases", "/rest/v1/releases/{release_id}", "/rest/v1/environments",
        "/rest/v1/releases/preview", "/rest/v1/releases/rollback", "/rest/v1/releases/lock",
        "/rest/v1/releases/unlock", "/rest/v1/releases/{release_id}/abort",
    } <= described.keys()  # fmt: skip
    assert {"read:releases", "act:releases"} <= PARTS.scopes.keys()
