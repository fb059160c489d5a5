"""The page of what scans found: worst first, narrowed, and never empty without saying what was not seen."""

import json
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from tests.integration.chapters.vulnerabilities.place import CRITICAL, DAY, Place
from tests.integration.faces.web.conftest import Fixed, SignIn
from tests.unit.chapters.vulnerabilities.imported.reports import openvex, trivy, written
from tests.unit.chapters.vulnerabilities.mirrors import advisory

from toban.chapters.vulnerabilities.imported import taking
from toban.engine.approvals.answers import Giver
from toban.engine.clock import system_clock
from toban.engine.people.models import OperatorRole


@pytest.fixture
def place(tmp_path: Path, in_force: Fixed, db: None) -> Place:
    found = Place(tmp_path, now=system_clock() - 20 * DAY)
    found.know(
        advisory("CVE-2026-1", "lib", "2.0", severity=CRITICAL, modified=found.now.isoformat()),
        advisory(
            "GHSA-<b>", "other", "", summary="<script>alert(1)</script>", modified=found.now.isoformat()
        ),
    )
    found.install("lib==1.0", "other==1.0")
    in_force.edition = found.edition
    return found


@pytest.fixture
def developer(sign_in: SignIn, place: Place) -> Client:
    return sign_in(OperatorRole.DEVELOPER)


def page(client: Client, query: str = "", *, language: str = "ja") -> str:
    client.cookies["django_language"] = language
    answer = client.get(f"/vulnerabilities/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_before_the_first_scan_nothing_is_claimed(developer: Client) -> None:
    assert "まだスキャンしていません" in page(developer)
    assert "残っている脆弱性はありません" not in page(developer)


def test_the_worst_comes_first_with_its_fix_owner_and_due_date(developer: Client, place: Place) -> None:
    place.scan()

    shown = unescape(page(developer))

    assert shown.index("CVE-2026-1") < shown.index("GHSA-<b>")
    assert "2.0" in shown
    assert "開発担当者" in shown
    assert f"{place.now + 7 * DAY:■ %Y-%m-%d}" in shown
    assert "jvndb.jvn.jp" in shown


def test_what_an_advisory_says_is_no_markup(developer: Client, place: Place) -> None:
    place.scan()

    assert "<script>alert(1)" not in page(developer)
    assert "&lt;script&gt;alert(1)" in page(developer)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?rating=critical", {"CVE-2026-1"}),
        ("?rating=unknown", {"GHSA-<b>"}),
        ("?fixable=1", {"CVE-2026-1"}),
        ("?inventory=shop", {"CVE-2026-1", "GHSA-<b>"}),
        ("?rating=odd&page=99", {"CVE-2026-1", "GHSA-<b>"}),
    ],
)
def test_it_is_narrowed(developer: Client, place: Place, query: str, names: set[str]) -> None:
    place.scan()

    shown = unescape(page(developer, query))

    assert {name for name in ("CVE-2026-1", "GHSA-<b>") if name in shown} == names


def test_an_inventory_that_is_not_bound_is_refused_with_those_there_are(
    developer: Client, place: Place
) -> None:
    place.scan()

    answer = developer.get("/vulnerabilities/?inventory=sh%3Cb%3Ep")
    shown = answer.content.decode()

    assert answer.status_code == 404
    assert "sh&lt;b&gt;p" in shown
    assert "あるのは" in shown
    assert "残っている脆弱性はありません" not in shown


def test_what_is_exploited_stands_first_and_says_since_when(developer: Client, place: Place) -> None:
    entry = {"cveID": "GHSA-<b>", "dateAdded": "2026-11-20"}
    catalog = place.folder / "osv/known_exploited_vulnerabilities.json"
    catalog.write_text(json.dumps({"vulnerabilities": [entry]}))
    place.scan()

    shown = unescape(page(developer))

    assert shown.index("GHSA-<b>") < shown.index("CVE-2026-1")
    assert "悪用を確認 2026-11-20" in shown
    assert "Exploited, known since 2026-11-20" in page(developer, language="en")


def test_gaps_stand_before_an_empty_list(developer: Client, place: Place) -> None:
    place.install("lib==2.0", "odd==what")
    place.scan()

    shown = page(developer, language="en")

    assert "odd what" in shown
    assert "nobody can say that there are no vulnerabilities" in shown
    assert "Of what could be looked at, nothing is open." in shown


def test_without_bindings_it_says_what_to_write(developer: Client, place: Place, in_force: Fixed) -> None:
    place.take("[advisories]\nfolder = 'osv'\n")
    in_force.edition = place.edition

    assert "[inventory.名前]" in page(developer)


def test_strangers_are_sent_to_sign_in(client: Client, place: Place) -> None:
    assert client.get("/vulnerabilities/").status_code == 302


def taken_in(place: Place, report: dict[str, Any]) -> None:
    taking.take(
        written(report), "shop", "", by=Giver(None, shell_user="ops"), edition=place.edition, now=place.now
    )


def test_what_others_found_stands_with_its_source_and_what_is_closed_with_its_reason(
    developer: Client, place: Place
) -> None:
    place.scan()
    taken_in(place, trivy({"VulnerabilityID": "py/<b>", "PkgName": "<i>", "PkgIdentifier": {}}))
    taken_in(place, openvex({"justification": "<script>alert(2)</script>"}))

    shown = page(developer)

    assert "検出元 trivy" in shown
    assert "py/<b>" not in shown
    assert "VEX により対応不要とされた脆弱性" in shown
    assert "not_affected: &lt;script&gt;alert(2)" in shown
    assert "Example Security" in shown


def test_the_page_has_no_japanese_marks_in_english(developer: Client, place: Place) -> None:
    place.install("lib==1.0", "odd==what", "strange==who")
    place.scan()
    taken_in(place, trivy({"VulnerabilityID": ""}, {"VulnerabilityID": ""}))

    assert "、" not in page(developer, language="en")
