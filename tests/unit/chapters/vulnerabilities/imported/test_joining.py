"""What a report means: packages as they are installed, vulnerabilities by any of their names."""

from datetime import UTC, datetime

import pytest

from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.chapters.vulnerabilities.imported.joining import KnownName, joined
from toban.chapters.vulnerabilities.imported.saying import ReportedVulnerability
from toban.chapters.vulnerabilities.package import Package

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
LISTED = (
    Package("Debian:12", "openssl", "3.0.11-1", "libssl3"),
    Package("Debian:12", "curl", "8.0"),
    Package("PyPI", "lib", "1.0"),
    Package("npm", "lib", "2.0.0"),
)


def of(package: Package, *names: str, known: tuple[KnownName, ...] = ()) -> list[tuple[Package, str, str]]:
    found = ReportedVulnerability(names or ("CVE-2026-1",), package, Rating.HIGH)
    return [(each.package, each.name, installed) for each, installed in joined([found], LISTED, known, NOON)]


@pytest.mark.parametrize(
    ("package", "meant", "installed"),
    [
        (Package("Debian:12", "libssl3", "3.0.11-1"), Package("Debian:12", "openssl", "3.0.11-1"), "libssl3"),
        (
            Package("Debian:12", "libssl3", "3.0.11-1", "libssl3"),
            Package("Debian:12", "openssl", "3.0.11-1"),
            "libssl3",
        ),
        (Package("Debian:12", "curl", "8.0", "curl"), Package("Debian:12", "curl", "8.0"), ""),
        (Package("Debian:12", "other", "1", "other"), Package("Debian:12", "other", "1"), ""),
        (Package("", "libssl3", ""), Package("Debian:12", "openssl", "3.0.11-1"), "libssl3"),
        (Package("", "lib", "1.0"), Package("PyPI", "lib", "1.0"), ""),
        (Package("", "lib", "3.0"), Package("", "lib", "3.0"), ""),
    ],
    ids=[
        "binary",
        "named as installed",
        "same name",
        "not listed",
        "no ecosystem",
        "by version",
        "two of a name",
    ],
)
def test_a_package_is_that_of_the_inventory(package: Package, meant: Package, installed: str) -> None:
    assert of(package) == [(meant, "CVE-2026-1", installed)]


def test_a_vulnerability_is_known_by_any_of_its_names_and_an_advisory_may_be_about_several() -> None:
    package = Package("PyPI", "Lib", "1.0")
    known = tuple(KnownName("PyPI", "lib", f"CVE-2026-{n}", ("GHSA-x",)) for n in (1, 2))

    assert [name for _, name, _ in of(package, "GHSA-x", known=known)] == ["CVE-2026-1", "CVE-2026-2"]
    assert [name for _, name, _ in of(package, "CVE-2026-2", "GHSA-x", known=known)] == ["CVE-2026-2"]
    assert [name for _, name, _ in of(package, "GHSA-y", "CVE-2026-9", known=known)] == ["CVE-2026-9"]
    assert [name for _, name, _ in of(package, "GHSA-y", known=known)] == ["GHSA-y"]
