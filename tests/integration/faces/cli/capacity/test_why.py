"""`toban why Webサーバー`: what the rules about a group decided last, and what came of it."""

import json

import pytest
from tests.integration.chapters.capacity.conftest import began, place
from tests.integration.chapters.capacity.place import BINDINGS, WEB, Place
from tests.registered import PARTS

from toban.engine.modes.rules import Mode
from toban.faces.cli.capacity import why_group
from toban.text import printable_json

pytestmark = pytest.mark.django_db
__all__ = ["began", "place"]


@pytest.fixture(autouse=True)
def kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(why_group, "kept_edition", lambda _parts, _home: place.edition)


def test_a_group_says_why_it_was_scaled(place: Place) -> None:
    place.mode(Mode.ACT)
    place.load(*[85.0] * 31)
    place.look()
    place.work()

    found = why_group.answer(PARTS, WEB)

    assert found is not None
    told = "\n".join(map(str, found.lines))
    assert "CPU使用率70%が30分継続 → Webサーバー/APIサーバー1台追加 (運用設計書.md:" in told
    assert "平均 85.0%、しきい値 70%" in told
    assert f"#{place.runs()[0].pk}" in told
    (rule,) = json.loads(printable_json(found.values))["rules"]
    assert (rule["outcome"], rule["run_state"], rule["wanted"]) == ("scale", "done", 2)


def test_a_group_says_why_it_was_not(place: Place) -> None:
    place.load(*[30.0] * 31)
    place.look()

    found = why_group.answer(PARTS, WEB)

    assert found is not None
    assert "条件は成り立っていない: 平均 30.0%、しきい値 70%" in "\n".join(map(str, found.lines))


@pytest.mark.parametrize("name", ["Web", f"scale/{WEB}", "Webサーバー台数", ""])
def test_no_other_name_is_answered(name: str) -> None:
    assert why_group.answer(PARTS, name) is None
    assert WEB in str(why_group.known(PARTS))


def test_without_a_group_none_is_named(place: Place) -> None:
    place.take(BINDINGS.partition("[scaling.")[0])

    assert why_group.answer(PARTS, WEB) is None
    assert not why_group.known(PARTS)
