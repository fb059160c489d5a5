"""The rows that order a scan, as they should be and as they should not, on the real ledger."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.integration.chapters.vulnerabilities.place import (
    CRITICAL,
    DAY,
    ROUTINE_ROW,
    SECURITY_ROW,
    TUESDAY,
    Place,
)
from tests.unit.chapters.vulnerabilities.mirrors import advisory

from toban.chapters.vulnerabilities.inventories.arrivals import MOST, newest, receive
from toban.chapters.vulnerabilities.models import InventoryReading, Vulnerability, VulnerabilityScan
from toban.chapters.vulnerabilities.operation import OPERATION
from toban.chapters.vulnerabilities.package import Inventory, Package
from toban.chapters.vulnerabilities.report import open_now
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.models import Alert
from toban.engine.runs.models import Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    found.know(advisory("CVE-2026-1", "lib", "2.0", severity=CRITICAL))
    return found


def test_before_the_first_wednesday_nothing_is_due(place: Place) -> None:
    place.tell()

    assert place.verdict() is Verdict.NOT_DUE
    assert ClauseStatus.objects.get(clause_id=ROUTINE_ROW).next_due is not None


def test_one_scan_proves_both_rows(place: Place) -> None:
    place.scan()

    assert (place.verdict(), place.verdict(SECURITY_ROW)) == (Verdict.CONFORMING, Verdict.CONFORMING)
    assert place.value() == "緊急1 重要0 その他0"
    assert "運用設計書.md:16 と同じ" in place.said(SECURITY_ROW)
    assert len(place.runs()) == 1
    entry = LedgerEntry.objects.get(content__event="vulnerabilities-scanned")
    assert entry.content["found"] == 1
    assert place.edition.plan(OPERATION).rows.keys() == {ROUTINE_ROW, SECURITY_ROW}


def test_what_is_not_mended_in_time_deviates_until_a_scan_finds_it_no_more(place: Place) -> None:
    place.scan()
    place.pass_(7 * DAY)
    place.tell()

    assert place.verdict() is Verdict.DEVIATING
    assert "shop の lib に CVE-2026-1" in place.said()
    assert place.alerts() == ["lib の CVE-2026-1"]

    place.know(advisory("CVE-2026-1", "lib", "2.0", severity=CRITICAL, modified=place.now.isoformat()))
    place.install("lib==2.0")
    place.scan()

    assert place.verdict() is Verdict.CONFORMING
    assert place.alerts() == []
    found = Vulnerability.objects.get()
    assert found.ended_at == place.now
    assert VulnerabilityScan.objects.latest("at").ended == 1


@pytest.mark.parametrize(
    ("terms", "is_late"),
    [('high = "7日"', True), ('high = "7日"\nunrated = "30日"', False), ('critical = "1日"', False)],
)
def test_what_nobody_rated_is_mended_as_soon_as_what_is_high(
    place: Place, terms: str, *, is_late: bool
) -> None:
    place.take(place.bindings.replace('critical = "7日"', terms))
    place.know(advisory("CVE-2026-1", "lib", "2.0"))
    place.scan()
    place.pass_(8 * DAY)
    place.know(advisory("CVE-2026-1", "lib", "2.0", modified=place.now.isoformat()))
    place.scan()

    assert (place.verdict() is Verdict.DEVIATING) is is_late


def test_a_scan_by_old_advisories_says_nothing(place: Place) -> None:
    place.pass_(14 * DAY)
    place.scan()

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert "PyPI の脆弱性情報は" in place.said()
    assert "日前です" in place.said()
    assert "ほか0件" not in place.said()
    assert place.alerts() == ["脆弱性スキャン"]


def test_the_alert_of_a_scan_that_says_nothing_stays_the_same_one(place: Place) -> None:
    place.pass_(14 * DAY)
    place.scan()
    place.tell()
    place.tell()

    assert [str(each.subject) for each in Alert.objects.filter(condition="no-data")] == ["脆弱性スキャン"]
    assert place.alerts() == ["脆弱性スキャン"]


def test_a_package_that_can_not_be_looked_up_is_named(place: Place) -> None:
    place.install("lib==1.0", "odd==what")
    place.scan()

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert "odd what" in place.said()
    assert Vulnerability.objects.count() == 1


def test_a_package_that_can_not_be_compared_any_more_ends_nothing(place: Place) -> None:
    place.scan()
    place.install("lib==built-by-hand")
    place.know(advisory("CVE-2026-1", "lib", "2.0", severity=CRITICAL, modified="2026-12-01T00:00:00Z"))
    place.scan()

    assert Vulnerability.objects.open().count() == 1


def test_a_list_that_can_not_be_read_ends_nothing(place: Place) -> None:
    place.scan()
    (place.folder / "requirements.txt").unlink()
    place.know(advisory("CVE-2026-1", "lib", "2.0", severity=CRITICAL, modified="2026-12-01T00:00:00Z"))
    place.scan()

    assert Vulnerability.objects.open().count() == 1
    assert "requirements.txt を読めません" in place.said()
    reading = InventoryReading.objects.get()
    assert len(reading.packages) == 1
    assert reading.trouble


def test_an_archive_that_is_gone_ends_nothing(place: Place) -> None:
    place.scan()
    (place.folder / "osv/PyPI/all.zip").unlink()
    place.scan()

    assert Vulnerability.objects.open().count() == 1
    assert place.verdict() is Verdict.DEVIATING
    assert "すべては調べられていません" in place.said()


def test_a_scan_is_announced_once_by_the_matrix(place: Place) -> None:
    place.scan()
    place.tell()

    told = Alert.objects.get(condition="info")
    assert str(told.subject) == "脆弱性スキャン"
    assert str(told.value) == "緊急1 重要0 その他0"


def test_a_scan_that_was_missed_is_not_performed(place: Place) -> None:
    place.scan()
    run = place.runs()[-1]
    Run.objects.filter(pk=run.pk).update(state=Run.State.MISSED)
    place.tell()

    assert place.verdict() is Verdict.NOT_PERFORMED


def test_a_run_that_is_repeated_counts_once(place: Place) -> None:
    place.scan()
    (work,) = place.works.values()
    run = place.runs()[0]

    class Again:
        run_id = run.pk

        def say(self, _text: object) -> None: ...

        def progress(self, *_said: object) -> None: ...

    work.steps[0].act(Again())  # type: ignore[arg-type]

    assert Vulnerability.objects.count() == VulnerabilityScan.objects.count() == 1
    assert LedgerEntry.objects.filter(content__event="vulnerabilities-scanned").count() == 1


def test_without_bindings_the_rows_say_what_to_bind(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.take("[advisories]\nfolder = 'osv'\n")

    rows = place.edition.plan(OPERATION).rows

    assert "[inventory.名前] と [advisories]" in str(rows[ROUTINE_ROW])
    assert str(rows[SECURITY_ROW]) == str(rows[ROUTINE_ROW])


def test_a_scan_that_people_carry_out_is_theirs(place: Place) -> None:
    from tests.integration.chapters.vulnerabilities.place import BINDINGS, DOCUMENT  # noqa: PLC0415

    place.take(BINDINGS, DOCUMENT.replace("| 自動 |", "| 運用責任者 |"))

    assert not place.edition.plan(OPERATION).rows


def test_what_is_bound_no_more_raises_no_alert(place: Place) -> None:
    place.scan()
    place.pass_(7 * DAY)
    place.tell()
    place.take(place.bindings.replace("inventory.shop", "inventory.other"))
    place.tell()

    assert place.alerts() == []


def test_what_was_bound_after_the_last_scan_is_not_taken_for_well(place: Place) -> None:
    place.scan()
    place.take(place.bindings + '[inventory.new]\nkind = "files"\npath = "requirements.txt"\n')
    place.tell()

    assert place.verdict() is Verdict.NOT_DUE
    assert "new: まだスキャンしていません" in place.said()


def test_after_an_upgrade_to_another_release_the_former_ones_findings_end(place: Place) -> None:
    (place.folder / "package-lock.json").write_text(
        '{"packages": {"node_modules/lib": {"version": "1.0.0"}}}', "utf-8"
    )
    place.scan()
    place.know(advisory("CVE-2026-2", "lib", "2.0.0", ecosystem="npm"), ecosystem="npm")
    place.take(place.bindings.replace("requirements.txt", "package-lock.json"))
    place.scan()

    assert [each.name for each in Vulnerability.objects.open()] == ["CVE-2026-2"]


def test_a_vulnerability_that_gets_its_cve_number_later_stays_as_old_as_it_is(place: Place) -> None:
    place.know(advisory("GHSA-aaaa", "lib", "2.0", severity=CRITICAL))
    place.scan()
    since = place.now
    place.know(
        advisory("GHSA-aaaa", "lib", "2.0", severity=CRITICAL, aliases=["CVE-2026-7"]),
        advisory("CVE-2026-8", "lib", "2.0", modified="2026-12-01T00:00:00Z"),
    )
    place.scan()

    found = Vulnerability.objects.get(name="CVE-2026-7")
    assert found.first_seen == since
    assert Vulnerability.objects.count() == 2
    assert place.verdict() is Verdict.DEVIATING


def test_two_versions_of_a_package_are_two_findings_and_each_ends_by_itself(place: Place) -> None:
    def scanned(*versions: str) -> list[tuple[str, datetime]]:
        place.install(*(f"lib=={each}" for each in versions))
        place.know(advisory("CVE-2026-1", "lib", "2.0", severity=CRITICAL, modified=place.now.isoformat()))
        place.scan()
        return list(Vulnerability.objects.open().order_by("version").values_list("version", "first_seen"))

    (one, first), (other, same) = scanned("1.0", "1.1")
    assert (one, other) == ("1.0", "1.1")
    assert first == same
    assert "緊急2" in place.value()

    place.pass_(7 * DAY)
    place.tell()
    assert place.alerts() == ["lib の CVE-2026-1"]
    assert "2件" in place.said()

    # The one is mended, the other gets another version that is no better.
    assert scanned("1.2", "2.0") == [("1.2", first)]
    assert scanned("1.2", "1.5") == [("1.2", first), ("1.5", place.now)]


def test_of_very_many_findings_only_the_worst_are_read_and_all_are_counted(
    place: Place,
) -> None:
    place.scan()
    shown = {"rating": "critical", "rank": 0, "first_seen": place.now, "last_seen": place.now}
    Vulnerability.objects.bulk_create(
        Vulnerability(
            inventory="shop", ecosystem="PyPI", package=f"p{n}", version="1", name=f"CVE-2026-{n}", **shown
        )
        for n in range(1_000)
    )
    plan, at = place.edition.plan(OPERATION), place.now + 7 * DAY

    early = open_now(plan, at - timedelta(seconds=1))
    with CaptureQueriesContext(connection) as asked:
        late = open_now(plan, at)
    assert len(asked) == 3

    assert (early.count, early.late_count, early.late) == (1_001, 0, [])
    assert (late.count, late.late_count, len(late.late)) == (1_001, 1_001, 200)
    place.now = at
    place.tell()
    assert "1,001件" in place.said()
    assert len(place.alerts()) == 50


def test_what_is_exploited_comes_first_since_when_the_catalog_says(place: Place) -> None:
    place.know(advisory("CVE-2026-1", "lib", "2.0", severity=CRITICAL), advisory("CVE-2026-2", "lib", "2.0"))
    place.scan()
    assert [each.name for each in Vulnerability.objects.worst_first()] == ["CVE-2026-1", "CVE-2026-2"]
    catalog = place.folder / "osv/known_exploited_vulnerabilities.json"
    entry = {"cveID": "CVE-2026-2", "vendorProject": "x", "product": "y", "dateAdded": "2026-11-20"}
    catalog.write_text(json.dumps({"catalogVersion": "2026.11.20", "count": 1, "vulnerabilities": [entry]}))

    place.scan()

    first, second = Vulnerability.objects.open().worst_first()
    assert (first.name, first.exploited_since) == ("CVE-2026-2", date(2026, 11, 20))
    assert second.exploited_since is None


@pytest.mark.parametrize("written", ["{", "[]", '{"vulnerabilities": [{"cveID": "CVE-2026-1"}]}'])
def test_a_catalog_that_can_not_be_read_is_a_gap(place: Place, written: str) -> None:
    (place.folder / "osv/known_exploited_vulnerabilities.json").write_text(written)

    place.scan()

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert "known_exploited_vulnerabilities.json" in place.said()


def test_a_package_that_is_spelled_otherwise_is_the_same(place: Place) -> None:
    place.scan()
    place.install("Lib==1.1")
    place.scan()

    found = Vulnerability.objects.get()
    assert (found.package, found.version) == ("lib", "1.1")


def test_a_list_that_is_pushed_is_scanned_and_until_then_not_measurable(place: Place) -> None:
    place.take(
        place.bindings.replace(
            'kind = "files"\npath = "requirements.txt"', 'kind = "pushed"\nsender = "ci"\nname = "a"'
        )
    )
    place.scan()
    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert "ci から a という一覧がまだ届いていません" in place.said()

    receive("ci", "a", Inventory((Package("PyPI", "lib", "1.0"),), place.now), place.now)
    place.know(advisory("CVE-2026-1", "lib", "2.0", severity=CRITICAL, modified=place.now.isoformat()))
    place.scan()
    assert place.verdict() is Verdict.CONFORMING
    assert [each.name for each in Vulnerability.objects.open()] == ["CVE-2026-1"]

    place.pass_(8 * DAY)
    place.know(advisory("CVE-2026-1", "lib", "2.0", severity=CRITICAL, modified=place.now.isoformat()))
    place.scan()
    assert "一覧が" in place.said()


def test_the_lists_of_a_sender_are_bounded() -> None:
    listed = Inventory((Package("PyPI", "lib", "1.0"),), TUESDAY)
    for number in range(MOST + 2):
        receive("ci", f"build-{number}", listed, TUESDAY + number * timedelta(seconds=1))

    assert newest("ci", "build-1") is None
    assert newest("ci", f"build-{MOST + 1}") == listed
