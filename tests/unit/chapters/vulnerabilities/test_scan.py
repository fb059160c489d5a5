"""What a scan comes to, and what it could not look at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.chapters.vulnerabilities.mirrors import advisory, mirror

from toban.chapters.vulnerabilities.advisories.mirror import read_mirror
from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.chapters.vulnerabilities.judging import (
    FoundVulnerability,
    LastScan,
    OpenVulnerabilities,
    ScanState,
    judge,
)
from toban.chapters.vulnerabilities.package import Inventory, Package
from toban.chapters.vulnerabilities.scan import Scanned, scan, wanted
from toban.engine.evidence.verdict import Verdict
from toban.message import Message, plain

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WEEK = 7 * DAY
LIB = Package("PyPI", "lib", "1.0")


def scanned(
    folder: Path,
    *packages: Package,
    taken_at: datetime | None = NOON,
    unknown: tuple[str, ...] = (),
    now: datetime = NOON,
) -> Scanned:
    inventories = {"web": Inventory(packages, taken_at, unknown)}
    return scan(inventories, {}, read_mirror(folder, wanted(inventories), now), now, WEEK)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return mirror(tmp_path, "PyPI", [advisory("CVE-2026-1", "lib", "2.0")])


def test_everything_that_could_be_looked_up_leaves_no_gap(folder: Path) -> None:
    found = scanned(folder, LIB, Package("PyPI", "other", "1.0"))

    assert [each.name for each in found.found["web"]] == ["CVE-2026-1"]
    assert not found.gaps
    assert (found.packages, found.compared) == (2, 1)


def test_two_binary_packages_of_one_source_are_looked_up_once(tmp_path: Path) -> None:
    mirror(tmp_path, "Debian:12", [advisory("CVE-1", "curl", "8", ecosystem="Debian:12")])
    packages = [Package("Debian:12", "curl", "7", name) for name in ("curl", "libcurl4")]

    found = scanned(tmp_path, *packages)

    assert len(found.found["web"]) == 1


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        ({"now": datetime(2026, 12, 2, tzinfo=UTC)}, "PyPI の脆弱性情報は"),
        ({"taken_at": NOON - 8 * DAY}, "web: 一覧が"),
        ({"taken_at": None}, "web: 一覧がいつ作られたか分かりません"),
        ({"unknown": ("pkg:generic/a@1",)}, "web: パッケージ1件を調べられません (pkg:generic/a@1 …)"),
    ],
)
def test_old_data_an_old_list_and_unknown_packages_are_gaps(
    folder: Path, gap: dict[str, object], said: str
) -> None:
    found = scanned(folder, LIB, **gap)  # type: ignore[arg-type]

    assert any(said in str(each) for each in found.gaps)


def test_an_ecosystem_without_advisories_is_a_gap_with_its_packages_counted(folder: Path) -> None:
    found = scanned(folder, LIB, Package("npm", "a", "1.0.0"), Package("npm", "b", "1.0.0"))

    (gap,) = found.gaps
    assert "npm の脆弱性情報がありません (パッケージ2件を調べられません)" in str(gap)


def test_a_version_that_can_not_be_compared_is_a_gap(folder: Path) -> None:
    (gap,) = scanned(folder, Package("PyPI", "lib", "what?")).gaps

    assert str(gap) == "web: パッケージ1件を調べられません (lib what? …)"


def test_an_inventory_that_could_not_be_read_is_a_gap(folder: Path) -> None:
    found = scan({}, {"web": plain("no route")}, read_mirror(folder, wanted({}), NOON), NOON, WEEK)

    assert [str(each) for each in found.gaps] == ["web: no route"]


OPEN = OpenVulnerabilities({Rating.CRITICAL: 1})
HIGH = OpenVulnerabilities({Rating.HIGH: 1})
LATE = replace(
    OPEN,
    late_count=1,
    late=(FoundVulnerability("CVE-1", "lib", "web", Rating.CRITICAL, "2.0", NOON - WEEK),),
)
LAST = LastScan(7, NOON - DAY, 12, ())


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (ScanState(None), Verdict.NOT_DUE),
        (ScanState(LAST), Verdict.CONFORMING),
        (ScanState(LAST, OPEN), Verdict.CONFORMING),
        (ScanState(LAST, LATE), Verdict.DEVIATING),
        (ScanState(LAST, HIGH), Verdict.CONFORMING),
        (ScanState(LastScan(7, NOON, 12, (plain("gap"),))), Verdict.NOT_MEASURABLE),
        (ScanState(LastScan(7, NOON, 12, (plain("gap"),)), LATE), Verdict.DEVIATING),
        (ScanState(LAST, failure=plain("broke")), Verdict.DEVIATING),
        (ScanState(LAST, failure=plain("missed"), was_missed=True), Verdict.NOT_PERFORMED),
    ],
)
def test_the_verdict(state: ScanState, verdict: Verdict) -> None:
    assert judge(state).verdict is verdict


def test_what_is_late_is_named_with_what_was_not_looked_at() -> None:
    state = ScanState(LastScan(7, NOON, 12, (plain("a"), plain("b"))), LATE)

    said = judge(state)

    assert "web の lib に CVE-1" in str(said.reason)
    assert "すべては調べられていません: a、ほか1件" in str(said.reason)
    assert said.value == Message("vulnerabilities.open-counts", critical=1, high=0, other=0)


def test_an_empty_list_with_a_gap_is_not_called_free_of_vulnerabilities() -> None:
    gap = judge(ScanState(LastScan(7, NOON, 12, (plain("gap"),))))
    whole = judge(ScanState(LAST))

    assert (gap.value, whole.value) == (
        Message("vulnerabilities.none-seen"),
        Message("vulnerabilities.none-open"),
    )
