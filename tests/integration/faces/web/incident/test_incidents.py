"""The list of incidents, declaring one, and what leads there: alerts, rows, the menu."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from tests.integration.chapters.incident.place import API, DB, HOUR, MINUTE, WEB, Place

from toban.chapters.incident import orders
from toban.chapters.incident.models import Incident
from toban.chapters.incident.orders import Declaration
from toban.design.clauses.incident import IncidentFlow
from toban.design.values.metric import Metric
from toban.engine.notify.models import Alert
from toban.faces.document.address import evidence_address

JAPANESE = re.compile(r"[ぁ-んァ-ヶー一-龠]+")


def page(client: Client, path: str, status: int = 200, **more: Any) -> str:
    answer = client.get(path, **more)
    assert answer.status_code == status, answer.content.decode()[-2000:]
    return unescape(answer.content.decode())


def declared(place: Place, **more: Any) -> Incident:
    said = Declaration(**({"title": "決済が通らない"} | more))
    return orders.declare(said, place.order(), place.now)


def text(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def test_an_empty_list_says_so(viewer: Client) -> None:
    assert "クローズしていない障害はありません。" in page(viewer, "/incidents/")


def test_open_incidents_say_the_time_that_is_left_and_the_time_that_is_over(
    place: Place, viewer: Client
) -> None:
    declared(place, level="High", targets=[API])
    late = declared(place, level="Critical", title="全部止まった")
    Incident.objects.filter(pk=late.pk).update(
        respond_by=place.now - 12 * MINUTE, recover_by=place.now + 30 * MINUTE
    )

    shown = text(page(viewer, "/incidents/"))

    assert "■ 12分超過" in shown
    assert "◇ 残り59分" in shown
    assert "◇ 残り3時間59分" in shown
    assert f"#{late.pk} 全部止まった" in shown
    assert API in shown


def test_a_level_without_a_limit_shows_the_elapsed_time_alone(place: Place, viewer: Client) -> None:
    made = declared(place, level="Medium")
    Incident.objects.filter(pk=made.pk).update(detected_at=place.now - 2 * HOUR)

    assert "– 2時間経過（期限なし）" in text(page(viewer, "/incidents/"))


def test_the_list_is_filtered_by_level(place: Place, viewer: Client) -> None:
    declared(place, level="High", title="遅い")
    declared(place, level="Low", title="誤字")

    shown = page(viewer, "/incidents/", data={"level": "Low"})

    assert "誤字" in shown
    assert "遅い" not in shown


def test_closed_incidents_have_figures_by_month_and_level(place: Place, viewer: Client) -> None:
    made = declared(place, level="High")
    Incident.objects.filter(pk=made.pk).update(
        detected_at=place.now - 2 * HOUR,
        responded_at=place.now - 2 * HOUR + 10 * MINUTE,
        recovered_at=place.now - HOUR,
        closed_at=place.now,
    )

    shown = text(page(viewer, "/incidents/"))

    assert "クローズした障害 1" in shown
    assert "● 期限内 10分" in shown
    assert "High 1 10分 (10分) 1時間 (1時間)" in shown


def test_the_part_that_changes_is_not_sent_again_while_nothing_has(place: Place, viewer: Client) -> None:
    declared(place)
    first = viewer.get("/incidents/", headers={"HX-Request": "true"})
    (known,) = re.findall(r"known=([0-9a-f]{16})", first.content.decode())

    again = viewer.get("/incidents/", data={"known": known}, headers={"HX-Request": "true"})

    assert b"<html" not in first.content
    assert again.status_code == 204


def test_an_alert_leads_to_the_form_which_has_it_chosen(place: Place, manager: Client) -> None:
    alert = place.fires(DB, Metric.UP)

    shown = page(manager, f"/alerts/{alert.pk}")
    (address,) = re.findall(r'href="(/incidents/declare[^"]*)"', shown)
    form = page(manager, address)

    assert address == f"/incidents/declare?alert={alert.pk}"
    assert f'value="{alert.pk}" checked' in form
    assert 'value="DBサーバー 死活"' in form


def test_an_alert_leads_to_its_incident(place: Place, viewer: Client) -> None:
    alert = place.fires(DB, Metric.UP)
    place.look()
    orders.tell_update(place.incident().pk, "調べています", place.order(), place.now)
    told = Alert.objects.get(labels__item="incident")

    for each in (alert, told):
        shown = page(viewer, f"/alerts/{each.pk}")
        assert f'href="/incidents/{place.incident().pk}">障害 {place.incident().pk}</a>' in shown


def test_somebody_declares_from_the_page(place: Place, manager: Client) -> None:
    alert = place.fires(DB, Metric.UP)

    answer = manager.post(
        "/incidents/declare",
        {"title": "注文できない", "level": "High", "targets": [WEB], "alerts": [alert.pk]},
    )

    made = place.incident()
    assert answer.headers["Location"] == f"/incidents/{made.pk}"
    assert (str(made.title), made.level, made.targets) == ("注文できない", "High", [WEB, DB])
    assert [each.alert_id for each in made.joined.all()] == [alert.pk]


def test_a_refused_declaration_keeps_what_was_typed(place: Place, manager: Client) -> None:
    alert = place.fires(DB, Metric.UP)
    place.fires(WEB, Metric.UP)

    answer = manager.post(
        "/incidents/declare",
        {"title": "", "level": "High", "targets": [WEB], "alerts": [alert.pk], "began_at": "きのう"},
    )

    shown = unescape(answer.content.decode())
    assert answer.status_code == 409
    assert "「きのう」は日時ではありません" in shown
    assert '<option value="High" selected>' in shown
    assert f'value="{WEB}" checked' in shown
    assert f'value="{alert.pk}" checked' in shown
    assert shown.count(" checked") == 2
    assert not Incident.objects.exists()


def test_viewers_only_look(place: Place, viewer: Client) -> None:
    assert "<textarea" not in page(viewer, "/incidents/declare")
    assert 'name="title"' not in page(viewer, "/incidents/declare")
    assert viewer.post("/incidents/declare", {"title": "x"}).status_code == 403
    assert not Incident.objects.exists()


def test_a_row_of_a_level_shows_its_incidents_and_leads_to_them(place: Place, viewer: Client) -> None:
    made = declared(place, level="High")

    shown = page(viewer, evidence_address(place.level("High")))

    assert "このレベルの障害" in shown
    assert f'href="/incidents/{made.pk}"' in shown
    assert 'href="/incidents/?level=High"' in page(viewer, "/")


def test_the_row_of_the_flow_shows_the_steps_of_the_last_incident(place: Place, viewer: Client) -> None:
    made = declared(place)
    place.look()
    (flow,) = place.edition.design.of(IncidentFlow)

    shown = text(page(viewer, evidence_address(flow.id)))

    assert f"#{made.pk} 決済が通らない" in shown
    assert "● 1. 障害検知" in shown
    assert "8. 再発防止策実施 未完了" in shown


def test_the_pages_are_in_english_for_those_who_read_it(place: Place, manager: Client) -> None:
    made = declared(place, level="High", title="checkout fails")
    manager.cookies["django_language"] = "en"

    for address in ("/incidents/", "/incidents/declare", f"/incidents/{made.pk}"):
        body = page(manager, address).partition("<main")[2].partition("</main>")[0]
        # The document's own words stay; so does what its flow calls the steps.
        document = ("サーバー", "障害検知", "一次切り分け", "関係者通知", "原因調査", "暫定対応", "恒久対応")
        own = {*JAPANESE.findall(place.document + place.bindings), *document}
        left = [each for each in JAPANESE.findall(body) if each not in own]
        assert left == [], address


@pytest.mark.parametrize("number", ["99", "0"])
def test_an_incident_that_is_not_there_is_not_found(viewer: Client, number: str) -> None:
    assert viewer.get(f"/incidents/{number}").status_code == 404


def test_closed_incidents_come_page_by_page(place: Place, viewer: Client) -> None:
    Incident.objects.bulk_create(
        Incident(
            title=f"件{each}件",
            document_digest="x",
            began_at=place.now,
            detected_at=place.now - timedelta(minutes=each),
            recovered_at=place.now,
            closed_at=place.now,
            updated_at=place.now,
            origin="person",
        )
        for each in range(60)
    )

    shown = page(viewer, "/incidents/", data={"page": "2"})

    assert "件50件" in shown
    assert "件49件" not in shown
