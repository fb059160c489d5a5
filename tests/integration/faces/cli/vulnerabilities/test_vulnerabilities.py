"""`toban vulnerabilities`: what is open, and before it what could not be looked at."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.integration.chapters.vulnerabilities.place import CRITICAL, DAY, Place
from tests.registered import PARTS
from tests.unit.chapters.vulnerabilities.mirrors import advisory

from toban.faces.cli.vulnerabilities import vulnerabilities

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    found = Place(tmp_path)
    found.know(advisory("CVE-2026-1", "lib", "2.0", severity=CRITICAL), advisory("GHSA-2", "other", ""))
    found.install("lib==1.0", "other==1.0")
    monkeypatch.setattr(vulnerabilities, "edition_of", lambda _parts: found.edition)
    return found


def toban(*arguments: str) -> Result:
    return CliRunner().invoke(vulnerabilities.command, arguments, obj=PARTS)


def test_the_worst_comes_first(place: Place) -> None:
    place.scan()

    done = toban()

    assert done.exit_code == 0
    scanned, first, second = done.output.splitlines()
    assert "パッケージ2件" in scanned
    assert first.startswith("緊急 CVE-2026-1 lib 1.0 (修正版 2.0) shop 担当 開発担当者")
    assert "評価なし GHSA-2 other 1.0 (修正版はまだありません)" in second


def test_what_is_exploited_comes_first_and_says_since_when(place: Place) -> None:
    entry = {"cveID": "GHSA-2", "dateAdded": "2026-11-20"}
    catalog = place.folder / "osv/known_exploited_vulnerabilities.json"
    catalog.write_text(json.dumps({"vulnerabilities": [entry]}))
    place.scan()

    assert "GHSA-2 (悪用を確認 2026-11-20) other 1.0" in toban().output.splitlines()[1]
    assert (
        json.loads(toban("--format", "json").output)["vulnerabilities"][0]["exploited_since"] == "2026-11-20"
    )


def test_gaps_are_told_before_an_empty_list(place: Place) -> None:
    place.install("odd==what")
    place.scan()

    _scanned, gap, none = toban().output.splitlines()

    assert gap.startswith("? shop: パッケージ1件を調べられません")
    assert none == "調べた範囲には、該当なし"


def test_before_the_first_scan_that_is_said(place: Place) -> None:
    assert toban().output == "まだスキャンしていません\n"


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("--rating", "critical"), ["CVE-2026-1"]),
        (("--fixable",), ["CVE-2026-1"]),
        (("--inventory", "shop"), ["CVE-2026-1", "GHSA-2"]),
    ],
)
def test_it_is_narrowed_and_read_by_programs(
    place: Place, arguments: tuple[str, ...], names: list[str]
) -> None:
    place.scan()

    found = json.loads(toban("--format", "json", *arguments).output)

    assert [each["name"] for each in found["vulnerabilities"]] == names
    assert [(each["name"], each["packages"]) for each in found["inventories"]] == [("shop", 2)]
    assert found["gaps"] == []


def test_the_due_date_follows_from_the_limit(place: Place) -> None:
    place.scan()

    first, second = json.loads(toban("--format", "json").output)["vulnerabilities"]

    assert datetime.fromisoformat(first["due_at"]) == place.now + 7 * DAY
    assert second["due_at"] is None


def test_a_misspelt_inventory_is_refused(place: Place) -> None:
    place.scan()

    done = toban("--inventory", "shpo", "--format", "json")

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "[inventory] に shpo はありません\nHINT: あるのは: shop\n"
