"""The page of differences, and the row's own page, in both languages."""

from dataclasses import replace
from html import unescape

import pytest
from django.test import Client
from tests.integration.engine.drift.conftest import moto, place
from tests.integration.engine.drift.place import ACCESS, HOUR, Place
from tests.integration.faces.web.conftest import Fixed
from tests.registered import PARTS

from toban.engine.bindings.load import read_bindings
from toban.faces.document.address import evidence_address
from toban.faces.web.document import pages
from toban.faces.web.drift import drift, proof

__all__ = ["moto", "place"]


@pytest.fixture(autouse=True)
def shown(place: Place, in_force: Fixed, monkeypatch: pytest.MonkeyPatch) -> None:
    in_force.edition = place.edition
    for module in (drift, proof, pages):
        monkeypatch.setattr(module, "system_clock", lambda: place.now)


def page(client: Client, path: str, **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_the_page_shows_every_setting_and_the_change_of_the_document(place: Place, viewer: Client) -> None:
    place.keep_logs(30)
    place.look()

    said = page(viewer, "/drift/")

    assert said.count('<tr class="row">') == 4
    assert "■ 差あり" in said
    assert place.group in said
    assert "+| アクセスログ | HTTPリクエスト | CloudWatch Logs | 30日 |" in said
    assert f"toban drift --apply '{ACCESS}'" in said


def test_the_page_is_in_english_too(place: Place, viewer: Client) -> None:
    place.keep_logs(30)
    place.look()

    said = page(viewer, "/drift/", **{"accept-language": "en"})

    assert "■ Different" in said
    assert "Proposal for the document" in said


def test_the_row_says_what_reality_is_and_when_it_changed(place: Place, viewer: Client) -> None:
    place.look()
    place.keep_logs(30)
    place.look(HOUR)

    said = page(viewer, evidence_address(ACCESS))

    assert "ログの保存期間: 文書 90日、実際は 30日" in said
    assert "実際の設定は 90日でした" in said.replace("90日 でした", "90日でした")
    assert "-| アクセスログ | HTTPリクエスト | CloudWatch Logs | 90日 |" in said


def test_where_nothing_differs_the_document_is_not_read_for_a_proposal(place: Place, viewer: Client) -> None:
    place.look()
    place.document.unlink()

    for path in ("/drift/", evidence_address(ACCESS)):
        said = page(viewer, path)
        assert "文書 90日、実際 90日" in said or "● 一致" in said
        assert 'role="alert"' not in said


def test_the_living_document_marks_the_row_and_no_other(place: Place, viewer: Client) -> None:
    place.look()
    assert 'small class="drift"' not in page(viewer, "/")
    place.keep_logs(30)
    place.look(HOUR)

    said = page(viewer, "/")

    assert said.count('<small class="drift">≠ ログの保存期間: 実際は 30日</small>') == 1
    assert "ログの保存期間が文書 (90日) と違います。実際は 30日 です" in said


def test_a_row_that_is_not_compared_shows_nothing_of_it(viewer: Client) -> None:
    assert "文書と実際の設定" not in page(viewer, evidence_address("logs/log-kind/エラーログ"))


def test_without_anything_to_compare_the_page_says_how_to_fill_it(
    place: Place, in_force: Fixed, viewer: Client
) -> None:
    empty = read_bindings("", place.folder / "toban.toml", PARTS.schema)
    in_force.edition = replace(place.edition, bindings=empty)

    assert "比べられる設定がまだありません" in page(viewer, "/drift/")
