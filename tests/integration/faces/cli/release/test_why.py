"""`toban why release/12`: how a release went, and what proves its way."""

import pytest
from tests.integration.chapters.release.conftest import shop
from tests.integration.chapters.release.rows.conftest import place
from tests.integration.chapters.release.rows.place import Place
from tests.integration.chapters.release.rows.test_drills import drill
from tests.integration.chapters.release.shop import HOUR
from tests.registered import PARTS

from toban.chapters.release.models import Release
from toban.faces.cli.release import why_release

pytestmark = pytest.mark.django_db
__all__ = ["place", "shop"]


def said(name: str) -> str:
    found = why_release.answer(PARTS, name)
    assert found is not None
    return "\n".join(map(str, found.lines))


@pytest.fixture(autouse=True)
def kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(why_release, "kept_edition", lambda _parts, _home: place.edition)


def test_a_release_says_how_it_stands_at_each_step(place: Place) -> None:
    release = place.bring("v1")

    told = said(f"release/{release.pk}")
    assert told.count("[証跡あり]") == 6
    assert "5. 動作確認 (手動) [証跡あり] 開発担当者 が動作確認しました" in told
    found = why_release.answer(PARTS, f"release/{release.pk}")
    assert found is not None
    steps = found.values["steps"]
    assert isinstance(steps, list)
    assert [each["evidence"] for each in steps] == ["given"] * 6


def test_a_drill_says_what_it_verified(place: Place) -> None:
    place.bring("v1")
    place.now += HOUR
    place.bring("v2")
    drill(place)
    release = Release.objects.get(kind=Release.Kind.DRILL)

    assert "文書の時間内に戻る [合格] 0.0" in said(f"release/{release.pk}")


@pytest.mark.parametrize("name", ["release/0", "release/x", "release", "12", "v1"])
def test_no_other_name_is_answered(place: Place, name: str) -> None:
    place.bring("v1")

    assert why_release.answer(PARTS, name) is None
    assert "release/" in str(why_release.known(PARTS))
