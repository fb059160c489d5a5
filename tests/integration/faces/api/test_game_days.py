"""Game days by the API: listed with every time beside its limit, and ordered."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.chapters.incident.gameday.day import KEY, Day
from tests.integration.faces.api.conftest import EVERYTHING, READING, Program, Programs, made_in_a_shell
from tests.integration.faces.web.conftest import Fixed, Operators

from toban.chapters.incident.gameday import holding
from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs.models import Run
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.work import StepFailed

pytestmark = pytest.mark.django_db

WANTED = {"failure": "Webサーバーダウン"}


@pytest.fixture
def day(in_force: Fixed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Day:
    """A game day whose edition is in force, and whose work the run ledger knows."""
    monkeypatch.setattr(holding, "_LOOK", 0.0)
    day = Day(tmp_path, now=system_clock() - timedelta(hours=1))
    in_force.edition = day.edition
    plan_due([day.work], day.now)
    return day


@pytest.fixture
def actor(program: Programs) -> Program:
    return program(OperatorRole.MANAGER, *EVERYTHING)


def over(day: Day) -> None:
    Run.objects.filter(pk=day.run.pk).update(state=Run.State.DONE)


def test_they_are_read_with_every_time_beside_its_limit(day: Day, actor: Program) -> None:
    day.do("break")
    (going,) = actor.get("/game-days")["items"]
    day.incident(day.alert())
    with pytest.raises(StepFailed):
        day.do("watch", "restore", "certify")

    (found,) = actor.get("/game-days")["items"]

    assert (going["state"], going["parts"], going["ended_at"]) == ("running", [], None)
    assert (found["state"], found["failure"]) == ("failed", "Webサーバーダウン")
    assert (found["parts"][0]["part"], found["parts"][0]["limit_seconds"]) == ("alert", 60.0)
    assert found["evidence"] == LedgerEntry.objects.latest("sequence").sequence
    assert actor.get(f"/game-days/{found['game_day']}") == found
    actor.get("/game-days/999", 404)


def test_one_is_ordered_once_for_a_key_and_audited(day: Day, actor: Program) -> None:
    over(day)

    run = actor.post("/game-days", WANTED, 201, key="one")

    assert actor.post("/game-days", WANTED, 201, key="one") == run
    assert (run["work"], run["ordered_by"], run["state"]) == (KEY, "nami", "waiting")
    did = [each.content.get("did") for each in LedgerEntry.objects.order_by("sequence")]
    assert did.count("POST /rest/v1/game-days") == 1


def test_what_speaks_against_it_is_said_with_the_way_out(day: Day, actor: Program) -> None:
    over(day)
    real = day.incident(day.alert(resolved_at=day.now))

    refused = actor.post("/game-days", WANTED, 409)
    unknown = actor.post("/game-days", {"failure": "停電"}, 409)

    assert f"#{real.pk}" in str(refused)
    assert "incident-gameday.incident-open" in str(refused)
    assert "Webサーバーダウン" in str(unknown)
    assert Run.objects.filter(work=KEY, state=Run.State.WAITING).count() == 0


def test_who_may_only_read_orders_none(day: Day, program: Programs) -> None:
    over(day)

    program(OperatorRole.MANAGER, *READING).post("/game-days", WANTED, 403)

    assert Run.objects.filter(work=KEY, state=Run.State.WAITING).count() == 0


def test_who_answers_incidents_breaks_nothing(day: Day, program: Programs) -> None:
    over(day)
    before = Run.objects.count()

    answering = program(OperatorRole.MANAGER, *READING, "act:incidents", name="bot")
    refused = answering.post("/game-days", WANTED, 403)

    assert "act:runs" in str(refused)
    assert Run.objects.count() == before
    program(OperatorRole.MANAGER, "act:runs", name="ci").post("/game-days", WANTED, 201)


@pytest.mark.usefixtures("actor")
def test_whose_shell_made_the_token_does_not_approve_what_it_orders(day: Day, operator: Operators) -> None:
    over(day)
    aki = operator("aki", OperatorRole.DEVELOPER)

    run = made_in_a_shell("aki").post("/game-days", WANTED, 201)["run"]

    nami = Operator.objects.get(username="nami")
    assert set(Run.objects.get(pk=run).orderers) == {nami.pk, aki.pk}
