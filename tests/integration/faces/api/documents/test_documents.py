"""Documents by the API: where each is, and which of them a change touches."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.chapters.documents.place import DAY, HOUR, TOKEN, Place, serving
from tests.integration.faces.api.conftest import Programs
from tests.integration.faces.web.conftest import Fixed

from toban.engine.clock import system_clock
from toban.engine.people.models import OperatorRole


@pytest.fixture
def place(tmp_path: Path, in_force: Fixed, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("WIKI_TOKEN", TOKEN)
    with serving() as wiki:
        found = Place(tmp_path, wiki, now=system_clock() - 20 * DAY)
        in_force.edition = found.edition
        yield found


def test_documents_are_listed_with_what_they_do_not_follow(program: Programs, place: Place) -> None:
    place.pass_()
    place.change()
    place.pass_(HOUR)
    reader = program(OperatorRole.VIEWER, "read:documents", name="mira")

    first = reader.get("/documents", limit=1)
    second = reader.get("/documents", limit=1, cursor=first["next"])

    (runbook,), (faq,) = first["items"], second["items"]
    assert (runbook["name"], runbook["changed_by"], runbook["is_confirmed"]) == (
        "障害対応手順書",
        "Nami",
        True,
    )
    assert [each["text"]["text"] for each in runbook["pending"]] == ["shop 1.1.0"]
    assert (faq["name"], faq["pending"], second["next"]) == ("FAQ", [], None)


def test_a_check_asks_which_documents_a_change_touches(program: Programs, place: Place) -> None:
    place.pass_()
    reader = program(OperatorRole.VIEWER, "read:documents", name="mira")

    assert [each["name"] for each in reader.get("/documents", about="web-1")["items"]] == ["障害対応手順書"]
    assert reader.get("/documents", kind="scaling")["items"] == []
    reader.get("/documents", status=422, kind="nonsense")


def test_a_token_needs_the_scope(program: Programs, place: Place) -> None:
    reader = program(OperatorRole.VIEWER, "read:status", name="mira")

    reader.get("/documents", status=403)
