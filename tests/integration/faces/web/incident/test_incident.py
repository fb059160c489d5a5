"""The page of an incident: everything that people do about it, without a script."""

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.integration.chapters.incident.place import API, DAY, DB, HOUR, WEB, Place
from tests.integration.faces.web.incident.test_incidents import declared, page, text

from toban.chapters.incident.models import (
    Incident,
    IncidentReport,
    PreventionMeasure,
    RemedyUse,
    TimelineEntry,
)
from toban.design.values.metric import Metric
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.message import Message, plain


def acted(client: Client, made: Incident, act: str, status: int = 302, **typed: Any) -> str:
    answer = client.post(f"/incidents/{made.pk}", {"act": act, **typed})
    assert answer.status_code == status, answer.content.decode()[-2000:]
    made.refresh_from_db()
    return unescape(answer.content.decode()) if status != 302 else answer.headers["Location"]


def test_the_page_says_what_comes_next_and_offers_it(place: Place, manager: Client) -> None:
    place.fires(DB, Metric.UP)
    place.look()
    made = place.incident()
    address = f"/incidents/{made.pk}"

    first = page(manager, address)
    acted(manager, made, "take")
    second = page(manager, address)
    acted(manager, made, "level", level=made.level)
    third = page(manager, address)

    assert "指揮を執る人がまだいません。" in first
    assert 'value="take" data-key="a"' in first
    assert made.commander == "manager"
    assert "障害レベルを確かめて、確定してください。" in second
    assert 'value="take"' not in second
    assert "復旧は監視が判断します。" in third


def test_another_level_wants_a_reason_and_what_was_typed_stays(place: Place, manager: Client) -> None:
    made = declared(place, level="Low")

    refused = acted(manager, made, "level", 409, level="High", reason=" ")
    acted(manager, made, "level", level="High", reason="決済が半分失敗する")

    assert '<option value="High" selected>' in refused
    assert 'role="alert"' in refused
    assert made.level == "High"
    assert "決済が半分失敗する" in page(manager, f"/incidents/{made.pk}")


def test_people_are_set(place: Place, manager: Client) -> None:
    made = declared(place)

    acted(manager, made, "people", commander="ren", scribe="nami")

    assert (made.commander, made.scribe) == ("ren", "nami")
    assert "<option selected>ren</option>" in page(manager, f"/incidents/{made.pk}")


def test_a_step_is_signed_and_those_of_evidence_are_not_offered(place: Place, manager: Client) -> None:
    made = declared(place)
    place.look()
    shown = page(manager, f"/incidents/{made.pk}")

    acted(manager, made, "sign", step="4", note="設定の誤り")

    assert [*re.findall(r'<option value="(\d)">\d\. ', shown)] == ["2", "3", "4", "5", "6"]
    assert "● 完了 4. 原因調査" in text(page(manager, f"/incidents/{made.pk}"))
    assert "設定の誤り manager" in text(page(manager, f"/incidents/{made.pk}"))


def test_a_refused_step_keeps_the_note(place: Place, manager: Client) -> None:
    made = declared(place)

    shown = acted(manager, made, "sign", 409, step="8", note="やりました")

    assert "やりました</textarea>" in shown


def test_an_update_is_told(place: Place, manager: Client) -> None:
    made = declared(place)

    acted(manager, made, "update", words="原因を調べています")

    assert place.acts()[-1] == "incident-update"


def test_a_note_for_the_public_is_previewed_published_and_withdrawn(place: Place, manager: Client) -> None:
    made = declared(place)

    preview = acted(manager, made, "preview", 200, public="ご迷惑を<b>お掛け</b>しています")
    assert 'class="preview"' in preview
    assert not made.is_public

    acted(manager, made, "publish", public="ご迷惑をお掛けしています")
    assert (made.is_public, made.public_note) == (True, "ご迷惑をお掛けしています")
    acted(manager, made, "withdraw")
    assert not made.is_public


def test_incidents_are_merged_and_split(place: Place, manager: Client) -> None:
    one, other = declared(place, title="ひとつ"), declared(place, title="ふたつ")
    place.fires(DB, Metric.UP)
    place.look()

    to = acted(manager, one, "merge", into=str(other.pk))
    assert to == f"/incidents/{other.pk}"
    assert f"障害 {other.pk} に統合しました。" in page(manager, f"/incidents/{one.pk}")
    assert "name=" not in page(manager, f"/incidents/{one.pk}").partition('id="report"')[2]


def test_alerts_that_are_chosen_are_split_off(place: Place, manager: Client) -> None:
    first, second = place.fires(WEB, Metric.CPU_USAGE), place.fires(WEB, Metric.UP)
    place.look()
    made = place.incident()

    refused = acted(manager, made, "split", 409, alerts=[first.pk, second.pk], title="CPUだけ")
    acted(manager, made, "split", alerts=[first.pk], title="CPUだけ")

    assert refused.count(" checked") == 2
    assert 'value="CPUだけ"' in refused
    parts = {
        str(each.title): [link.alert_id for link in each.joined.all()] for each in Incident.objects.all()
    }
    assert parts["CPUだけ"] == [first.pk]


def test_what_nothing_measures_is_recovered_by_a_person(place: Place, manager: Client) -> None:
    made = declared(place)

    acted(manager, made, "recovered", at="")

    assert made.recovered_at is not None


def test_it_closes_only_when_nothing_is_owed_and_says_what_is(place: Place, manager: Client) -> None:
    made = declared(place)
    acted(manager, made, "take")
    acted(manager, made, "recovered", at="")

    refused = acted(manager, made, "close", 409)

    assert made.closed_at is None
    assert "まだクローズできません。" in refused
    assert "再発防止策を決めてください。" in refused


def test_viewers_see_everything_and_are_offered_nothing(place: Place, viewer: Client) -> None:
    made = declared(place)

    shown = page(viewer, f"/incidents/{made.pk}")

    assert "<textarea" not in shown
    assert 'name="act"' not in shown
    for act in ("take", "close", "note", "draft", "record-measure", "preview"):
        assert viewer.post(f"/incidents/{made.pk}", {"act": act}).status_code == 403
    assert place.acts() == ["incident-declared"]


def test_an_unknown_act_is_a_bad_request(place: Place, manager: Client) -> None:
    assert manager.post(f"/incidents/{declared(place).pk}", {"act": "explode"}).status_code == 400


def test_remedies_stand_with_their_effect(place: Place, viewer: Client) -> None:
    alert = place.fires(DB, Metric.UP)
    place.look()
    RemedyUse.objects.create(
        remedy="フェイルオーバー", clause_id="x", target=DB, incident=place.incident(), alert=alert,
        wanted_at=place.now, said=plain("接続できない"), effect="recovered", took=75.0,
    )  # fmt: skip

    shown = text(page(viewer, f"/incidents/{place.incident().pk}"))

    assert "フェイルオーバー DBサーバー" in shown
    assert "● 復旧した 1分15秒" in shown


def test_a_remedy_that_was_not_carried_out_says_why(place: Place, viewer: Client) -> None:
    alert = place.fires(DB, Metric.UP)
    place.look()
    run = Run.objects.create(
        work="remedy/ロールバック", due_at=place.now, clause_id="x", document_digest="", ordered_by="trigger",
        state=Run.State.FAILED, reason=RunReason.FAILED, wake_at=place.now,
        note=plain("戻せる版がありません"),
    )  # fmt: skip
    RemedyUse.objects.create(
        remedy="ロールバック", clause_id="x", target=DB, incident=place.incident(), alert=alert, run=run,
        wanted_at=place.now, said=plain("接続できない"), effect="not-run",
    )  # fmt: skip

    shown = text(page(viewer, f"/incidents/{place.incident().pk}"))

    assert "接続できない 戻せる版がありません" in shown


def lines(made: Incident, count: int) -> None:
    TimelineEntry.objects.bulk_create(
        TimelineEntry(
            incident=made, key=f"x/{each}", kind="note", at=made.detected_at + each * HOUR / 3600,
            said=plain(f"行{each:04}"),
        )
        for each in range(count)
    )  # fmt: skip


def test_five_thousand_lines_cost_no_more_queries_than_a_few(place: Place, viewer: Client) -> None:
    few, many = declared(place), declared(place)
    lines(few, 60)
    lines(many, 5_000)
    page(viewer, f"/incidents/{few.pk}")

    with CaptureQueriesContext(connection) as of_few:
        page(viewer, f"/incidents/{few.pk}")
    with CaptureQueriesContext(connection) as of_many:
        shown = page(viewer, f"/incidents/{many.pk}")

    assert len(of_many) == len(of_few)
    assert shown.count("行4") == 50
    assert shown.index("行4999") < shown.index("行4998")


def test_every_line_is_reached_page_by_page(place: Place, viewer: Client) -> None:
    made = declared(place)
    lines(made, 120)
    seen: list[str] = []
    address = f"/incidents/{made.pk}/timeline"
    while address:
        shown = page(viewer, address)
        seen += re.findall(r"行(\d{4})", shown)
        found = re.findall(r'href="(/incidents/\d+/timeline\?[^"]*before=[^"]+)"', shown)
        address = found[0] if found else ""

    assert seen == [f"{each:04}" for each in range(119, -1, -1)]


def test_people_add_amend_and_hide_lines_and_see_what_stood_there(place: Place, manager: Client) -> None:
    made = declared(place)
    acted(manager, made, "note", text="DBを再起動した", when="")
    entry = made.timeline.get(kind="note")
    address = f"/incidents/{made.pk}/timeline/{entry.pk}"

    assert manager.post(address, {"act": "amend", "text": "DBを二度再起動した"}).status_code == 302
    assert manager.post(address, {"act": "hide"}).status_code == 302
    shown = text(page(manager, address))

    assert "DBを二度再起動した" in shown
    assert "DBを再起動した" in shown
    assert "再び表示する" in shown
    exported = page(manager, f"/incidents/{made.pk}/timeline.md")
    assert "DBを" not in exported


def test_a_refused_amendment_keeps_what_was_typed(place: Place, manager: Client) -> None:
    made = declared(place)
    acted(manager, made, "note", text="再起動した", when="")
    address = f"/incidents/{made.pk}/timeline/{made.timeline.get(kind='note').pk}"

    answer = manager.post(address, {"act": "amend", "text": "直した", "when": "2020-01-01T00:00"})

    assert answer.status_code == 409
    assert "直した</textarea>" in answer.content.decode()
    assert str(made.timeline.get(kind="note").said) == "再起動した"


def test_a_line_of_another_incident_is_not_found(place: Place, manager: Client) -> None:
    one, other = declared(place), declared(place)
    acted(manager, one, "note", text="再起動した", when="")

    entry = one.timeline.get(kind="note").pk
    assert manager.get(f"/incidents/{other.pk}/timeline/{entry}").status_code == 404


def test_the_timeline_is_exported(place: Place, viewer: Client) -> None:
    made = declared(place)
    lines(made, 3)

    assert "行0002" in page(viewer, f"/incidents/{made.pk}/timeline.md")
    assert [each["text"] for each in viewer.get(f"/incidents/{made.pk}/timeline.json").json()] == [
        "行0000", "行0001", "行0002",
    ]  # fmt: skip
    assert viewer.get(f"/incidents/{made.pk}/timeline.exe").status_code == 404


def test_a_report_is_drafted_answered_and_asked_for(place: Place, manager: Client) -> None:
    made = declared(place, targets=[API])
    acted(manager, made, "recovered", at="")
    acted(manager, made, "draft", kind="final")
    report = IncidentReport.objects.get(incident=made)

    refused = acted(manager, made, "ask", 409, report=report.pk)
    answers: dict[str, Any] = {name: f"{name}のこと" for name in ("impact", "cause", "interim", "permanent")}
    acted(manager, made, "answer", report=report.pk, **answers)
    shown = page(manager, f"/incidents/{made.pk}")

    assert refused.count("未記入") == 4
    assert "causeのこと</textarea>" in shown
    assert "未記入" not in shown

    measure(manager, made)
    acted(manager, made, "draft", kind="final")
    acted(manager, made, "ask", report=report.pk)
    request = ApprovalRequest.objects.get(subject=f"incident-report/{report.pk}")
    assert f'href="/approvals/{request.pk}"' in page(manager, f"/incidents/{made.pk}")


def test_a_report_of_another_incident_is_refused(place: Place, manager: Client) -> None:
    one, other = declared(place), declared(place)
    acted(manager, one, "draft", kind="final")
    report = IncidentReport.objects.get(incident=one)

    acted(manager, other, "answer", 409, report=report.pk, cause="x")

    report.refresh_from_db()
    assert report.answers == {}


@pytest.mark.parametrize("form", ["md", "pdf"])
def test_reports_are_files_for_both_audiences(place: Place, manager: Client, form: str) -> None:
    made = declared(place)
    acted(manager, made, "draft", kind="preliminary")
    report = IncidentReport.objects.get(incident=made)

    for audience in ("internal", "external"):
        answer = manager.get(f"/incidents/reports/{report.pk}.{form}", {"for": audience, "language": "en"})
        assert answer.status_code == 200
        assert f"preliminary-1-{audience}.{form}" in answer.headers["Content-Disposition"]
    assert manager.get(f"/incidents/reports/{report.pk}.exe").status_code == 404
    assert manager.get(f"/incidents/reports/99.{form}").status_code == 404


def measure(client: Client, made: Incident, status: int = 302, **typed: Any) -> str:
    due_on = f"{made.detected_at + 7 * DAY:%Y-%m-%d}"
    wanted = {
        "words": "監視を足す",
        "kind": "row", "reference": "monitoring/monitor/Web/CPU", "owner": "運用責任者",
        "due_on": due_on,
    }  # fmt: skip
    return acted(client, made, "record-measure", status, **(wanted | typed))


def test_measures_are_recorded_changed_and_withdrawn(place: Place, manager: Client) -> None:
    made = declared(place)
    measure(manager, made)
    found = PreventionMeasure.objects.get()

    changed: dict[str, Any] = {"words": "監視を二つ足す", "kind": found.kind, "reference": found.reference}
    changed |= {"owner": found.owner, "due_on": f"{found.due_on}", "measure": str(found.pk)}
    acted(manager, made, "change-measure", **changed)
    shown = text(page(manager, f"/incidents/{made.pk}"))
    acted(manager, made, "withdraw-measure", measure=found.pk, reason="別の策に替えた")

    assert "監視を二つ足す ◇ 期限前" in shown
    assert "– 取り下げ 別の策に替えた" in text(page(manager, f"/incidents/{made.pk}"))


@pytest.mark.parametrize(
    "wrong", [{"due_on": "いつか"}, {"owner": "だれか"}, {"kind": "hope"}, {"words": " "}]
)
def test_a_refused_measure_keeps_what_was_typed(place: Place, manager: Client, wrong: dict[str, str]) -> None:
    made = declared(place)

    shown = measure(manager, made, 409, **wrong)

    assert 'role="alert"' in shown
    assert 'value="monitoring/monitor/Web/CPU"' in shown
    assert not PreventionMeasure.objects.exists()


def test_the_reason_of_the_rule_stands_beside_the_level(place: Place, viewer: Client) -> None:
    place.fires(DB, Metric.UP)
    place.look()

    shown = text(page(viewer, f"/incidents/{place.incident().pk}"))

    assert isinstance(place.incident().why, Message)
    assert str(place.incident().why) in shown
    assert "自動判定" in shown


def test_numbers_that_no_database_takes_name_nothing(place: Place, manager: Client) -> None:
    made, huge = declared(place), "9" * 19

    acted(manager, made, "split", 409, alerts=[huge, "9" * 5000], title="")
    declared_now = manager.post("/incidents/declare", {"title": "注文できない", "alerts": [huge]})
    addresses = (f"/incidents/{huge}/timeline/1", f"/incidents/{made.pk}/timeline/{huge}")
    found = [manager.get(each).status_code for each in (*addresses, f"/releases/{huge}/certificate/")]

    assert declared_now.status_code == 302
    assert found == [404] * 3
