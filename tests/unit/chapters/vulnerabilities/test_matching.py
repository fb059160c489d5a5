"""Which packages are affected by which advisories."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from toban.chapters.vulnerabilities.advisories.advisory import Advisory, Affected, NoAdvisory, read_advisory
from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.chapters.vulnerabilities.matching import Matches, match
from toban.chapters.vulnerabilities.package import Package


def record(name: str = "GHSA-1", /, **instead: Any) -> dict[str, Any]:
    """Return an advisory about `lib` on PyPI, fixed in 2.0, in the OSV format."""
    return {
        "id": name,
        "modified": "2026-11-20T00:00:00Z",
        "summary": "It breaks.",
        "affected": [affected({"introduced": "0"}, {"fixed": "2.0"})],
        **instead,
    }


def affected(
    *events: dict[str, str], ecosystem: str = "PyPI", name: str = "lib", **more: Any
) -> dict[str, Any]:
    kind = "ECOSYSTEM"
    return {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": kind, "events": list(events)}],
        **more,
    }


def known(*records: dict[str, Any]) -> dict[tuple[str, str], list[tuple[Advisory, Affected]]]:
    found: dict[tuple[str, str], list[tuple[Advisory, Affected]]] = {}
    for advisory in map(read_advisory, records):
        for each in advisory.affected:
            found.setdefault(each.key, []).append((advisory, each))
    return found


def looked(version: str, *records: dict[str, Any], name: str = "lib", ecosystem: str = "PyPI") -> Matches:
    return match([Package(ecosystem, name, version)], known(*records))


def names(found: Matches) -> Sequence[str]:
    return [each.name for each in found.found]


@pytest.mark.parametrize(("version", "is_affected"), [("1.9", True), ("2.0", False), ("2.0rc1", True)])
def test_a_version_before_the_fix_is_affected(version: str, is_affected: bool) -> None:
    found = looked(version, record())

    assert bool(found.found) is is_affected
    assert not found.unreadable


@pytest.mark.parametrize(
    ("version", "is_affected"),
    [("0.9", False), ("1.0", True), ("1.2", False), ("2.0", True), ("2.5", True), ("2.6", False)],
)
def test_a_range_may_have_gaps_and_its_events_any_order(version: str, is_affected: bool) -> None:
    events = ({"introduced": "2.0"}, {"fixed": "1.2"}, {"introduced": "1.0"}, {"last_affected": "2.5"})

    assert bool(looked(version, record(affected=[affected(*events)])).found) is is_affected


def test_a_version_that_is_listed_is_affected_without_a_range() -> None:
    listed = {"package": {"ecosystem": "PyPI", "name": "lib"}, "versions": ["1.1", "1.3"]}

    assert names(looked("1.3", record(affected=[listed]))) == ["GHSA-1"]
    assert names(looked("1.2", record(affected=[listed]))) == []


def test_the_fix_is_the_lowest_later_version_of_all_that_is_known_about_it() -> None:
    branches = affected({"introduced": "0"}, {"fixed": "1.5"}, {"introduced": "2.0"}, {"fixed": "2.3"})

    (found,) = looked("2.1", record(affected=[branches])).found

    assert found.fixed == "2.3"


def test_advisories_with_one_cve_number_are_one_vulnerability_with_the_worst_rating() -> None:
    github = record("GHSA-1", aliases=["CVE-2026-1"], database_specific={"severity": "MODERATE"})
    python = record("PYSEC-2", aliases=["CVE-2026-1"], severity=[{"type": "CVSS_V3", "score": _CRITICAL}])

    (found,) = looked("1.0", github, python).found

    assert found.name == "CVE-2026-1"
    assert [each.id for each in found.advisories] == ["GHSA-1", "PYSEC-2"]
    assert found.rating is Rating.CRITICAL


def test_an_advisory_about_several_numbers_is_as_many_vulnerabilities() -> None:
    distributions = record("DSA-1", upstream=["CVE-2026-1", "CVE-2026-2"])
    second = record("GHSA-2", aliases=["CVE-2026-2"], database_specific={"severity": "HIGH"})

    found = looked("1.0", distributions, second).found

    assert [(each.name, [one.id for one in each.advisories], each.rating) for each in found] == [
        ("CVE-2026-1", ["DSA-1"], Rating.UNKNOWN),
        ("CVE-2026-2", ["DSA-1", "GHSA-2"], Rating.HIGH),
    ]


def test_an_advisory_without_a_number_is_joined_by_the_one_that_it_names() -> None:
    found = looked(
        "1.0", record("GHSA-1", aliases=["CVE-2026-1"]), record("PYSEC-9", aliases=["GHSA-1"])
    ).found

    assert [(each.name, len(each.advisories)) for each in found] == [("CVE-2026-1", 2)]


def test_one_that_was_withdrawn_affects_nothing() -> None:
    assert not looked("1.0", record(withdrawn="2026-11-21T00:00:00Z")).found


def test_names_are_compared_as_the_registry_does() -> None:
    advisory = record(affected=[affected({"introduced": "0"}, name="Typing.Extensions")])

    assert looked("1.0", advisory, name="typing_extensions").found
    assert not looked(
        "1.0", record(affected=[affected({"introduced": "0"}, name="A", ecosystem="npm")]), name="a"
    ).found
    nuget = record(affected=[affected({"introduced": "0"}, name="Newtonsoft.Json", ecosystem="NuGet")])
    assert looked("1.0", nuget, name="newtonsoft.json", ecosystem="NuGet").found


def test_a_backport_of_a_distribution_is_no_finding() -> None:
    debian = "Debian:12"
    advisory = record(
        affected=[
            affected({"introduced": "0"}, {"fixed": "7.88.1-10+deb12u5"}, ecosystem=debian, name="curl")
        ]
    )

    assert not looked("7.88.1-10+deb12u5", advisory, name="curl", ecosystem=debian).found
    assert looked("7.88.1-10+deb12u4", advisory, name="curl", ecosystem=debian).found
    assert not looked("7.88.1-10+deb12u4", advisory, name="curl", ecosystem="Debian:13").found


def test_what_can_not_be_compared_is_named_and_what_can_be_is_found_all_the_same() -> None:
    odd = record("GHSA-2", affected=[affected({"introduced": "what?"})])

    own = looked("not a version!", record())
    theirs = looked("1.0", record(), odd)

    assert (names(own), [each.name for each in own.unreadable]) == ([], ["lib"])
    assert (names(theirs), [each.name for each in theirs.unreadable]) == (["GHSA-1"], ["lib"])


def test_commits_are_no_versions() -> None:
    commits = {
        "package": {"ecosystem": "PyPI", "name": "lib"},
        "ranges": [{"type": "GIT", "events": [{"introduced": "0"}, {"fixed": "a" * 40}]}],
    }

    assert not looked("1.0", record(affected=[commits])).found


@pytest.mark.parametrize(
    "written",
    [
        None,
        [],
        {"id": "A"},
        {"id": 5, "modified": "2026-11-20T00:00:00Z"},
        {"id": "A", "modified": "yesterday"},
    ],
)
def test_anything_else_is_no_advisory(written: object) -> None:
    with pytest.raises(NoAdvisory):
        read_advisory(written)


def test_odd_parts_of_an_advisory_are_left_out() -> None:
    odd: Any = 7
    part = affected({"introduced": "0"}, {"odd": "1"}, odd)
    parts = [5, {}, {"package": {"ecosystem": 1, "name": "x"}}, part]

    found = read_advisory(record(affected=parts, aliases=[1, "CVE-2026-1"], severity="high", references=3))

    assert [each.name for each in found.affected] == ["lib"]
    assert found.cves == ("CVE-2026-1",)
    assert found.modified == datetime(2026, 11, 20, tzinfo=UTC)


_CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


@pytest.mark.parametrize(
    ("said", "rating"),
    [
        ({"severity": [{"type": "CVSS_V3", "score": _CRITICAL}]}, Rating.CRITICAL),
        (
            {"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]},
            Rating.LOW,
        ),
        ({"severity": [{"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P"}]}, Rating.HIGH),
        (
            {
                "severity": [
                    {
                        "type": "CVSS_V4",
                        "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
                    }
                ]
            },
            Rating.CRITICAL,
        ),
        ({"severity": [{"type": "Ubuntu", "score": "negligible"}]}, Rating.LOW),
        ({"database_specific": {"severity": "IMPORTANT"}}, Rating.HIGH),
        ({"ecosystem_specific": {"urgency": "medium"}}, Rating.MEDIUM),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/nonsense"}]}, Rating.UNKNOWN),
        ({}, Rating.UNKNOWN),
    ],
)
def test_the_rating_is_the_sources_own(said: dict[str, Any], rating: Rating) -> None:
    assert read_advisory(record(**said)).rating is rating


def test_a_distribution_rates_what_it_ships_itself() -> None:
    part = affected({"introduced": "0"}, ecosystem_specific={"urgency": "unimportant"})
    advisory = record(severity=[{"type": "CVSS_V3", "score": _CRITICAL}], affected=[part])

    (found,) = looked("1.0", advisory).found

    assert found.rating is Rating.LOW


@pytest.mark.parametrize(
    "about",
    [
        affected({"introduced": "0"}, {"last_affected": "2.0.1"}),
        affected(versions=["2.0.1"]),
    ],
)
def test_a_build_of_an_affected_version_is_affected(about: dict[str, Any]) -> None:
    assert looked("2.0.1+cu118", record(affected=[about])).found
    assert not looked("2.0.2+cu118", record(affected=[about])).found
