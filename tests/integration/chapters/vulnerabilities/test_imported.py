"""Reports of others in the ledger: joined, named, ended and closed as they say, and never silently."""

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.integration.chapters.vulnerabilities.place import CRITICAL, DAY, Place
from tests.unit.chapters.vulnerabilities.imported.reports import cyclonedx, openvex, sarif, trivy, written
from tests.unit.chapters.vulnerabilities.mirrors import advisory

from toban.chapters.vulnerabilities import scanning
from toban.chapters.vulnerabilities.acts import ACTS
from toban.chapters.vulnerabilities.advisories.catalogs import Catalogs, read_catalogs
from toban.chapters.vulnerabilities.findings.following import follow
from toban.chapters.vulnerabilities.imported import taking
from toban.chapters.vulnerabilities.imported.taking import Taken
from toban.chapters.vulnerabilities.models import ImportedReport, Vulnerability
from toban.engine.approvals.answers import Giver
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    found.know(advisory("CVE-2026-1", "lib", "2.0", severity=CRITICAL))
    return found


def take(place: Place, report: dict[str, Any], source: str = "", account: Operator | None = None) -> Taken:
    by = Giver(account, shell_user="" if account else "ops")
    return taking.take(written(report), "shop", source, by=by, edition=place.edition, now=place.now)


def forget(
    place: Place, source: str, reason: str = "another scanner now", account: Operator | None = None
) -> Taken:
    by = Giver(account, shell_user="" if account else "ops")
    return taking.forget("shop", source, reason, by=by, edition=place.edition, now=place.now)


def scanned(place: Place) -> None:
    place.know(advisory("CVE-2026-1", "lib", "2.0", severity=CRITICAL, modified=place.now.isoformat()))
    place.scan()


def open_now() -> list[tuple[str, str, list[str]]]:
    return [(each.name, each.version, each.sources) for each in Vulnerability.objects.open().order_by("name")]


def events(name: str) -> list[dict[str, Any]]:
    return [each.content for each in LedgerEntry.objects.filter(content__event=name).order_by("sequence")]


def at(place: Place) -> str:
    return place.now.isoformat()


def test_the_same_finding_of_two_sources_is_one_and_names_both(place: Place) -> None:
    scanned(place)

    taken = take(place, trivy({}, {"VulnerabilityID": "CVE-2026-9"}, made_at=at(place)))

    assert taken.looked.found == 1
    assert open_now() == [("CVE-2026-1", "1.0", ["toban", "trivy"]), ("CVE-2026-9", "1.0", ["trivy"])]
    (imported,) = events("vulnerabilities-imported")
    assert (imported["source"], imported["named"], imported["found"]) == ("trivy", 2, 1)
    assert imported["digest"] == ImportedReport.objects.get().digest


def test_a_finding_ends_when_its_last_source_has_it_no_more(place: Place) -> None:
    take(place, trivy({}, {"VulnerabilityID": "CVE-2026-9"}, made_at=at(place)))
    since = Vulnerability.objects.get(name="CVE-2026-1").first_seen
    scanned(place)
    assert Vulnerability.objects.get(name="CVE-2026-1").first_seen == since

    place.install("lib==2.0")
    scanned(place)
    assert open_now() == [("CVE-2026-1", "1.0", ["trivy"]), ("CVE-2026-9", "1.0", ["trivy"])]

    taken = take(place, trivy(made_at=at(place)))
    assert len(taken.looked.ended) == 2
    assert open_now() == []


def test_what_a_scanner_does_not_know_takes_nothing_from_what_is_known(place: Place) -> None:
    scanned(place)
    take(
        place, trivy({"Severity": "LOW", "FixedVersion": "", "InstalledVersion": "1.0.0"}, made_at=at(place))
    )

    found = Vulnerability.objects.get()
    assert (found.rating, found.fixed, found.version) == ("critical", "2.0", "1.0")

    take(place, trivy({"VulnerabilityID": "CVE-2026-9", "Severity": "HIGH"}, made_at=at(place)))
    place.know(
        advisory("CVE-2026-9", "lib", "", modified=place.now.isoformat()),
        advisory("CVE-2026-1", "lib", "2.0", severity=CRITICAL),
    )
    place.scan()

    found = Vulnerability.objects.get(name="CVE-2026-9")
    assert (found.rating, found.fixed, found.sources) == ("high", "2.0", ["toban", "trivy"])


def test_an_advisory_and_its_cve_number_are_one(place: Place) -> None:
    place.know(advisory("GHSA-aaaa-bbbb-cccc", "lib", "2.0", aliases=["CVE-2026-7"]))
    place.scan()

    take(place, trivy({"VulnerabilityID": "GHSA-aaaa-bbbb-cccc"}, made_at=at(place)))

    assert open_now() == [("CVE-2026-7", "1.0", ["toban", "trivy"])]


def test_a_report_without_ecosystems_is_joined_by_what_is_installed(place: Place) -> None:
    scanned(place)
    said = "Package: lib\nInstalled Version: 1.0\nSeverity: HIGH\nFixed Version: 2.0\nLink: x"

    take(place, sarif({"ruleId": "CVE-2026-1", "message": {"text": said}}, name="Trivy"))

    assert open_now() == [("CVE-2026-1", "1.0", ["Trivy", "toban"])]


def test_the_first_report_of_a_source_is_not_replaced_by_an_older_one(place: Place) -> None:
    take(place, trivy({}, made_at=at(place)))

    with pytest.raises(NotPossible) as refused:
        take(place, trivy(made_at=(place.now - timedelta(seconds=1)).isoformat()))

    assert "trivy" in str(refused.value.said)
    assert len(open_now()) == 1


def test_a_report_from_the_future_is_as_old_as_its_arrival(place: Place) -> None:
    take(place, trivy({}, made_at=(place.now + 30 * DAY).isoformat()))

    assert ImportedReport.objects.get().made_at is None
    place.pass_(timedelta(hours=1))
    take(place, trivy(made_at=at(place)))
    assert open_now() == []


def test_not_affected_closes_with_its_reason_until_the_statement_ends(place: Place) -> None:
    scanned(place)
    since = Vulnerability.objects.get().first_seen

    take(place, openvex({}, made_at=at(place)))

    assert open_now() == []
    found = Vulnerability.objects.closed().get()
    assert found.closing == {
        "source": "Example Security",
        "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path",
    }
    (closed,) = events("vulnerabilities-settled")
    named = {"name": "CVE-2026-1", "package": "lib", "version": "1.0", "inventory": "shop"}
    assert closed["closed"] == [{**named, "first_seen": since.isoformat(), **found.closing}]
    place.pass_(8 * DAY)
    scanned(place)
    assert place.verdict() is Verdict.CONFORMING
    assert place.alerts() == []

    take(place, openvex(made_at=at(place)))
    place.tell()

    assert [each.first_seen for each in Vulnerability.objects.open()] == [since]
    assert place.verdict() is Verdict.DEVIATING
    reopened = events("vulnerabilities-settled")[-1]
    assert [each["name"] for each in reopened["reopened"]] == ["CVE-2026-1"]
    assert reopened["reopened"][0]["justification"] == "vulnerable_code_not_in_execute_path"


def test_a_statement_that_comes_before_the_finding_closes_it_at_the_scan(place: Place) -> None:
    take(place, cyclonedx({"analysis": {"state": "resolved"}}, made_at=at(place)))

    scanned(place)

    assert open_now() == []
    (closed,) = events("vulnerabilities-settled")
    assert closed["closed"][0]["justification"] == "resolved"


def test_a_statement_about_one_version_ends_with_it(place: Place) -> None:
    take(place, openvex({}, made_at=at(place)))
    scanned(place)
    assert open_now() == []

    place.install("lib==1.1")
    scanned(place)

    assert open_now() == [("CVE-2026-1", "1.1", ["toban"])]


def test_a_repeated_statement_is_no_news(place: Place) -> None:
    scanned(place)
    take(place, openvex({}, made_at=at(place)))
    place.pass_(DAY)
    take(place, openvex({}, made_at=at(place)))

    assert len(events("vulnerabilities-settled")) == 1


def test_a_statement_without_a_justification_closes_nothing_and_is_a_gap(place: Place) -> None:
    scanned(place)

    take(place, openvex({"justification": ""}, made_at=at(place)))
    place.tell()

    assert len(open_now()) == 1
    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert "理由のない表明" in place.said()


def test_what_could_not_be_placed_is_a_gap_until_the_source_is_forgotten(place: Place) -> None:
    scanned(place)
    take(place, trivy({}, {"VulnerabilityID": ""}, made_at=at(place)))
    place.tell()
    assert place.verdict() is Verdict.NOT_MEASURABLE

    forget(place, "trivy")
    place.tell()

    assert place.verdict() is Verdict.CONFORMING
    assert open_now() == [("CVE-2026-1", "1.0", ["toban"])]
    (forgotten,) = events("vulnerabilities-source-forgotten")
    assert (forgotten["reason"], forgotten["source"]) == ("another scanner now", "trivy")


def test_an_old_report_is_a_gap_and_old_statements_are_not(place: Place) -> None:
    take(place, openvex({}, made_at=at(place)))
    take(place, trivy({"VulnerabilityID": "CVE-2026-9", "Severity": "LOW"}, made_at=at(place)))
    place.pass_(8 * DAY)
    scanned(place)

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert "trivy のレポート" in place.said()
    assert "Example Security" not in place.said()


def test_forgetting_needs_a_reason_and_a_source_that_is_there(place: Place) -> None:
    take(place, trivy({}, made_at=at(place)))

    with pytest.raises(NotPossible) as refused:
        forget(place, "tirvy")
    with pytest.raises(NotPossible):
        forget(place, "trivy", " ")

    assert "trivy" in str(refused.value.hint)


def test_a_name_of_toban_itself_is_no_source(place: Place) -> None:
    with pytest.raises(NotPossible):
        take(place, trivy({}, made_at=at(place)), source="toban")


def test_only_a_manager_takes_in_what_closes(place: Place) -> None:
    scanned(place)
    developer = Operator.objects.create(username="dev", operator_role=OperatorRole.DEVELOPER)
    manager = Operator.objects.create(username="boss", operator_role=OperatorRole.MANAGER)

    with pytest.raises(NotPossible):
        take(place, openvex({}, made_at=at(place)), account=developer)
    take(place, trivy({}, made_at=at(place)), account=developer)
    assert len(open_now()) == 1

    take(place, openvex({}, made_at=at(place)), account=manager)
    assert open_now() == []
    assert LedgerEntry.objects.filter(content__event="vulnerabilities-settled").get().actor == "boss"


def test_only_a_manager_ends_what_is_still_installed_as_it_was_found(place: Place) -> None:
    developer = Operator.objects.create(username="dev", operator_role=OperatorRole.DEVELOPER)
    manager = Operator.objects.create(username="boss", operator_role=OperatorRole.MANAGER)
    scanned(place)
    unknown = {"VulnerabilityID": "CVE-2026-9", "Severity": "CRITICAL"}
    take(place, trivy({}, unknown, made_at=at(place)), account=developer)

    with pytest.raises(NotPossible, match="修正されていない"):
        take(place, trivy({}, made_at=at(place)), account=developer)
    with pytest.raises(NotPossible, match="修正されていない"):
        forget(place, "trivy", account=developer)
    assert [name for name, _, _ in open_now()] == ["CVE-2026-1", "CVE-2026-9"]

    take(place, trivy({}, made_at=at(place)), account=manager)
    assert [name for name, _, _ in open_now()] == ["CVE-2026-1"]
    (entry,) = LedgerEntry.objects.filter(content__event="vulnerabilities-imported", content__unproven=1)
    facts = ACTS["vulnerabilities-imported"](entry.content)
    assert facts is not None
    assert facts.is_sensitive


def test_what_was_mended_ends_with_the_report_of_anybody(place: Place) -> None:
    developer = Operator.objects.create(username="dev", operator_role=OperatorRole.DEVELOPER)
    scanned(place)
    take(place, trivy({}, {"VulnerabilityID": "CVE-2026-9"}, made_at=at(place)), account=developer)
    place.install("lib==2.0")
    scanned(place)

    take(place, trivy(made_at=at(place)), account=developer)

    assert open_now() == []
    last = LedgerEntry.objects.filter(content__event="vulnerabilities-imported").latest("sequence")
    facts = ACTS["vulnerabilities-imported"](last.content)
    assert facts is not None
    assert not facts.is_sensitive


def test_what_ends_where_no_packages_are_listed_is_answered_in_the_review(place: Place) -> None:
    developer = Operator.objects.create(username="dev", operator_role=OperatorRole.DEVELOPER)
    take(place, trivy({}, made_at=at(place)), account=developer)

    take(place, trivy(made_at=at(place)), account=developer)

    assert open_now() == []
    last = LedgerEntry.objects.filter(content__event="vulnerabilities-imported").latest("sequence")
    facts = ACTS["vulnerabilities-imported"](last.content)
    assert facts is not None
    assert facts.is_sensitive


def test_findings_of_others_are_ranked_and_late_as_those_of_toban(place: Place) -> None:
    catalog = place.folder / "osv/known_exploited_vulnerabilities.json"
    catalog.write_text(json.dumps({"vulnerabilities": [{"cveID": "CVE-2026-9", "dateAdded": "2026-11-20"}]}))
    head = "#model_version:v2025.03.14,score_date:2026-11-24T12:00:00Z\ncve,epss,percentile\n"
    scores = f"{head}CVE-2026-9,0.91,0.99\n"
    (place.folder / "osv/epss_scores-current.csv.gz").write_bytes(gzip.compress(scores.encode()))
    scanned(place)

    take(place, trivy({}, {"VulnerabilityID": "CVE-2026-9"}, made_at=at(place)))
    place.pass_(7 * DAY)
    place.tell()

    first, _ = Vulnerability.objects.open().worst_first()
    assert (first.name, first.likelihood, str(first.exploited_since)) == ("CVE-2026-9", 0.91, "2026-11-20")
    assert set(place.alerts()) == {"lib の CVE-2026-1", "lib の CVE-2026-9"}


def test_a_scan_lets_no_report_in_from_before_it_reads_what_is_known(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it would write over the sources that a report has noted meanwhile."""
    steps: list[str] = []

    def noted[**P, T](name: str, act: Callable[P, T]) -> Callable[P, T]:
        def does(*args: P.args, **named: P.kwargs) -> T:
            steps.append(name)
            return act(*args, **named)

        return does

    monkeypatch.setattr(scanning, "keep", noted("keep", scanning.keep))
    monkeypatch.setattr(scanning, "follow", noted("follow", follow))

    with ledger.checked(lambda: steps.append("hold")):
        scanned(place)

    began = steps.index("keep")
    assert steps[began : began + 3] == ["keep", "hold", "follow"]


def test_what_is_as_it_was_is_only_noted_as_seen(place: Place) -> None:
    take(place, trivy({}, {"VulnerabilityID": "CVE-2026-9"}, made_at=at(place)))
    place.pass_(DAY)

    with CaptureQueriesContext(connection) as asked:
        take(place, trivy({}, {"VulnerabilityID": "CVE-2026-9", "FixedVersion": "3.0"}, made_at=at(place)))

    (written,) = [
        each["sql"] for each in asked if 'UPDATE "vulnerabilities_vulnerability" SET "name"' in each["sql"]
    ]
    changed = Vulnerability.objects.get(name="CVE-2026-9")
    assert written.endswith(f"IN ({changed.pk})")
    assert changed.fixed == "3.0"
    assert {each.last_seen for each in Vulnerability.objects.all()} == {place.now}


def test_the_catalogs_are_read_before_evidence_is_held_up(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    def read(*asked: Any) -> Catalogs:
        steps.append("read")
        return read_catalogs(*asked)

    monkeypatch.setattr(taking, "read_catalogs", read)

    with ledger.checked(lambda: steps.append("hold")):
        take(place, trivy({}, made_at=at(place)))

    assert steps[:2] == ["read", "hold"]
    assert "read" not in steps[1:]
