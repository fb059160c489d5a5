"""What users report."""

import pytest
from django.test import Client
from tests.integration.chapters.incident.place import API, MINUTE, Place
from tests.integration.faces.web.conftest import Fixed
from tests.integration.faces.web.incident.test_incidents import page

from toban.chapters.incident import reported
from toban.chapters.incident.models import Incident, LevelChange
from toban.chapters.incident.timeline import amending
from toban.design.values.metric import Metric

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


def report(client: Client, title: str, **more: str) -> int:
    return client.post("/report/", {"title": title, **more}).status_code


def test_reports_about_one_thing_are_one_incident(place: Place, in_force: Fixed) -> None:
    put(place, in_force, PUBLIC)
    for each in range(4):
        assert report(Client(REMOTE_ADDR=f"192.0.2.{each}"), "注文 できない", text=f"{each}件目") == 302

    made = place.incident()
    assert [str(each.said) for each in made.timeline.order_by("pk")] == [
        "0件目",
        *(f"注文 できない\n{each}件目" for each in range(1, 4)),
    ]
    assert place.acts() == ["incident-declared"]


def test_a_report_about_a_target_joins_its_incident_and_the_page_says_why(
    place: Place, manager: Client
) -> None:
    place.fires(API, Metric.ERROR_RATE)
    place.look()
    made = place.incident()

    answer = manager.post("/report/", {"title": "注文できない", "target": API}, follow=True)

    assert answer.redirect_chain[-1][0] == f"/incidents/{made.pk}"
    shown = page(manager, f"/incidents/{made.pk}")
    assert f"継続中の障害 {made.pk} に、報告を加えました。" in answer.content.decode()
    assert "同じ対象の報告" in shown
    assert 'value="split-report"' in shown


def test_after_the_recovery_a_report_is_news(place: Place, manager: Client) -> None:
    place.fires(API, Metric.ERROR_RATE)
    place.look()
    place.pass_(MINUTE).ends(API, Metric.ERROR_RATE)
    place.look()
    assert place.incident().recovered_at is not None

    assert report(manager, "まだ注文できない", target=API) == 302

    assert [each.origin for each in Incident.objects.order_by("pk")] == ["alert", "report"]
    assert Incident.objects.latest("pk").targets == [API]


def test_a_timeline_that_is_full_turns_no_user_away(
    place: Place, manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(amending, "MOST_NOTES", 1)
    monkeypatch.setattr(reported, "MOST_NOTES", 1)
    place.fires(API, Metric.ERROR_RATE)
    place.look()

    sent = [report(manager, each, target=API) for each in ("遅い", "重い")]

    assert sent == [302, 302]
    assert [each.origin for each in Incident.objects.order_by("pk")] == ["alert", "report"]


def test_a_drill_takes_no_report(place: Place, manager: Client) -> None:
    place.fires(API, Metric.ERROR_RATE)
    place.look()
    Incident.objects.update(is_drill=True)

    report(manager, "注文できない", target=API)

    assert Incident.objects.count() == 2


def test_a_report_that_joined_is_split_off_by_a_person(place: Place, manager: Client) -> None:
    place.fires(API, Metric.ERROR_RATE)
    place.look()
    made = place.incident()
    report(manager, "画像が出ない", target=API, text="Firefox だけ")
    line = made.timeline.get(key__startswith="report/")
    form = {"act": "split-report", "entry": line.pk}

    answer = manager.post(f"/incidents/{made.pk}", form)

    other = Incident.objects.latest("pk")
    assert answer.headers["Location"] == f"/incidents/{other.pk}"
    assert (str(other.title), other.origin, other.detected_at) == ("画像が出ない", "report", line.at)
    assert (other.level, other.targets) == ("Low", [])
    assert [str(each.said) for each in other.timeline.filter(kind="note")] == ["画像が出ない\nFirefox だけ"]
    assert not made.timeline.filter(kind="note").exists()
    assert place.acts()[-1] == "incident-split"
    # Once more, or a line that is no report: nothing to split.
    assert manager.post(f"/incidents/{made.pk}", form).status_code == 409
    assert Incident.objects.count() == 2


def test_a_viewer_splits_nothing(place: Place, manager: Client, viewer: Client) -> None:
    place.fires(API, Metric.ERROR_RATE)
    place.look()
    report(manager, "画像が出ない", target=API)
    made = place.incident()
    line = made.timeline.get(key__startswith="report/")

    assert viewer.post(f"/incidents/{made.pk}", {"act": "split-report", "entry": line.pk}).status_code == 403
    assert "split-report" not in page(viewer, f"/incidents/{made.pk}")


STATUS = f"""
[targets."{API}"]
sources = [{{ kind = "tcp", address = "127.0.0.1:9" }}]
[status]
title = "shop"
services = [{{ name = "注文", target = "{API}" }}]
"""


def test_the_public_chooses_by_the_public_names_only(place: Place, in_force: Fixed) -> None:
    put(place, in_force, PUBLIC + STATUS)
    place.fires(API, Metric.ERROR_RATE)
    place.look()
    made = place.incident()
    client = Client()

    shown = page(client, "/report/")
    report(client, "遅い", target="注文")
    report(client, "重い", target=API)

    assert "<option>注文</option>" in shown
    assert API not in shown
    assert made.timeline.filter(key__startswith="report/same-target/").count() == 1
    # An internal name is not known to the public: that report is about nothing in particular.
    assert Incident.objects.latest("pk").targets == []


@pytest.mark.parametrize(
    "when", ["0001-01-01T00:00", "0001-01-10T00:00", "9999-12-31T23:59-14:00", "2000-01-01T00:00"]
)
def test_nobody_reports_that_it_began_in_another_age(place: Place, in_force: Fixed, when: str) -> None:
    put(place, in_force, PUBLIC)

    answer = Client().post("/report/", {"title": "注文できない", "text": "白い画面", "began_at": when})

    assert answer.status_code == 409
    assert not Incident.objects.exists()


def test_a_reports_title_is_one_line_in_which_nothing_moves(place: Place, in_force: Fixed) -> None:
    put(place, in_force, PUBLIC)
    title = "注文\r\nできない\u202e\x1b[2J"
    for _ in range(2):
        Client().post("/report/", {"title": title, "text": "白\u202e\x1b"})

    made = place.incident()
    assert str(made.title) == "注文 できない��[2J"
    # The second has joined the first: a reader tells the subject from the text by the end of its line.
    assert [str(each.said) for each in made.timeline.order_by("pk")] == ["白��", f"{made.title}\n白��"]
