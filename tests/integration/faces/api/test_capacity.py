"""Capacity by the API: ranked resources, forecasts and what if, groups, replays, and the size of a group."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from tests.integration.chapters.capacity.conftest import place
from tests.integration.chapters.capacity.place import DAY, GB, MINUTE, WEB, Place
from tests.integration.faces.api.conftest import EVERYTHING, READING, Program, Programs
from tests.integration.faces.web.conftest import Fixed

from toban.chapters.capacity import outlooks
from toban.chapters.capacity.usage import UsageAt
from toban.design.values.metric import Metric
from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import OperatorRole
from toban.engine.runs.models import Run
from toban.engine.telemetry import present
from toban.engine.telemetry.samples import Sample

__all__ = ["place"]

DB = "DBストレージ"


@pytest.fixture
def began() -> datetime:
    return system_clock()


@pytest.fixture(autouse=True)
def shown(place: Place, in_force: Fixed, settings: Any, store: Any) -> Iterator[None]:
    settings.TELEMETRY_URL = store.telemetry_url
    present.telemetry.cache_clear()
    in_force.edition = place.edition
    yield
    present.telemetry.cache_clear()


@pytest.fixture
def reader(program: Programs) -> Program:
    return program(OperatorRole.VIEWER, *READING, name="mira")


@pytest.fixture
def actor(program: Programs) -> Program:
    return program(OperatorRole.DEVELOPER, *EVERYTHING, name="ken")


@pytest.fixture
def grown(place: Place) -> None:
    """Measure a storage that has grown by 1 GB a day for 60 days, and forecast it."""
    noon = place.now.replace(hour=3, minute=0, second=0)
    place.gauges[DB].past = [UsageAt(noon - (60 - day) * DAY, (60 + day) * GB) for day in range(60)]
    place.measure()
    outlooks.look(place.plan, place.telemetry, place.now)


@pytest.mark.usefixtures("grown")
def test_resources_are_listed_by_urgency_in_parts(reader: Program) -> None:
    first = reader.get("/capacity/resources", limit=1)
    second = reader.get("/capacity/resources", limit=1, cursor=first["next"])

    (storage,), (count,) = first["items"], second["items"]
    assert (storage["resource"], storage["used"], storage["unit"]) == (DB, 120 * GB, "B")
    assert storage["share"] == pytest.approx(0.24)
    assert (count["resource"], count["days_left"], second["next"]) == ("Webサーバー台数", None, None)


@pytest.mark.usefixtures("grown")
def test_a_forecast_is_returned_day_by_day_and_as_it_would_be(reader: Program, place: Place) -> None:
    plain = reader.get("/capacity/forecast", resource=DB)
    moved = reader.get("/capacity/forecast", resource=DB, add="200GB", on=f"{place.now:%Y-%m-%d}")

    assert (len(plain["days"]), plain["imagined"], moved["imagined"]) == (365, False, True)
    assert plain["levels"][0]["amount"] == 350 * GB
    assert moved["levels"][0]["on"] < plain["levels"][0]["on"]


@pytest.mark.parametrize("asked", [{"resource": "nowhere"}, {"resource": DB, "add": "1GB"}])
def test_what_can_not_be_forecast_is_a_problem_with_a_way_out(reader: Program, asked: dict[str, str]) -> None:
    refused = reader.get("/capacity/forecast", 409, **asked)

    assert refused["hint"]


def test_groups_say_mode_size_and_the_last_decision(reader: Program, place: Place) -> None:
    place.load(*[30.0] * 32)
    place.look()

    (group,) = reader.get("/capacity/groups")["items"]

    assert (group["group"], group["mode"], group["outcome"], group["serving"]) == (WEB, "shadow", "calm", 2)
    assert group["decision"]["code"] == "capacity.decision-calm"


def test_a_rule_is_replayed(reader: Program, place: Place) -> None:
    assert "capacity.nothing-to-replay" in str(reader.get("/capacity/replay", 409, group=WEB)["message"])
    end = place.now.replace(second=0, microsecond=0) - MINUTE
    place.add([Sample(Metric.CPU_USAGE, WEB, "web-1", end - n * MINUTE, 90.0) for n in range(45)])

    (found,) = reader.get("/capacity/replay", group=WEB, days=30)["items"]

    assert [each["to"] for each in found["added"]] == [3]
    assert found["caveat"]["text"]


def test_a_group_is_scaled_once_for_each_key(actor: Program, place: Place) -> None:
    body = {"group": WEB, "to": 4, "reason": "sale"}

    first = actor.post("/capacity/scale", body, 201, key="sale-1")
    again = actor.post("/capacity/scale", body, 201, key="sale-1")

    assert again == first
    assert (first["work"], first["parameters"]) == (f"scale/{WEB}", {"to": "4", "reason": "sale"})
    assert Run.objects.count() == 1
    by_api = LedgerEntry.objects.filter(
        content__event="api-order", content__did="POST /rest/v1/capacity/scale"
    )
    assert by_api.count() == 1
    place.now = system_clock()
    place.work()
    assert place.herd.serving == 4


def test_beyond_the_limit_nothing_is_ordered(actor: Program) -> None:
    refused = actor.post("/capacity/scale", {"group": WEB, "to": 11, "reason": "sale"}, 409)

    assert "capacity.beyond-the-limit" in str(refused["message"])
    assert not Run.objects.exists()


def test_reading_does_not_allow_ordering(reader: Program) -> None:
    reader.post("/capacity/scale", {"group": WEB, "to": 3, "reason": "sale"}, 403)

    assert not Run.objects.exists()
