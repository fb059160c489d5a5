"""`toban vulnerabilities`: what is open, and before it what could not be looked at."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.integration.chapters.vulnerabilities.place import CRITICAL, DAY, Place
from tests.registered import PARTS
from tests.unit.chapters.vulnerabilities.imported.reports import openvex, trivy, written
from tests.unit.chapters.vulnerabilities.mirrors import advisory

from toban.faces.cli.vulnerabilities import reports, vulnerabilities

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    found = Place(tmp_path)
    found.know(advisory("CVE-2026-1", "lib", "2.0", severity=CRITICAL), advisory("GHSA-2", "other", ""))
    found.install("lib==1.0", "other==1.0")
    for module in (vulnerabilities, reports):
        monkeypatch.setattr(module, "edition_of", lambda _parts: found.edition)
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


def test_a_report_is_taken_in_from_a_file_and_named_as_the_source(place: Place, tmp_path: Path) -> None:
    place.scan()
    file = tmp_path / "trivy.json"
    file.write_bytes(written(trivy({}, {"VulnerabilityID": "CVE-2026-9"}, {"VulnerabilityID": ""})))

    done = toban("import", str(file), "--inventory", "shop")

    told, gap = done.output.splitlines()
    assert told.startswith("trivy → shop: 検出 2 件、新規 1 件")
    assert gap.startswith("? trivy に、パッケージか名前が分からず")
    assert "shop (検出元 toban、trivy)" in toban().output
    values = json.loads(toban("--format", "json").output)
    assert [each["source"] for each in values["reports"]] == ["trivy"]


def test_statements_close_and_what_they_close_is_counted(place: Place, tmp_path: Path) -> None:
    place.scan()
    file = tmp_path / "vex.json"
    file.write_bytes(written(openvex({})))

    assert "対応不要 1 件" in toban("import", str(file), "--inventory", "shop").output
    assert "VEX の表明により対応不要: 1 件" in toban().output
    assert (
        json.loads(toban("--format", "json").output)["closed"][0]["closing"]["source"] == "Example Security"
    )

    done = toban("forget", "Example Security", "--inventory", "shop", "--reason", "withdrawn")
    assert "再び対応必要 1 件" in done.output


@pytest.mark.parametrize(
    ("arguments", "content", "said"),
    [
        (("--inventory", "shpo"), b"{}", "[inventory] に shpo はありません"),
        (("--inventory", "shop"), b"{", "JSON ではありません"),
        (("--inventory", "shop"), b"{}", "読めるレポートではありません"),
    ],
)
def test_a_file_that_is_no_report_is_refused_with_a_way_out(
    place: Place, tmp_path: Path, arguments: tuple[str, ...], content: bytes, said: str
) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(content)

    done = toban("import", str(file), *arguments)

    assert (done.exit_code, done.stdout) == (1, "")
    assert said in done.stderr
    assert "HINT: " in done.stderr


def test_what_others_found_is_listed_before_the_first_scan(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "trivy.json"
    file.write_bytes(written(trivy({})))
    toban("import", str(file), "--inventory", "shop")

    first, second = toban().output.splitlines()

    assert first == "まだスキャンしていません"
    assert second.startswith("緊急 CVE-2026-1 lib 1.0")
