"""What proves the rows of chapter 5, as pages: the steps of a release, a drill and its certificate, DORA."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader
from tests.integration.chapters.release.rows.place import FLOW_ROW, ROLLBACK, Place
from tests.integration.chapters.release.rows.test_drills import drill
from tests.integration.chapters.release.shop import HOUR, STAGING
from tests.integration.faces.web.conftest import Fixed

from toban.chapters.release.models import Release
from toban.engine.people.models import Operator, OperatorRole


@pytest.fixture
def place(tmp_path: Path, settings: Any, in_force: Fixed) -> Place:
    settings.HOME = tmp_path
    for name in ("nami", "ken", "mio"):
        Operator.objects.create_user(name, f"{name}@example.com", operator_role=OperatorRole.DEVELOPER)
    place = Place(tmp_path)
    in_force.edition = place.edition
    return place


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_a_release_shows_its_steps_with_their_evidence(place: Place, viewer: Client) -> None:
    release = place.bring("v1")

    shown = page(viewer, f"/releases/{release.pk}/")
    assert shown.count('<span class="mark" aria-hidden="true">●</span> ') >= 6
    assert "動作確認 (手動)" in shown
    assert "開発担当者 が動作確認しました" in shown
    staged = Release.objects.get(deployment=STAGING)
    assert f'<a href="/releases/{staged.pk}/">→</a>' in shown
    assert f"#{release.pk} v1" in page(viewer, f"/clauses/{FLOW_ROW}")


def test_a_drill_is_shown_and_certified(place: Place, viewer: Client) -> None:
    place.bring("v1")
    place.now += HOUR
    place.bring("v2")
    run = drill(place)
    place.tell()
    release = Release.objects.get(kind=Release.Kind.DRILL)

    shown = page(viewer, f"/releases/{release.pk}/")
    assert f'href="/releases/{release.pk}/certificate/"' in shown
    assert "文書の時間内に戻る" in shown
    assert f'href="/releases/{release.pk}/"' in page(viewer, reverse("run", args=[run.pk]))
    answer = viewer.get(f"/releases/{release.pk}/certificate/")
    if answer.status_code == 503:
        pytest.skip(answer.content.decode())
    text = "".join(each.extract_text() for each in PdfReader(BytesIO(answer.content)).pages)
    assert "切り戻し訓練の証明書" in text
    assert "合格" in text
    assert viewer.get("/releases/1/certificate/").status_code == 404
    assert f"/releases/{release.pk}/" in page(viewer, f"/clauses/{ROLLBACK}")


def test_the_figures_of_a_month_say_when_they_rest_on_little(place: Place, viewer: Client) -> None:
    place.bring("v1")

    shown = page(viewer, "/releases/")
    assert "変更失敗率" in shown
    assert "リリースが 0 件だけ" in shown
