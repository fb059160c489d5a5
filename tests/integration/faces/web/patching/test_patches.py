"""The page of patches: the plan, how far each host is, and the runs before."""

from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from tests.integration.chapters.patching import told
from tests.integration.chapters.patching.place import Place
from tests.integration.faces.web.conftest import Fixed, SignIn

from toban.engine.people.models import OperatorRole


@pytest.fixture
def place(tmp_path: Path, in_force: Fixed, db: None) -> Place:
    found = told.place(tmp_path)
    in_force.edition = found.edition
    return found


@pytest.fixture
def developer(sign_in: SignIn, place: Place) -> Client:
    return sign_in(OperatorRole.DEVELOPER)


def page(client: Client, query: str = "", *, language: str = "ja") -> str:
    client.cookies["django_language"] = language
    answer = client.get(f"/patches/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_before_the_first_plan_nothing_is_claimed(developer: Client) -> None:
    shown = page(developer)

    assert "まだ計画がありません" in shown
    assert "web-1, web-2, web-3" in shown


def test_each_host_shows_its_plan_and_how_far_it_is(developer: Client, place: Place) -> None:
    run = told.told(place)

    shown = unescape(page(developer))

    assert f'href="/runs/{run.pk}"' in shown
    for word in ("curl", "1.0 → 1.1", "CVE-2026-1", "nginx 1.0 → 1.1", "cron.service", "no way there"):
        assert word in shown
    assert "it does not answer" in shown
    assert "正常を確認" in shown
    rows = [shown.index(f'<th scope="row">{name}') for name in ("web-1", "web-2", "web-3")]
    assert rows == sorted(rows)


def test_what_a_host_says_is_no_markup(developer: Client, place: Place) -> None:
    told.told(place)

    assert "lib<b>" not in page(developer)
    assert "lib&lt;b&gt;" in page(developer)


def test_it_is_there_in_english_and_an_odd_run_is_the_newest(developer: Client, place: Place) -> None:
    told.told(place)

    shown = page(developer, "?run=odd", language="en")

    assert "Left out" in shown
    assert "restart" in shown.lower()
    assert "ホスト" not in shown


def test_without_bindings_it_says_what_to_write(developer: Client, place: Place, in_force: Fixed) -> None:
    place.take("")
    in_force.edition = place.edition

    assert "[patching.名前]" in page(developer)


def test_strangers_are_sent_to_sign_in(client: Client, place: Place) -> None:
    assert client.get("/patches/").status_code == 302
