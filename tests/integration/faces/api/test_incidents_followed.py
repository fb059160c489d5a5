"""The timeline, the reports, the measures and the figures of incidents by the API."""

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.integration.chapters.incident.place import MINUTE, TOKYO, WEB, Place
from tests.integration.faces.api.conftest import EVERYTHING, READING, Program, Programs, made_in_a_shell
from tests.integration.faces.web.conftest import Fixed, Operators

from toban.chapters.incident.models import Incident, IncidentReport, PreventionMeasure, TimelineEntry
from toban.chapters.incident.reports.facts import impact_of
from toban.chapters.incident.timeline.gathering import gather
from toban.chapters.incident.timeline.scene import scene_of
from toban.design.values.metric import Metric
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.clock import system_clock
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.paper import NoFont, font
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.telemetry import present

pytestmark = pytest.mark.django_db

HUGE = 2**63 - 1


@pytest.fixture(autouse=True)
def _nowhere(settings: Any) -> Any:
    """No telemetry store listens there: figures are not measured."""
    settings.TELEMETRY_URL = "http://toban:x@127.0.0.1:9/toban"
    present.telemetry.cache_clear()
    yield
    present.telemetry.cache_clear()


@pytest.fixture
def place(in_force: Fixed) -> Place:
    made = Place(now=system_clock() - timedelta(minutes=10))
    in_force.edition = made.edition
    return made


@pytest.fixture
def actor(program: Programs) -> Program:
    return program(OperatorRole.MANAGER, *EVERYTHING)


@pytest.fixture
def at(place: Place) -> str:
    """The address of an incident whose timeline is gathered."""
    place.fires(WEB, Metric.UP)
    place.look()
    made = place.incident()
    gather(scene_of(made, place.edition, system_clock()))
    return f"/incidents/{made.pk}"


def in_days(days: int) -> str:
    return str(system_clock().astimezone(TOKYO).date() + timedelta(days=days))


def measure(**more: Any) -> dict[str, Any]:
    wanted = {"words": "上限", "kind": "change", "reference": "a1b2c3d", "owner": "開発担当者"}
    return {**wanted, "due_on": in_days(3), **more}


def file(program: Program, path: str, status: int = 200, **query: str) -> Any:
    answer = program.client.get(f"/rest/v1{path}", query, headers=program.headers)
    assert answer.status_code == status, answer.content.decode()
    return answer


def test_a_timeline_is_read_in_parts_the_newest_first_and_by_kind(at: str, actor: Program) -> None:
    actor.post(f"{at}/timeline", {"text": "ひとつ"}, 201)
    actor.post(f"{at}/timeline", {"text": "ふたつ"}, 201)
    every = actor.get(f"{at}/timeline")["items"]

    first = actor.get(f"{at}/timeline", limit=2)
    rest = actor.get(f"{at}/timeline", limit=200, cursor=first["next"])

    assert [*first["items"], *rest["items"]] == every
    assert rest["next"] is None
    assert [each["at"] for each in every] == sorted((each["at"] for each in every), reverse=True)
    notes = actor.get(f"{at}/timeline", kind="note")["items"]
    assert [each["said"]["text"] for each in notes] == ["ふたつ", "ひとつ"]
    actor.get(f"{at}/timeline", 422, kind="weather")
    actor.get(f"{at}/timeline", 400, cursor="x")
    actor.get(f"/incidents/{HUGE}/timeline", 404)


def test_a_line_from_a_chat_is_added_once_however_often_it_arrives(at: str, actor: Program) -> None:
    wanted = {"text": "再起動した", "source": "C1/1764.5", "url": "https://chat.example.com/1"}

    made = actor.post(f"{at}/timeline", wanted, 201, key="one")

    assert actor.post(f"{at}/timeline", wanted, 201, key="one") == made
    assert actor.post(f"{at}/timeline", wanted, 201) == made
    assert TimelineEntry.objects.filter(kind="note").count() == 1
    assert (made["by"], made["source"], made["url"]) == ("nami", "chat/C1/1764.5", wanted["url"])


def test_a_line_is_amended_hidden_and_shown_and_what_it_said_stays(at: str, actor: Program) -> None:
    made = actor.post(f"{at}/timeline", {"text": "ひとつ"}, 201)
    line, earlier = f"{at}/timeline/{made['line']}", system_clock() - timedelta(minutes=5)

    actor.post(f"{line}/amend", {"text": "べつの", "at": earlier.isoformat()})
    actor.post(f"{line}/hide")

    shown = actor.get(line)
    assert (shown["said"]["text"], shown["is_amended"], shown["is_hidden"]) == ("べつの", True, True)
    assert [each["said"]["text"] for each in shown["edits"]] == ["べつの", "ひとつ"]
    assert "べつの" not in file(actor, f"{at}/timeline/file").content.decode()
    actor.post(f"{line}/hide", None, 409)
    assert not actor.post(f"{line}/show")["is_hidden"]
    assert "**記録** べつの" in file(actor, f"{at}/timeline/file", form="md").content.decode()
    exported = json.loads(file(actor, f"{at}/timeline/file", form="json").content)
    assert made["line"] in {each["number"] for each in exported}
    file(actor, f"{at}/timeline/file", 422, form="xml")
    for wanted in ({"text": ""}, {}, {"at": "2020-01-01T00:00:00Z"}):
        actor.post(f"{line}/amend", wanted, 409)


def test_a_line_of_another_incident_is_not_found(place: Place, at: str, actor: Program) -> None:
    assert place.plan.levels
    line = TimelineEntry.objects.earliest("pk").pk
    other = actor.post("/incidents", {"title": "注文できない"}, 201)["incident"]

    actor.get(f"{at}/timeline/{line}")
    actor.get(f"/incidents/{other}/timeline/{line}", 404)
    for act, body in (("amend", {"text": "x"}), ("hide", None), ("show", None)):
        actor.post(f"/incidents/{other}/timeline/{line}/{act}", body, 404)


def test_a_report_is_drafted_completed_and_asked_for(place: Place, at: str, actor: Program) -> None:
    drafted = actor.post(f"{at}/reports", {"kind": "final"}, 201, key="one")
    assert actor.post(f"{at}/reports", {"kind": "final"}, 201, key="one") == drafted
    assert LedgerEntry.objects.filter(content__order="draft-report").count() == 1
    report = f"{at}/reports/{drafted['report']}"
    refused = actor.post(f"{report}/ask", None, 409)
    assert "原因" in refused["detail"]
    place.name_measure(place.incident())
    actor.post(f"{at}/reports", {"kind": "final"}, 201)

    answers = {"impact": "購入できなかった", "cause": "メモリ不足", "interim": "再起動", "permanent": "増設"}
    written = actor.post(f"{report}/answers", answers)
    asked = actor.post(f"{report}/ask")

    assert (written["answers"], written["unanswered"]) == (answers, [])
    assert (asked["state"], asked["request"]) == ("asked", ApprovalRequest.objects.get().pk)
    actor.post(f"{report}/ask", None, 409)
    back = actor.post(f"{report}/answers", {"cause": ""})
    assert (back["state"], back["unanswered"]) == ("draft", ["cause"])
    actor.post(f"{report}/answers", {}, 409)
    actor.post(f"{report}/answers", {"weather": "rain"}, 422)
    actor.post(f"{at}/reports", {"kind": "long"}, 422)
    actor.post(f"/incidents/{HUGE}/reports", {"kind": "final"}, 409)


def test_a_report_is_read_in_the_language_that_is_asked_for(at: str, actor: Program) -> None:
    number = actor.post(f"{at}/reports", {"kind": "preliminary"}, 201)["report"]

    (listed,) = actor.get(f"{at}/reports")["items"]
    whole = actor.get(f"{at}/reports/{number}")
    headers = {**actor.headers, "Accept-Language": "en"}
    english = actor.client.get(f"/rest/v1{at}/reports/{number}", headers=headers).json()

    assert listed.items() <= whole.items()
    assert (whole["title"], english["title"]) == ("障害報告書(第一報)", "Incident report (preliminary)")
    assert [each["part"] for each in whole["parts"]][:2] == ["subject", "times"]
    actor.get(f"{at}/reports/{number + 1}", 404)
    actor.get(f"/incidents/{HUGE}/reports", 404)
    other = actor.post("/incidents", {"title": "注文できない"}, 201)["incident"]
    actor.get(f"/incidents/{other}/reports/{number}", 404)
    actor.post(f"/incidents/{other}/reports/{number}/answers", {"cause": "x"}, 404)
    actor.post(f"/incidents/{other}/reports/{number}/ask", None, 404)


def test_a_report_for_customers_names_nobody(place: Place, at: str, actor: Program) -> None:
    place.name_measure(place.incident())
    number = actor.post(f"{at}/reports", {"kind": "final"}, 201)["report"]
    actor.post(f"{at}/reports/{number}/answers", {"cause": "nami が web-1.internal を止めた"})
    path = f"{at}/reports/{number}/file"

    inside = file(actor, path, form="md").content.decode()
    outside = file(actor, path, form="md", audience="external")

    assert "web-1.internal" in inside
    assert "web-1.internal" not in outside.content.decode()
    assert "nami" not in outside.content.decode()
    assert outside.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert outside.headers["Content-Disposition"].endswith('-final-1-external.md"')
    file(actor, path, 422, form="docx")
    file(actor, path, 422, audience="press")


def test_a_report_is_a_pdf(at: str, actor: Program) -> None:
    try:
        font()
    except NoFont:
        pytest.skip("needs a Japanese font")
    number = actor.post(f"{at}/reports", {"kind": "final"}, 201)["report"]

    answer = file(actor, f"{at}/reports/{number}/file")

    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


def test_without_a_font_a_pdf_is_refused_with_the_way_out(
    at: str, actor: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = actor.post(f"{at}/reports", {"kind": "final"}, 201)["report"]
    monkeypatch.setenv("TOBAN_FONT", "/nowhere/none.ttf")

    refused = file(actor, f"{at}/reports/{number}/file", 409).json()

    assert refused["type"] == "urn:toban:problem:not-possible"
    assert "/nowhere/none.ttf" in refused["detail"]


def test_without_the_telemetry_store_a_draft_is_refused(at: str, actor: Program, settings: Any) -> None:
    settings.TELEMETRY_URL = ""
    present.telemetry.cache_clear()

    assert actor.post(f"{at}/reports", {"kind": "final"}, 503)["type"] == "urn:toban:problem:store-away"
    assert not IncidentReport.objects.exists()


def test_the_telemetry_store_is_asked_before_the_ledger_is_held(
    at: str, actor: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever records evidence waits for the ledger; the store may take its time."""
    done: list[str] = []
    hold = ledger.hold

    def held() -> None:
        done.append("held")
        hold()

    def asked(*about: Any) -> Any:
        done.append("asked")
        return impact_of(*about)

    monkeypatch.setattr(ledger, "hold", held)
    monkeypatch.setattr("toban.chapters.incident.reports.orders.impact_of", asked)

    actor.post(f"{at}/reports", {"kind": "final"}, 201)

    assert done[:2] == ["asked", "held"]
    assert done.count("asked") == 1


def test_measures_are_recorded_changed_and_withdrawn(at: str, actor: Program) -> None:
    made = actor.post(f"{at}/measures", measure(), 201, key="one")
    assert actor.post(f"{at}/measures", measure(), 201, key="one") == made
    one = f"{at}/measures/{made['measure']}"

    changed = actor.post(f"{one}/change", {"due_on": in_days(9)})

    assert (changed["due_on"], changed["words"], changed["state"]) == (in_days(9), "上限", "open")
    assert changed["proof"]["code"] == "incident-reports.not-looked-yet"
    actor.post(f"{one}/change", {}, 409)
    second = actor.post(f"{at}/measures", measure(words="監視"), 201)
    first = actor.get(f"{at}/measures", limit=1)
    assert [each["measure"] for each in first["items"]] == [second["measure"]]
    actor.post(f"{one}/withdraw", {"reason": " "}, 409)
    gone = actor.post(f"{one}/withdraw", {"reason": "二つ目で足りる"})
    assert (gone["state"], gone["withdrawn_by"]) == ("withdrawn", "nami")
    actor.post(f"{one}/withdraw", {"reason": "もう一度"}, 409)
    (last,) = actor.get(f"{at}/measures", limit=1, cursor=first["next"])["items"]
    assert last == gone


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"owner": "だれか"}, 409),
        ({"due_on": "2020-01-01"}, 409),
        ({"kind": "exception", "reference": "９"}, 409),
        ({"kind": "exception", "reference": "9" * 40}, 409),
        ({"kind": "batch", "reference": "B999"}, 409),
        ({"words": " "}, 409),
        ({"words": "\x00"}, 422),
        ({"words": "長" * 4_001}, 422),
        ({"kind": "wish"}, 422),
        ({"due_on": "soon"}, 422),
        ({"due_on": 86_400}, 422),
        ({"state": "kept"}, 422),
    ],
)
def test_a_measure_that_cannot_be_proven_is_refused(
    at: str, actor: Program, more: dict[str, Any], status: int
) -> None:
    actor.post(f"{at}/measures", measure(**more), status)

    assert not PreventionMeasure.objects.exists()


def test_a_measure_of_another_incident_is_not_found(at: str, actor: Program) -> None:
    number = actor.post(f"{at}/measures", measure(), 201)["measure"]
    other = actor.post("/incidents", {"title": "注文できない"}, 201)["incident"]

    actor.post(f"/incidents/{other}/measures/{number}/change", {"words": "x"}, 404)
    actor.post(f"/incidents/{other}/measures/{number}/withdraw", {"reason": "x"}, 404)
    actor.get(f"/incidents/{HUGE}/measures", 404)


def test_figures_count_what_was_answered_and_is_over(place: Place, actor: Program) -> None:
    assert actor.get("/incidents/figures")["count"] == 0
    made = place.outage(answered=2 * MINUTE, over=9 * MINUTE)

    found = actor.get("/incidents/figures", months=2)

    assert (found["count"], found["ongoing"], found["to_response"]["mean"]) == (1, 0, 120.0)
    assert [each["count"] for each in found["by_month"]].count(1) == 1
    assert [(each["level"], each["count"]) for each in found["by_level"]] == [(made.level, 1)]
    assert found["by_pattern"] == [{"pattern": "", "count": 1}]
    Incident.objects.update(is_drill=True)
    assert actor.get("/incidents/figures")["count"] == 0
    for months in (0, 25, -1):
        actor.get("/incidents/figures", 422, months=months)


def test_reading_and_acting_take_scopes_of_their_own(at: str, program: Programs) -> None:
    reader = program(OperatorRole.MANAGER, *READING)
    viewer = program(OperatorRole.MANAGER, *EVERYTHING, name="mira")
    Operator.objects.filter(username="mira").update(operator_role=OperatorRole.VIEWER)

    for path in ("timeline", "reports", "measures"):
        reader.get(f"{at}/{path}")
    for path, body in (
        ("timeline", {"text": "x"}),
        ("reports", {"kind": "final"}),
        ("measures", measure()),
    ):
        scope = reader.post(f"{at}/{path}", body, 403)
        role = viewer.post(f"{at}/{path}", body, 403)
        assert scope["type"] == "urn:toban:problem:scope-missing"
        assert role["type"] == "urn:toban:problem:role-missing"
    assert not IncidentReport.objects.exists()


def test_the_description_says_what_a_file_is(actor: Program) -> None:
    paths = actor.get("/openapi.json")["paths"]

    answer = paths["/rest/v1/incidents/{incident_id}/reports/{report_id}/file"]["get"]["responses"]["200"]

    assert answer["content"].keys() == {"application/pdf", "text/markdown"}


@pytest.mark.usefixtures("actor")
def test_whose_shell_made_the_token_has_written_what_comes_by_it(at: str, operator: Operators) -> None:
    aki, nami = operator("aki", OperatorRole.DEVELOPER), Operator.objects.get(username="nami")
    by_shell, incident = made_in_a_shell("aki"), Incident.objects.get()
    line = f"{at}/timeline/{by_shell.post(f'{at}/timeline', {'text': 'ひとつ'}, 201)['line']}"
    one = f"{at}/measures/{by_shell.post(f'{at}/measures', measure(), 201)['measure']}"

    for path, body in (
        (f"{at}/timeline", {"text": "ふたつ"}),
        (f"{line}/amend", {"text": "べつの"}),
        (f"{line}/hide", {}),
        (f"{line}/show", {}),
        (f"{at}/measures", measure(words="監視")),
        (f"{one}/change", {"words": "上限を下げる"}),
        (f"{one}/withdraw", {"reason": "不要"}),
    ):
        Incident.objects.update(writers=[])
        by_shell.post(path, body, 200 if "/" in path.removeprefix(at)[1:] else 201)
        incident.refresh_from_db()
        assert set(incident.writers) == {nami.pk, aki.pk}, path
