"""Orders that programs give by the API: the same as on the pages, once for each key, and audited."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from tests.integration.faces.api.conftest import EVERYTHING, Program, Programs
from tests.integration.faces.web import firing
from tests.integration.faces.web.conftest import Fixed
from tests.integration.faces.web.firing import fired

from toban.engine.clock import system_clock
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.models import Alert, Maintenance, Silence
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.parameters import Parameter, ParameterKind, kept
from toban.engine.tokens import once
from toban.engine.tokens.models import AnsweredRequest
from toban.message import plain

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def alert(in_force: Fixed) -> Alert:
    return fired(firing.put_in_force(in_force), at=system_clock())


@pytest.fixture
def actor(program: Programs) -> Program:
    return program(OperatorRole.DEVELOPER, *EVERYTHING)


@pytest.fixture
def work() -> PlannedWork:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return PlannedWork.objects.create(
        key="B004", clause_id="c", rule="", planned_until=at, next_due=system_clock() + HOUR
    )


def silenced(**changes: object) -> dict[str, object]:
    ends_at = (system_clock() + HOUR).isoformat()
    return {"matchers": {"target": "DB"}, "reason": "memory is added", "ends_at": ends_at, **changes}


def test_an_alert_is_acknowledged_in_the_name_of_the_account(actor: Program, alert: Alert) -> None:
    answer = actor.post(f"/alerts/{alert.pk}/acknowledge")

    alert.refresh_from_db()
    assert answer["acknowledged_by"] == alert.acknowledged_by == "nami"
    assert actor.post(f"/alerts/{alert.pk}/release")["acknowledged_by"] == ""


def test_every_order_is_audited_with_the_account_and_the_token(actor: Program, alert: Alert) -> None:
    actor.post(f"/alerts/{alert.pk}/acknowledge")

    by_api, itself = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT).order_by("-sequence")[:2]
    assert (itself.actor, itself.content["order"]) == ("nami", "acknowledge")
    assert by_api.actor == "nami"
    assert by_api.content == {
        "event": "api-order",
        "address": "127.0.0.1",
        "token": "ci",
        "did": f"POST /rest/v1/alerts/{alert.pk}/acknowledge",
    }
    assert ledger.verify().broken is None


def test_what_is_not_possible_is_a_problem_with_a_way_out(actor: Program, alert: Alert) -> None:
    actor.post(f"/alerts/{alert.pk}/acknowledge")

    problem = actor.post(f"/alerts/{alert.pk}/acknowledge", status=409)

    assert problem["type"] == "urn:toban:problem:not-possible"
    assert problem["message"]["code"] == "notify.already-acknowledged"
    assert actor.post("/alerts/999/acknowledge", status=409)["hint"]


def test_a_silence_is_made_listed_and_ended(actor: Program) -> None:
    made = actor.post("/silences", silenced(), 201)

    assert made["author"] == "nami"
    assert actor.get("/silences")["items"] == [made]
    actor.post(f"/silences/{made['silence']}/end")
    assert actor.get("/silences")["items"] == []
    assert actor.post(f"/silences/{made['silence']}/end", status=409)["status"] == 409


def test_a_silence_is_refused_as_on_the_page(actor: Program) -> None:
    month = (system_clock() + timedelta(days=31)).isoformat()

    wrongs: list[tuple[dict[str, object], str]] = [
        ({"ends_at": month}, "notify.too-long"),
        ({"matchers": {}}, "notify.no-matchers"),
        ({"matchers": {"taget": "DB"}}, "notify.unknown-matchers"),
        ({"reason": " "}, "notify.explanation-missing"),
    ]
    for wrong, code in wrongs:
        assert actor.post("/silences", silenced(**wrong), 409)["message"]["code"] == code
    assert not Silence.objects.exists()


def test_maintenance_is_announced_and_ended(actor: Program) -> None:
    wanted = {"targets": ["DB"], "reason": "new disk", "ends_at": (system_clock() + HOUR).isoformat()}

    made = actor.post("/maintenance", wanted, 201)

    assert made["targets"] == ["DB"]
    assert actor.get("/maintenance")["items"] == [made]
    actor.post(f"/maintenance/{made['maintenance']}/end")
    assert not Maintenance.objects.unended(system_clock()).exists()


def test_a_run_is_ordered_cancelled_and_the_next_one_skipped(actor: Program, work: PlannedWork) -> None:
    run = actor.post("/runs", {"work": "B004", "parameters": {"date": "2026-11-24"}}, 201)

    assert (run["state"], run["ordered_by"]) == ("waiting", "nami")
    assert actor.post(f"/runs/{run['run']}/cancel")["state"] == "cancelled"
    assert actor.post(f"/runs/{run['run']}/again", {})["state"] == "waiting"
    actor.post(f"/runs/{run['run']}/cancel")
    assert actor.post("/works/skip", {"work": "B004", "reason": "closed"})["state"] == "skipped"
    assert actor.post("/runs", {"work": "B999"}, 409)["message"]["code"] == "runs.no-such-batch"
    assert actor.post("/runs/999/cancel", status=404)["status"] == 404


def test_the_parameters_of_a_work_are_read_and_checked(actor: Program, work: PlannedWork) -> None:
    day = Parameter("day", plain("the day"), kind=ParameterKind.DATE, is_required=True)
    PlannedWork.objects.update(parameters=kept((day,)))

    (shown,) = actor.get("/works")["items"]
    refused = actor.post("/runs", {"work": "B004", "parameters": {"day": "soon"}}, 409)
    run = actor.post("/runs", {"work": "B004", "parameters": {"day": "2026-11-28"}}, 201)

    (parameter,) = shown["parameters"]
    assert (parameter["name"], parameter["kind"], parameter["is_required"]) == ("day", "date", True)
    assert refused["message"]["code"] == "runs.parameter-is-wrong"
    assert run["parameters"] == {"day": "2026-11-28"}


def test_a_repeated_request_with_the_same_key_is_carried_out_once(actor: Program, work: PlannedWork) -> None:
    first = actor.post("/runs", {"work": "B004"}, 201, key="deploy-7")
    again = actor.post("/runs", {"work": "B004"}, 201, key="deploy-7")

    assert first == again
    assert Run.objects.count() == 1
    assert LedgerEntry.objects.filter(content__event="api-order").count() == 1
    actor.post("/runs", {"work": "B004"}, 201, key="deploy-8")
    assert Run.objects.count() == 2


def test_a_key_with_another_request_is_refused(actor: Program, work: PlannedWork) -> None:
    actor.post("/runs", {"work": "B004"}, 201, key="k")

    for path, body in [
        ("/runs", {"work": "B004", "parameters": {"date": "2026-11-25"}}),
        ("/works/skip", {"work": "B004", "reason": "closed"}),
    ]:
        assert actor.post(path, body, 422, key="k")["type"] == "urn:toban:problem:key-reused"
    assert Run.objects.count() == 1


def test_a_key_belongs_to_its_token(program: Programs, work: PlannedWork) -> None:
    one = program(OperatorRole.DEVELOPER, *EVERYTHING)
    other = program(OperatorRole.DEVELOPER, *EVERYTHING, name="aki")

    first = one.post("/runs", {"work": "B004"}, 201, key="k")

    assert other.post("/runs", {"work": "B004"}, 201, key="k")["run"] != first["run"]


def test_what_failed_is_not_remembered(actor: Program, alert: Alert) -> None:
    actor.post("/runs", {"work": "B004"}, 409, key="k")
    PlannedWork.objects.create(key="B004", clause_id="c", rule="", planned_until=system_clock())

    actor.post("/runs", {"work": "B004"}, 201, key="k")

    assert Run.objects.count() == 1


def test_a_key_is_forgotten_after_a_day(actor: Program, work: PlannedWork) -> None:
    actor.post("/runs", {"work": "B004"}, 201, key="k")
    AnsweredRequest.objects.update(at=system_clock() - once.REMEMBERED)

    actor.post("/runs", {"work": "B004"}, 201, key="k")
    once.forget(system_clock() + once.REMEMBERED)

    assert Run.objects.count() == 2
    assert not AnsweredRequest.objects.exists()


@pytest.mark.parametrize("key", ["x" * 256, "two words", "キー"])
def test_a_key_that_cannot_be_stored_is_refused(key: str, actor: Program, work: PlannedWork) -> None:
    encoded = key.encode().decode("latin-1")

    assert actor.post("/runs", {"work": "B004"}, 422, key=encoded)["status"] == 422


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 60_000,
        b'{"work": ' * 20_000,
        b'{"work": "\\ud800"}',
        b'{"work": "a\\u0000b"}',
        b'{"work": "B004", "wrok": 1}',
        b'{"work": ["B004"]}',
        b'{"work": "B004", "parameters": {"a": ' + b"[" * 500 + b"]" * 500 + b"}}",
        b'{"work": NaN}',
        b"\xff\xfe",
        b"null",
        b"[]",
    ],
)
def test_a_body_that_is_no_order_is_refused_and_not_repeated(
    body: bytes, actor: Program, work: PlannedWork
) -> None:
    answer = actor.client.post("/rest/v1/runs", body, content_type="application/json", headers=actor.headers)

    assert answer.status_code in (400, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert len(answer.content) < 1000
    assert not Run.objects.exists()


def test_numbers_that_no_database_holds_are_refused(actor: Program) -> None:
    for number in ("0", "-1", str(2**63), "9" * 400):
        assert actor.get(f"/alerts/{number}", 422)["status"] == 422
        assert actor.post(f"/alerts/{number}/acknowledge", status=422)["status"] == 422


def test_a_session_counts_for_nothing(program: Programs, alert: Alert) -> None:
    program(OperatorRole.MANAGER, *EVERYTHING)
    browser = Client()
    browser.force_login(Operator.objects.get())

    assert browser.get("/rest/v1/alerts").status_code == 401
    assert browser.post(f"/rest/v1/alerts/{alert.pk}/acknowledge").status_code == 401
