"""The pages of releases: what serves, a plan that is looked at before it is ordered, the ways to end one."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.integration.chapters.release.rows.place import WHOLE, Place
from tests.integration.chapters.release.rows.test_drills import drill
from tests.integration.chapters.release.shop import HOUR, PRODUCTION, STAGING
from tests.integration.faces.web.conftest import Fixed, Operators

from toban.chapters.release.models import DeploymentLock, Release, StoredArtifact
from toban.chapters.release.ordering import orders
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.clock import system_clock
from toban.engine.people.models import Operator, OperatorRole

CAUSE = "障害 #12"
REMARK = "確認済み"
"""What those who approve the shop's releases remark."""
JAPANESE = re.compile(r"[ぁ-んァ-ヶー一-龠]+")


@pytest.fixture
def place(tmp_path: Path, settings: Any, in_force: Fixed, operator: Operators) -> Place:
    settings.HOME = tmp_path
    for name in ("ken", "nami"):
        operator(name, OperatorRole.DEVELOPER)
    place = Place(tmp_path)
    in_force.edition = place.edition
    place.source.add("v1")
    return place


@pytest.fixture
def ken(place: Place) -> Client:
    """A browser with a developer, who orders and does not approve."""
    client = Client()
    client.force_login(Operator.objects.get(username="ken"))
    return client


def page(client: Client, path: str, status: int = 200, **more: Any) -> str:
    answer = client.get(path, **more)
    assert answer.status_code == status, path
    return answer.content.decode()


def wanted(**typed: str) -> dict[str, str]:
    return {"environment": PRODUCTION, "version": "", "cause": CAUSE, "at": "", "despite": "", **typed}


def shown_in(text: str) -> str:
    (found,) = re.findall(r'name="shown" value="([0-9a-f]{64})"', text)
    return str(found)


def test_an_environment_shows_what_serves_and_an_empty_page_how_to_fill_it(
    place: Place, ken: Client, in_force: Fixed
) -> None:
    assert "リリースはまだありません" in page(ken, "/releases/")
    place.stage("v1")

    shown = page(ken, "/releases/")

    assert "<b>v1</b>" in shown
    assert "マイナーリリース" in shown
    place.take(bindings="")
    in_force.edition = place.edition
    assert "[releases.サービス名]" in page(ken, "/releases/")


def test_a_release_is_looked_at_ordered_and_aborted(place: Place, ken: Client) -> None:
    place.stage("v1")
    looked = ken.get("/releases/plan/", wanted()).content.decode()
    assert "<dd>運用責任者</dd>" in looked
    assert "reviewed by nami" in looked
    assert not Release.objects.filter(deployment=PRODUCTION).exists()

    answer = ken.post("/releases/plan/", wanted(shown=shown_in(looked)))

    release = Release.objects.get(deployment=PRODUCTION)
    assert answer.headers["Location"] == f"/releases/{release.pk}/"
    assert (release.state, release.cause, release.ordered_by) == ("planned", CAUSE, "ken")
    place.now = system_clock()
    place.work()
    one = page(ken, f"/releases/{release.pk}/")
    request = ApprovalRequest.objects.get()
    assert "運用責任者: 承認を待っています" in one
    assert f"/approvals/{request.pk}" not in one
    ken.force_login(Operator.objects.get(username="nami"))
    assert f'href="/approvals/{request.pk}"' in page(ken, f"/releases/{release.pk}/")
    ken.force_login(Operator.objects.get(username="ken"))
    assert 'hx-trigger="every 2s"' in one
    missing = ken.post(f"/releases/{release.pk}/", {"act": "abort", "reason": " "})
    assert missing.status_code == 409
    gone = ken.post(f"/releases/{release.pk}/", {"act": "abort", "reason": "別の日に"}, follow=True)
    assert "リリースを取りやめました。" in gone.content.decode()
    release.refresh_from_db()
    assert release.state == Release.State.ABORTED
    assert ken.post(f"/releases/{release.pk}/", {"act": "abort", "reason": "もう一度"}).status_code == 409


def test_a_release_that_has_changed_meanwhile_is_shown_again(place: Place, ken: Client) -> None:
    place.stage("v1")
    place.source.add("v2")
    asked = wanted(environment=STAGING, cause="")
    shown = shown_in(ken.get("/releases/plan/", asked).content.decode())
    place.source.add("v3")

    answer = ken.post("/releases/plan/", {**asked, "shown": shown})

    assert answer.status_code == 409
    text = answer.content.decode()
    assert "確かめている間に内容が変わりました" in text
    assert "v3" in text
    assert Release.objects.count() == 1
    again = ken.post("/releases/plan/", {**asked, "shown": shown_in(text)})
    assert again.status_code == 302
    assert Release.objects.get(state="planned").artifact.label == "v3"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"environment": "どこか"}, "どこか"),
        ({"version": "v9"}, "no v9"),
        ({"at": "きのう"}, "きのう"),
        ({"cause": "急ぎ"}, "パッチの理由が、障害やエラーを示していません"),
        ({"cause": "", "at": "2030-01-01T00:00"}, "リリーススケジュール"),
    ],
)
def test_what_stands_against_it_is_said_and_nothing_is_planned(
    typed: dict[str, str], said: str, place: Place, ken: Client
) -> None:
    place.stage("v1")

    looked = ken.get("/releases/plan/", wanted(**typed))

    assert said in looked.content.decode()
    assert 'name="shown"' not in looked.content.decode()
    ken.post("/releases/plan/", wanted(**typed, shown="0" * 64))
    assert Release.objects.count() == 1


def served(place: Place, *versions: str) -> Release:
    """Have each version go the whole way to production."""
    for version in versions:
        place.bring(version, cause=CAUSE)
        place.now += HOUR
    return Release.objects.filter(deployment=PRODUCTION).latest("pk")


def test_going_back_takes_a_reason_and_asks_those_who_may_not_decide(place: Place, ken: Client) -> None:
    order = {"act": "rollback", "deployment": PRODUCTION, "reason": "購入できない"}
    assert ken.post("/releases/", order).status_code == 409
    served(place, "v1", "v2")

    assert ken.post("/releases/", {**order, "reason": ""}).status_code == 409
    answer = ken.post("/releases/", order, follow=True).content.decode()

    assert "v1 への切り戻しに承認を求めます。" in answer
    back = Release.objects.get(kind=Release.Kind.ROLLBACK)
    assert (back.artifact.label, back.decided_at) == ("v1", None)
    assert "購入できない" in answer
    twice = ken.post("/releases/", order)
    assert twice.status_code == 409
    assert f"#{back.pk}" in twice.content.decode()


def test_whoever_has_the_page_from_before_does_not_go_back_once_more(place: Place, ken: Client) -> None:
    served(place, "v1", "v2", "v3")
    asked = {"act": "rollback", "deployment": PRODUCTION, "reason": "購入できない"}
    shown = re.findall(r'name="undoes" value="([0-9]+)"', page(ken, "/releases/"))[-1]
    assert Release.objects.get(pk=shown).artifact.label == "v3"
    there = place.plan.deployments[PRODUCTION]
    orders.roll_back(there, "購入できない", place.order("nami"), place.now)
    place.work()
    assert place.serves == "v2"

    late = ken.post("/releases/", {**asked, "undoes": shown})

    assert late.status_code == 409
    assert "別の版が稼働しました" in late.content.decode()
    assert Release.objects.filter(kind=Release.Kind.ROLLBACK).count() == 1
    assert ken.post("/releases/", {**asked, "undoes": "x"}).status_code == 409


def test_an_environment_is_locked_with_a_reason_and_unlocked(place: Place, ken: Client) -> None:
    about = {"deployment": STAGING}
    assert ken.post("/releases/", {**about, "act": "lock", "reason": ""}).status_code == 409
    locked = ken.post("/releases/", {**about, "act": "lock", "reason": "棚卸し"}, follow=True)
    assert "ken: 棚卸し" in locked.content.decode()
    assert ken.post("/releases/", {**about, "act": "unlock"}, follow=True).status_code == 200
    assert not DeploymentLock.objects.exists()
    assert ken.post("/releases/", {**about, "act": "drop"}).status_code == 400


def test_a_viewer_reads_everything_and_orders_nothing(place: Place, viewer: Client) -> None:
    release = served(place, "v1")
    text = page(viewer, "/releases/")
    assert "<details" not in text[text.index("<main") : text.index("</main>")]
    assert 'name="act"' not in page(viewer, f"/releases/{release.pk}/")

    for act in ("rollback", "lock", "unlock"):
        order = {"act": act, "deployment": PRODUCTION, "reason": "x"}
        assert viewer.post("/releases/", order).status_code == 403
    assert viewer.post("/releases/plan/", wanted()).status_code == 403
    assert viewer.get("/releases/plan/", wanted()).status_code == 403
    assert viewer.post(f"/releases/{release.pk}/", {"act": "abort", "reason": "x"}).status_code == 403


def test_the_next_dates_and_the_last_drill_are_shown(place: Place, viewer: Client) -> None:
    served(place, "v1", "v2")
    assert "切り戻し訓練" in page(viewer, "/releases/")
    drill(place)
    release = Release.objects.get(kind=Release.Kind.DRILL)

    text = page(viewer, "/releases/")

    assert f'href="/releases/{release.pk}/certificate/"' in text
    assert "合格" in text


def test_every_page_is_in_english_too(place: Place, ken: Client, viewer: Client) -> None:
    release = served(place, "v1", "v2")
    drill(place)
    place.source.add("v3")
    place.stage("v3")
    paths = (
        "/releases/",
        f"/releases/{release.pk}/",
        f"/releases/{Release.objects.get(kind=Release.Kind.DRILL).pk}/",
        "/releases/plan/?environment=" + STAGING,
    )
    for path in paths:
        text = page(ken, path, headers={"Accept-Language": "en"})
        main = text[text.index("<main") : text.index("</main>")]
        found = JAPANESE.findall(re.sub(r"<[^>]*>", "\n", main))
        assert [each for each in found if each not in f"{WHOLE} {CAUSE} {REMARK}"] == [], path


def test_the_list_asks_as_much_for_many_releases_as_for_one(place: Place, viewer: Client) -> None:
    place.stage("v1")
    page(viewer, "/releases/")
    with CaptureQueriesContext(connection) as few:
        page(viewer, "/releases/")
    artifact, now = StoredArtifact.objects.get(), system_clock()
    Release.objects.bulk_create(
        Release(
            service="shop",
            environment=STAGING,
            deployment=STAGING,
            kind="regular",
            state="aborted",
            artifact=artifact,
            clause_id="c",
            ordered_by="ken",
            planned_at=now,
            ordered_at=now,
        )
        for _ in range(60)
    )

    with CaptureQueriesContext(connection) as many:
        text = page(viewer, "/releases/")

    assert len(many) <= len(few)
    assert len(few) <= 40
    assert "?page=2" in text
