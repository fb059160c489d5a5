"""Incidents by the API: read with their clocks, declared, answered, joined; refusals say the way out."""

from datetime import timedelta

import pytest
from tests.integration.chapters.incident.place import API, WEB, Place
from tests.integration.faces.api.conftest import EVERYTHING, Program, Programs
from tests.integration.faces.web.conftest import Fixed

from toban.chapters.incident.models import Incident
from toban.design.values.metric import Metric
from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import OperatorRole

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(in_force: Fixed) -> Place:
    made = Place(now=system_clock() - timedelta(minutes=10))
    in_force.edition = made.edition
    return made


@pytest.fixture
def actor(program: Programs) -> Program:
    return program(OperatorRole.MANAGER, *EVERYTHING)


def down(place: Place) -> int:
    place.fires(WEB, Metric.UP)
    place.look()
    return place.incident().pk


def test_incidents_are_read_in_parts_with_their_clocks(place: Place, actor: Program) -> None:
    number = down(place)
    other = actor.post("/incidents", {"title": "注文できない"}, 201)["incident"]

    first = actor.get("/incidents", limit=1)
    (second,) = actor.get("/incidents", limit=1, cursor=first["next"])["items"]

    assert [first["items"][0]["incident"], second["incident"]] == [other, number]
    assert (second["level"], second["response"]["state"]) == ("Critical", "overdue")
    assert actor.get("/incidents", is_open="false")["items"] == []
    whole = actor.get(f"/incidents/{number}")
    assert [each["condition"] for each in whole["alerts"]] == ["critical"]
    assert [each["step"] for each in whole["steps"]] == list(range(1, 9))
    actor.get("/incidents/999", 404)


def test_one_is_declared_once_for_a_key(place: Place, actor: Program) -> None:
    assert place.plan.levels
    wanted = {"title": "注文できない", "level": "High", "targets": [API], "is_report": True}

    made = actor.post("/incidents", wanted, 201, key="one")

    assert actor.post("/incidents", wanted, 201, key="one") == made
    assert (made["level"], made["origin"], made["is_confirmed"]) == ("High", "report", True)
    assert Incident.objects.count() == 1
    actor.post("/incidents", {"title": "x", "level": "Huge"}, 409)
    actor.post("/incidents", {"title": "", "level": "High"}, 409)
    actor.post("/incidents", {"title": "x", "who": "me"}, 422)


def test_orders_are_those_of_the_commands(place: Place, actor: Program) -> None:
    at = f"/incidents/{down(place)}"

    assert actor.post(f"{at}/take")["commander"] == "nami"
    assert actor.post(f"{at}/level", {"level": "High", "reason": "注文だけ"})["level"] == "High"
    assert actor.post(f"{at}/people", {"scribe": "nami"})["scribe"] == "nami"
    actor.post(f"{at}/steps/2", {"words": "注文だけ"})
    actor.post(f"{at}/steps/9", {"words": "注文だけ"}, 409)
    actor.post(f"{at}/update", {"words": "調べています"})
    assert actor.post(f"{at}/publish", {"words": "調べています"})["is_public"]
    assert not actor.post(f"{at}/publish", {"is_shown": False})["is_public"]
    assert actor.post(f"{at}/recovered", {}, 409)["type"] == "urn:toban:problem:not-possible"
    assert actor.post(f"{at}/close", None, 409)["hint"]

    steps = actor.get(at)["steps"]
    assert (steps[1]["by"], steps[1]["done_at"] is None) == ("nami", False)
    recorded = [each.content.get("order") for each in LedgerEntry.objects.filter(kind="audit")]
    assert "incident-taken" in recorded
    assert "api-order" in [each.content.get("event") for each in LedgerEntry.objects.filter(kind="audit")]


def test_one_is_merged_into_another_and_split_from_it(place: Place, actor: Program) -> None:
    number = down(place)
    other = actor.post("/incidents", {"title": "注文できない"}, 201)["incident"]

    merged = actor.post(f"/incidents/{other}/merge", {"into": number})

    assert merged["incident"] == number
    assert actor.get(f"/incidents/{number}")["merged"] == [other]
    actor.post(f"/incidents/{number}/split", {"alerts": [999]}, 409)
    actor.post(f"/incidents/{number}/merge", {"into": number}, 409)


def test_reading_and_acting_take_scopes_of_their_own(place: Place, program: Programs) -> None:
    number = down(place)
    reader = program(OperatorRole.MANAGER, "read:incidents", "act:alerts")

    reader.get(f"/incidents/{number}")
    refused = reader.post(f"/incidents/{number}/take", None, 403)

    assert refused["type"] == "urn:toban:problem:scope-missing"
