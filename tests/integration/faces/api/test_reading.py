"""What programs read by the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import Settings
from tests.integration.faces.api.conftest import EVERYTHING, Program, Programs
from tests.integration.faces.web import firing
from tests.integration.faces.web.conftest import CPU, Fixed
from tests.integration.faces.web.firing import fired
from tests.registered import PARTS

from toban.chapters.release.models import Release, StoredArtifact
from toban.engine.clock import system_clock
from toban.engine.evidence import ledger, status
from toban.engine.evidence.ledger import Record
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.exceptions.models import RowException
from toban.engine.people.models import OperatorRole
from toban.engine.runs.models import PlannedWork, Run, RunLog
from toban.engine.telemetry import present
from toban.faces.api.urls import API
from toban.message import plain

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(program: Programs) -> Program:
    return program(OperatorRole.VIEWER)


def test_the_status_is_what_the_first_screen_shows(reader: Program) -> None:
    found = reader.get("/status")

    assert found["document"] == "運用設計書.md"
    assert "2. 監視" in [line["title"] for line in found["chapters"]]
    assert found["refusal"] is None
    assert "rows" not in found


def test_rows_come_with_verdict_and_message_in_the_documents_order(reader: Program) -> None:
    now = system_clock()
    status.show([StatusUpdate(CPU, Verdict.WARNING, plain("72%"), plain("high"), now)], now, "d")

    [row] = reader.get("/rows", verdict="warning")["items"]

    assert (row["id"], row["verdict"], row["value"]["text"]) == (CPU, "warning", "72%")
    assert reader.get(f"/rows/{CPU}") == row
    lines = [each["line"] for each in reader.get("/rows")["items"]]
    assert lines == sorted(lines)


def test_an_unknown_row_is_a_problem(reader: Program) -> None:
    problem = reader.get("/rows/no/such/row", 404)

    assert problem == {"type": "urn:toban:problem:not-found", "title": "見つかりません", "status": 404}


def test_long_lists_come_in_parts(reader: Program) -> None:
    records_ = [Record(LedgerEntry.Kind.PROOF, {"number": number}) for number in range(5)]
    ledger.append(*records_, now=system_clock())

    first = reader.get("/evidence", kind="proof", limit=3)
    second = reader.get("/evidence", kind="proof", limit=3, cursor=first["next"])

    numbers = [each["content"]["number"] for part in (first, second) for each in part["items"]]
    assert numbers == [4, 3, 2, 1, 0]
    assert second["next"] is None


@pytest.mark.parametrize("path", ["/rows", "/works", "/changes", "/runs", "/releases"])
def test_every_list_can_be_read_item_by_item(path: str, reader: Program) -> None:
    filled()
    whole = reader.get(path)["items"]
    parts: list[object] = []
    cursor: dict[str, Any] = {}
    while True:
        part = reader.get(path, limit=1, **cursor)
        parts += part["items"]
        if part["next"] is None:
            break
        cursor = {"cursor": part["next"]}

    assert len(whole) > 1
    assert parts == whole


def test_a_cursor_of_another_list_or_of_nobody_is_refused(reader: Program) -> None:
    filled()
    cursor = reader.get("/runs", limit=1)["next"]

    for path, query in [
        ("/works", {"cursor": cursor}),
        ("/runs", {"cursor": cursor, "work": "B001"}),
        ("/runs", {"cursor": f"{cursor[:-1]}!"}),
        ("/runs", {"cursor": f"W10{cursor}"}),
        ("/runs", {"cursor": "あ"}),
        ("/runs", {"cursor": ""}),
    ]:
        assert reader.get(path, 400, **query)["type"] == "urn:toban:problem:bad-cursor"


def test_a_misspelt_filter_is_refused(reader: Program) -> None:
    problem = reader.get("/alerts", 422, stat="resolved")

    assert [each["at"] for each in problem["errors"]] == ["query/stat"]


def test_alerts_are_ongoing_unless_others_are_asked_for(reader: Program, in_force: Fixed) -> None:
    alert = fired(firing.put_in_force(in_force), at=system_clock())

    [found] = reader.get("/alerts")["items"]

    assert found["alert"] == alert.pk
    assert found["subject"].keys() == {"code", "values", "text"}
    assert reader.get(f"/alerts/{alert.pk}") == found
    assert reader.get("/alerts", state="resolved")["items"] == []
    assert reader.get("/alerts", state="all", clause="no/such/row")["items"] == []


def test_a_run_and_what_it_wrote(reader: Program, settings: Settings) -> None:
    settings.TELEMETRY_URL = "http://toban:x@127.0.0.1:9/toban"
    present.telemetry.cache_clear()
    filled()
    run = Run.objects.latest("pk")
    for number in range(3):
        RunLog.objects.create(run=run, fence=1, step="dump", at=system_clock(), text=plain(f"line {number}"))

    first = reader.get(f"/runs/{run.pk}/log", limit=2)
    second = reader.get(f"/runs/{run.pk}/log", limit=2, cursor=first["next"])

    assert reader.get(f"/runs/{run.pk}")["work"] == "B002"
    assert [each["text"] for each in (*first["items"], *second["items"])] == ["line 0", "line 1", "line 2"]


def test_versions_of_the_document_are_changes(reader: Program) -> None:
    filled()

    changes = reader.get("/changes")["items"]

    assert [change["details"][0]["text"] for change in changes] == ["change 1", "change 0"]
    assert reader.get("/changes", since=(system_clock() + timedelta(hours=1)).isoformat())["items"] == []


def test_the_calendar_of_a_day(reader: Program) -> None:
    found = reader.get("/calendar", first="2027-01-01", last="2027-01-01")

    assert [(day["date"], day["business_day"]) for day in found["days"]] == [("2027-01-01", False)]
    assert found["days"][0]["holiday"]["text"] == "元日"
    assert reader.get("/calendar", 422, first="2027-01-02", last="2027-01-01")["status"] == 422
    assert reader.get("/calendar", 422, first="2027-01-01", last="2029-01-01")["status"] == 422


def test_what_happened_to_accounts_is_shown_to_managers_only(program: Programs) -> None:
    manager = program(OperatorRole.MANAGER)
    viewer = program(OperatorRole.VIEWER, name="mira")

    [newest, *_] = manager.get("/evidence", kind="audit")["items"]

    assert newest["content"]["event"] == "token-made"
    assert viewer.get("/evidence", kind="audit")["items"] == []
    assert viewer.get(f"/evidence/{newest['sequence']}", 404)["status"] == 404


def test_what_happened_elsewhere_than_to_accounts_is_read_by_everybody(program: Programs) -> None:
    content = {"event": "group-scaled", "group": "web", "before": 2, "after": 3, "run": 1}
    with transaction.atomic():
        ledger.hold()
        ledger.append(Record(LedgerEntry.Kind.AUDIT, content), now=system_clock())
    viewer = program(OperatorRole.VIEWER, name="mira")

    (shown,) = viewer.get("/evidence", kind="audit")["items"]

    assert shown["content"] == content


def test_each_schema_of_the_description_is_its_own(reader: Program) -> None:
    described = reader.get("/openapi.json")
    schemas, paths = described["components"]["schemas"], described["paths"]

    def shown(path: str) -> dict[str, Any]:
        answer = paths[f"/rest/v1{path}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        found: dict[str, Any] = schemas[answer["$ref"].rpartition("/")[2]]["properties"]
        return found

    assert "shadow" in shown("/runs/{run_id}")["state"]["enum"]
    assert "rolled-back" in shown("/releases/{release_id}")["state"]["enum"]
    assert schemas["ShownAgendaDay"]["properties"].keys() > {"holiday", "entries"}
    assert schemas["ShownForecastDay"]["properties"].keys() > {"low", "high"}


def test_two_schemas_of_one_name_are_refused() -> None:
    description = API.get_openapi_schema()

    with pytest.raises(TypeError, match="ShownRun"):
        description.add_schema_definitions({"ShownRun": {"type": "object"}})


def test_the_description_names_every_route_with_its_scope(reader: Program) -> None:
    described = reader.get("/openapi.json")

    assert described["openapi"] == "3.1.0"
    named = {
        scope
        for methods in described["paths"].values()
        for route in methods.values()
        for [scope] in [route["security"][0]["Bearer"]]
    }
    assert named == set(EVERYTHING) == set(PARTS.scopes)


def test_answers_are_in_the_language_that_is_asked_for(reader: Program) -> None:
    answer = reader.client.get("/rest/v1/rows/none", headers={**reader.headers, "Accept-Language": "en"})

    assert answer.json()["title"] == "Not found"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("path", ["", "nothing", "runs/", "../runs", "openapi"])
def test_an_unknown_address_is_a_problem_and_no_sign_in_page(path: str) -> None:
    answer = Client().get(f"/rest/v1/{path}")

    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_an_unknown_method_is_a_problem(reader: Program) -> None:
    answer = reader.client.delete("/rest/v1/runs", headers=reader.headers)

    assert (answer.status_code, answer.headers["Content-Type"]) == (405, "application/problem+json")
    assert sorted(answer.headers["Allow"].split(", ")) == ["GET", "POST"]


def filled() -> None:
    """Have two works, runs, releases and changes of the document."""
    at = datetime(2026, 11, 1, tzinfo=UTC)
    for number in (1, 2):
        key = f"B00{number}"
        PlannedWork.objects.create(key=key, clause_id="c", rule="", planned_until=at)
        Run.objects.create(
            work=key, due_at=at, clause_id="c", document_digest="", ordered_by="schedule", wake_at=at,
            reason="ordered",
        )  # fmt: skip
    for number in range(2):
        artifact = StoredArtifact.objects.create(
            service="shop", commit=f"c{number}", label=f"v{number}", ordered_at=at
        )
        Release.objects.create(
            service="shop", environment="本番環境", deployment="production", kind="regular", state="done",
            artifact=artifact, clause_id="c", ordered_by="ken", planned_at=at, ordered_at=at,
        )  # fmt: skip
        content = {
            "in_force": "運用設計書.md",
            "bindings": f"b{number}",
            "plan": [plain(f"change {number}").as_json()],
        }
        ledger.append(Record(LedgerEntry.Kind.DOCUMENT, content, document_digest="d"), now=system_clock())


def test_exceptions_are_read_with_their_state(reader: Program) -> None:
    now = system_clock()
    fields = {
        "clause_id": CPU, "clause_text": "x", "citation": "運用設計書.md:15", "reason": "交換待ち",
        "author_name": "sato", "asked_at": now, "ends_at": now + timedelta(days=1),
    }  # fmt: skip
    RowException.objects.create(**fields)
    RowException.objects.create(**fields, subject="web-1", granted_at=now - timedelta(hours=1))
    status.show([StatusUpdate(CPU, Verdict.DEVIATING, plain("92%"), plain("高い"), now)], now, "d")

    assert [each["state"] for each in reader.get("/exceptions")["items"]] == ["in-force", "asked"]
    (found,) = reader.get("/exceptions", state="in-force", row=CPU)["items"]
    assert (found["subject"], found["reason"], found["author"]) == ("web-1", "交換待ち", "sato")
    row = reader.get(f"/rows/{CPU}")
    assert (row["verdict"], [each["subject"] for each in row["exceptions"]]) == ("deviating", ["web-1"])


@pytest.mark.parametrize("asked", ["limit=+1", "limit=%201", "limit=1_0", "limit=01", "limit=1.0"])
def test_what_only_python_reads_as_a_number_is_none(asked: str, program: Programs, in_force: Fixed) -> None:
    firing.put_in_force(in_force)
    reader = program()

    assert reader.client.get(f"/rest/v1/maintenance?{asked}", headers=reader.headers).status_code == 422
    assert reader.client.get("/rest/v1/maintenance?limit=1", headers=reader.headers).status_code == 200


def test_of_two_filters_of_the_same_name_none_is_left_out(program: Programs, in_force: Fixed) -> None:
    firing.put_in_force(in_force)
    reader = program()

    answer = reader.client.get("/rest/v1/runs?work=B001&work=B004", headers=reader.headers)

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"at": "query/work", "code": "repeated", "text": ""}]


def test_every_parameter_that_is_described_has_a_name() -> None:
    paths: dict[str, dict[str, Any]] = API.get_openapi_schema()["paths"]

    asked = [each["name"] for acts in paths.values() for act in acts.values() for each in act["parameters"]]

    assert "days" in asked
    assert all(asked)


@pytest.mark.parametrize("path", ["/accounts", "/leavers", "/tasks", "/vulnerabilities", "/costs"])
def test_what_only_a_document_tells_says_that_none_is_in_force(
    path: str, program: Programs, in_force: Fixed
) -> None:
    in_force.edition = None

    assert program().get(path, 503)["type"] == "urn:toban:problem:nothing-in-force"
