"""What users report."""

from django.test import Client
from tests.integration.chapters.incident.place import Place
from tests.integration.faces.web.conftest import Fixed
from tests.integration.faces.web.incident.test_incidents import page

from toban.chapters.incident.models import Incident, LevelChange

PUBLIC = '[incidents]\nreports = "public"\n'


def put(place: Place, in_force: Fixed, bindings: str) -> None:
    in_force.edition = place.take(place.bindings + bindings).edition


def test_without_a_binding_the_form_asks_for_a_sign_in(place: Place, viewer: Client) -> None:
    answer = Client().get("/report/")
    sent = Client().post("/report/", {"title": "注文できない"})

    assert answer.headers["Location"] == "/accounts/login/?next=%2Freport%2F"
    assert sent.status_code == 302
    assert viewer.get("/report/").status_code == 403
    assert not Incident.objects.exists()


def test_an_operator_reports_for_a_user_and_is_led_to_the_incident(place: Place, manager: Client) -> None:
    answer = manager.post("/report/", {"title": "注文できない", "text": "電話で3件", "began_at": ""})

    made = place.incident()
    assert answer.headers["Location"] == f"/incidents/{made.pk}"
    assert made.origin == Incident.Origin.REPORT
    assert [str(each.said) for each in made.timeline.all()] == ["電話で3件"]


def test_everybody_reports_where_it_is_bound_and_reads_no_internals(place: Place, in_force: Fixed) -> None:
    put(place, in_force, PUBLIC)
    client = Client()

    shown = page(client, "/report/")
    answer = client.post("/report/", {"title": "注文できない", "text": "白い画面になる"})
    sent = page(client, answer.headers["Location"])

    made = place.incident()
    assert made.origin == Incident.Origin.REPORT
    assert LevelChange.objects.get().level == "Low"
    assert made.timeline.get().by == "report"
    assert "報告を受け付けました" in sent
    for text in (shown, sent):
        for internal in ("Critical", "Webサーバー", "運用設計書", "nami", "上原", f"/incidents/{made.pk}"):
            assert internal not in text


def test_a_report_without_words_is_refused_and_keeps_the_rest(place: Place, in_force: Fixed) -> None:
    put(place, in_force, PUBLIC)

    answer = Client().post("/report/", {"title": " ", "text": "白い画面になる"})

    assert answer.status_code == 409
    assert "白い画面になる</textarea>" in answer.content.decode()
    assert not Incident.objects.exists()


def test_a_report_that_is_too_long_is_refused_as_a_whole(place: Place, in_force: Fixed) -> None:
    put(place, in_force, PUBLIC)

    answer = Client().post("/report/", {"title": "注文できない", "text": "あ" * 2_001})

    assert answer.status_code == 409
    assert not Incident.objects.exists()


def test_one_visitor_reports_five_times_an_hour(place: Place, in_force: Fixed) -> None:
    put(place, in_force, PUBLIC)
    sent = [Client().post("/report/", {"title": f"{each}"}).status_code for each in range(6)]

    assert sent == [302] * 5 + [429]
    assert Incident.objects.count() == 5


def test_all_visitors_together_report_thirty_times_an_hour(place: Place, in_force: Fixed) -> None:
    put(place, in_force, PUBLIC)
    sent = [
        Client(REMOTE_ADDR=f"192.0.2.{each}").post("/report/", {"title": f"{each}"}).status_code
        for each in range(31)
    ]

    assert sent == [302] * 30 + [429]
