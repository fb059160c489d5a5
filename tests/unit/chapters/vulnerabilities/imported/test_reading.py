"""Reports of other scanners: what each format says, and what of it can't be placed."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests.unit.chapters.vulnerabilities.imported.reports import cyclonedx, openvex, sarif, trivy, written

from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.chapters.vulnerabilities.imported.reading import LARGEST, read_report
from toban.chapters.vulnerabilities.imported.saying import NotAReport, ReportFormat, ScannerReport, VexStatus
from toban.chapters.vulnerabilities.package import Package


def read(report: object) -> ScannerReport:
    return read_report(written(report))


def refused(report: bytes) -> str:
    with pytest.raises(NotAReport) as why:
        read_report(report)
    return str(why.value.why)


def test_trivy_names_package_fix_and_rating() -> None:
    report = read(trivy({}))

    (found,) = report.found
    assert (report.format, report.source) == (ReportFormat.TRIVY, "trivy")
    assert report.made_at == datetime(2026, 11, 24, 10, 0, 0, 123456, UTC)
    assert (found.names, found.package) == (("CVE-2026-1",), Package("PyPI", "lib", "1.0"))
    assert (found.rating, found.fixed, found.summary) == (Rating.CRITICAL, "2.0", "lib: all is lost")


def test_packages_of_a_distribution_are_of_its_release_and_of_their_source_where_trivy_lists_it() -> None:
    report = trivy({"PkgID": "libssl3@3.0.11-1", "PkgName": "libssl3", "InstalledVersion": "3.0.11-1"})
    report["Metadata"] = {"OS": {"Family": "debian", "Name": "12.4"}}
    report["Results"][0] |= {
        "Class": "os-pkgs",
        "Type": "debian",
        "Packages": [{"ID": "libssl3@3.0.11-1", "Name": "libssl3", "SrcName": "openssl"}],
    }

    (found,) = read(report).found

    assert found.package == Package("Debian:12", "openssl", "3.0.11-1", "libssl3")


def test_a_distribution_without_advisories_is_found_all_the_same() -> None:
    report = trivy({"PkgName": "curl", "InstalledVersion": "8"})
    report["Metadata"] = {"OS": {"Family": "amazon", "Name": "2"}}
    report["Results"][0] |= {"Class": "os-pkgs", "Type": "amazon"}

    assert read(report).found[0].package.ecosystem == "amazon:2"


def test_a_report_of_trivy_before_package_urls_is_of_the_kind_of_its_packages() -> None:
    assert read(trivy({"PkgIdentifier": None})).found[0].package == Package("PyPI", "lib", "1.0")


def test_what_trivy_names_without_an_id_or_a_package_is_left_out_by_name() -> None:
    report = read(trivy({"VulnerabilityID": ""}, {"PkgName": "", "PkgIdentifier": {}}, {}))

    assert (len(report.found), report.left_out) == (1, ["lib", "CVE-2026-1"])


def test_a_report_of_trivy_without_any_result_has_looked_at_nothing() -> None:
    report = trivy()
    del report["Results"]

    assert read(report).looked_at_nothing
    assert not read(trivy()).looked_at_nothing


@pytest.mark.parametrize(
    ("rule", "said", "package"),
    [
        ("CVE-2026-1", "Package: lib\nInstalled Version: 1.0\nSeverity: HIGH\nFixed Version: 2.0\nLink: x",
         Package("", "lib", "1.0")),
        ("CVE-2026-1", "Package '@scope/lib@1.0' is vulnerable to 'CVE-2026-1'.",
         Package("", "@scope/lib", "1.0")),
        ("CVE-2026-1234-lib", "A high vulnerability in python package: lib, version 1.0 was found at: /srv",
         Package("", "lib", "1.0")),
        ("GHSA-aaaa-bbbb-cccc-lib", "a word", Package("", "lib", "")),
        ("py/sql-injection", "This query is made of what users write.", Package("", "src/shop.py", "")),
    ],
    ids=["trivy", "osv-scanner", "grype", "by the rule", "of code"],
)  # fmt: skip
def test_sarif_has_no_place_for_a_package_but_scanners_write_it(
    rule: str, said: str, package: Package
) -> None:
    place = {"physicalLocation": {"artifactLocation": {"uri": "src/shop.py"}}}
    rules = ({"id": rule, "shortDescription": {"text": "short"}, "properties": {"security-severity": "7.5"}},)

    report = read(sarif({"ruleId": rule, "message": {"text": said}, "locations": [place]}, rules=rules))

    (found,) = report.found
    assert (report.source, found.package, found.rating, found.summary) == (
        "Scanner",
        package,
        Rating.HIGH,
        "short",
    )
    assert found.names[0] == rule.removesuffix("-lib")


def test_sarif_finds_a_rule_by_its_place_and_leaves_out_what_is_no_finding() -> None:
    place = {"physicalLocation": {"artifactLocation": {"uri": "f"}}}
    results: list[dict[str, Any]] = [
        {"ruleIndex": 0, "message": {"text": "x"}, "locations": [place]},
        {"ruleId": "r", "kind": "pass"},
        {"ruleId": "r", "baselineState": "absent"},
        {"ruleId": "nowhere"},
    ]  # fmt: skip

    report = read(sarif(*results, rules=({"id": "r"},)))

    assert [each.names for each in report.found] == [("r",)]
    assert (report.found[0].rating, report.left_out) == (Rating.UNKNOWN, ["nowhere"])


def test_a_tool_that_broke_off_is_no_report() -> None:
    report = sarif()
    report["runs"][0]["invocations"] = [{"executionSuccessful": False}]

    assert "Scanner" in refused(written(report))
    assert "runs" in refused(written({"version": "2.1.0", "runs": []}))


def test_cyclonedx_tells_findings_from_statements() -> None:
    rated = {
        "ratings": [
            {"severity": "low"},
            {"method": "CVSSv31", "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
        ]
    }
    not_affected = {"state": "not_affected", "justification": "code_not_reachable", "detail": "never called"}

    report = read(cyclonedx(rated, {"id": "CVE-2026-2", "analysis": not_affected}))

    (found,), (statement,) = report.found, report.statements
    assert (report.source, found.names, found.rating) == ("analyst", ("CVE-2026-1",), Rating.CRITICAL)
    assert (statement.names, statement.status) == (("CVE-2026-2",), VexStatus.NOT_AFFECTED)
    assert statement.justification == "code_not_reachable / never called"
    assert statement.package == Package("PyPI", "lib", "1.0")


@pytest.mark.parametrize(
    ("state", "status", "is_found"),
    [
        ("exploitable", VexStatus.AFFECTED, True),
        ("in_triage", VexStatus.UNDER_INVESTIGATION, True),
        ("resolved", VexStatus.FIXED, False),
        ("false_positive", VexStatus.NOT_AFFECTED, False),
    ],
)
def test_states_of_cyclonedx(state: str, status: VexStatus, *, is_found: bool) -> None:
    report = read(cyclonedx({"analysis": {"state": state}}))

    assert (report.statements[0].status, bool(report.found)) == (status, is_found)


def test_a_bill_without_vulnerabilities_is_no_report() -> None:
    bill = cyclonedx()
    assert read(bill).looked_at_nothing
    assert not read(cyclonedx({})).looked_at_nothing
    del bill["vulnerabilities"]

    assert "sbom" in refused(written(bill))


def test_what_cyclonedx_refers_to_and_does_not_hold_is_left_out() -> None:
    report = read(cyclonedx({"affects": [{"ref": "gone"}, {"ref": "pkg:npm/other@2.0.0"}]}, {"affects": []}))

    assert [each.package for each in report.found] == [Package("npm", "other", "2.0.0")]
    assert report.left_out == ["CVE-2026-1", "CVE-2026-1"]


def test_what_cyclonedx_does_not_hold_is_not_the_part_that_nothing_can_refer_to() -> None:
    bill = cyclonedx({"affects": [{"ref": "gone"}], "analysis": {"state": "false_positive"}})
    bill["components"].append({"type": "library", "name": "other", "version": "1"})

    report = read(bill)

    assert (report.statements, report.left_out) == ([], ["CVE-2026-1"])


def test_openvex_states_of_packages_and_of_parts_of_products() -> None:
    image = {"@id": "pkg:oci/shop", "subcomponents": [{"@id": "pkg:deb/debian/openssl"}]}

    report = read(openvex({}, {"vulnerability": "CVE-2026-2", "products": [image], "status": "fixed"}))

    first, second = report.statements
    assert (report.source, report.finds) == ("Example Security", False)
    assert (first.package, first.justification) == (
        Package("PyPI", "lib", "1.0"),
        "vulnerable_code_not_in_execute_path",
    )
    assert (second.package, second.justification) == (
        Package("Debian", "openssl", ""),
        "vulnerable_code_not_in_execute_path",
    )


def test_what_openvex_states_of_a_whole_product_is_left_out() -> None:
    report = read(openvex({"products": [{"@id": "pkg:oci/shop"}]}, {"status": "sure"}, {"vulnerability": {}}))

    assert (report.statements, report.left_out) == ([], ["CVE-2026-1", "CVE-2026-1", "?"])


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (b"", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"[]", "読めるレポート"),
        (b'{"SchemaVersion": 2}', "読めるレポート"),
        (b" " * (LARGEST + 1), "MiB"),
        (written(trivy(*({} for _ in range(50_001)))), "50000"),
    ],
    ids=["empty", "deep", "list", "other", "large", "many"],
)
def test_anything_else_is_refused_with_a_clear_word(report: bytes, said: str) -> None:
    assert said in refused(report)


def test_a_bill_nested_beyond_all_bounds_is_refused() -> None:
    bill = cyclonedx()
    part: dict[str, Any] = {}
    bill["components"] = [part]
    for _ in range(40):
        inner: dict[str, Any] = {}
        part["components"] = [inner]
        part = inner

    assert "入れ子" in refused(written(bill))


_JSON = some.recursive(
    some.none()
    | some.booleans()
    | some.floats(allow_nan=False)
    | some.text(max_size=8)
    | some.integers(-5, 5),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(some.data())
def test_whatever_stands_in_its_places_a_report_is_read_or_refused(data: some.DataObject) -> None:
    report = data.draw(some.sampled_from([trivy({}), sarif({"ruleId": "r"}), cyclonedx({}), openvex({})]))
    place: Any = report
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(some.sampled_from(keys))
        if not isinstance(place[key], (dict, list)) or not place[key] or data.draw(some.booleans()):
            place[key] = data.draw(_JSON)
            break
        place = place[key]

    try:
        found = read_report(json.dumps(report).encode("utf-8", "surrogatepass"))
    except NotAReport:
        return
    for each in found.found:
        assert each.names
        assert each.package.name
        assert max(map(len, each.names)) <= 200
