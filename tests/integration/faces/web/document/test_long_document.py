"""The page of a long document: small at once, and everything about its rows when the reader comes to them."""

import re
from pathlib import Path

import pytest
from django.test import Client
from tests.integration.faces.web.conftest import Fixed
from tests.large import clauses_of, document_of
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.evidence.status import StatusUpdate, show
from toban.engine.evidence.verdict import Verdict
from toban.message import plain

ROWS = 1000
LAST = "monitoring/monitor/host-0999/CPU使用率"


@pytest.fixture
def digest(in_force: Fixed) -> str:
    """Put a document of many monitors in force, all of which have just turned critical."""
    bindings = read_bindings("", Path("toban.toml"), schema())
    in_force.edition = Edition(read_design(document_of(ROWS), "運用設計書.md"), bindings)
    for verdict in (Verdict.CONFORMING, Verdict.DEVIATING):
        now, value, reason = system_clock(), plain("91%"), plain("異常の 85% に達しています")
        show([StatusUpdate(each, verdict, value, reason, now) for each in clauses_of(ROWS)], now, "digest")
    return in_force.edition.design.digest


def test_a_thousand_rows_are_a_small_page_in_a_storm_too(viewer: Client, digest: str) -> None:
    page = viewer.get("/").content

    assert digest[:12].encode() in page
    assert len(page) <= 300_000
    assert len(re.findall(rb"<[a-z]", page)) <= 13_000


def test_every_row_is_read_and_followed_without_scripts(viewer: Client, digest: str) -> None:
    page = viewer.get("/").content.decode()

    last = page[page.index("<td>host-0999") :]
    assert digest[:12] in page
    assert f'<a class="verdict deviating" href="/clauses/{LAST}">■ 逸脱</a>' in last
    assert viewer.get(f"/clauses/{LAST}").status_code == 200


def test_the_rest_about_rows_comes_by_groups(viewer: Client, digest: str) -> None:
    groups = re.findall(r'<tbody class="later" data-rows="(\d+)">', viewer.get("/").content.decode())
    parts = [viewer.get(f"/rows/{digest}/{each}").content.decode() for each in groups]

    assert [int(each) for each in groups] == list(range(len(groups)))
    found = [each for part in parts for each in re.findall(r'data-clause="([^"]+)"', part)]
    assert found == clauses_of(ROWS)[-len(found) :]
    assert "異常の 85% に達しています" in parts[-1]


def test_another_version_has_other_rows(viewer: Client, digest: str) -> None:
    assert viewer.get(f"/rows/{'0' * len(digest)}/0").status_code == 404
    assert viewer.get(f"/rows/{digest}/999").status_code == 404


def test_all_of_it_can_be_had_at_once(viewer: Client, digest: str) -> None:
    page = viewer.get("/?whole=1").content.decode()

    assert digest[:12] in page
    assert page.count("data-clause=") == ROWS
    assert 'class="later"' not in page


def test_a_short_document_is_whole(viewer: Client) -> None:
    page = viewer.get("/").content.decode()

    assert 'class="later"' not in page
    assert "?whole=1" not in page
