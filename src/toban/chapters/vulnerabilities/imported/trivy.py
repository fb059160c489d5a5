"""Trivy's own JSON. Pure.

https://trivy.dev/latest/docs/configuration/reporting/#json (version 2 of its schema)
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from toban.chapters.vulnerabilities.advisories.rating import worded
from toban.chapters.vulnerabilities.imported.saying import (
    Entry,
    ReportedVulnerability,
    ReportFormat,
    ScannerReport,
    dict_of,
    dicts,
    fitting,
    names_of,
    placed,
    summary_text,
    text_of,
    time_of,
    version_text,
)
from toban.chapters.vulnerabilities.inventories.reading.distribution import NotAListing, ecosystem_of
from toban.chapters.vulnerabilities.package import Package

_OF_DISTRIBUTIONS = "os-pkgs"
_TYPES: Mapping[str, str] = {
    "bundler": "RubyGems",
    "cargo": "crates.io",
    "composer": "Packagist",
    "gemspec": "RubyGems",
    "gobinary": "Go",
    "gomod": "Go",
    "gradle": "Maven",
    "jar": "Maven",
    "node-pkg": "npm",
    "npm": "npm",
    "nuget": "NuGet",
    "pip": "PyPI",
    "pipenv": "PyPI",
    "pnpm": "npm",
    "poetry": "PyPI",
    "pom": "Maven",
    "python-pkg": "PyPI",
    "rustbinary": "crates.io",
    "uv": "PyPI",
    "yarn": "npm",
}
"""The kinds of packages in reports of versions that wrote no package URL."""


def is_trivy(written: Mapping[str, Any]) -> bool:
    """Whether a parsed file is one of Trivy's reports."""
    return written.get("SchemaVersion") == 2 and ("Results" in written or "ArtifactName" in written)


def read_trivy(written: Mapping[str, Any]) -> ScannerReport:
    """Return what a report says of vulnerabilities: misconfigurations, secrets and licenses are none."""
    system = dict_of(dict_of(written.get("Metadata")).get("OS"))
    results = dicts(written.get("Results"))
    entries = (each for result in results for each in _vulnerabilities(result, system))
    said = ScannerReport.of(ReportFormat.TRIVY, "trivy", time_of(written.get("CreatedAt")), entries)
    return replace(said, looked_at_nothing=not results)


def _vulnerabilities(result: Mapping[str, Any], system: Mapping[str, Any]) -> Iterator[Entry]:
    sources = {text_of(each.get("ID")): each for each in dicts(result.get("Packages"))}
    for each in dicts(result.get("Vulnerabilities")):
        names = names_of(each.get("VulnerabilityID"), *_listed(each.get("VendorIDs")))
        package = _package(each, result, system, sources)
        if not text_of(each.get("VulnerabilityID")) or not package.name:
            yield text_of(each.get("VulnerabilityID")) or text_of(each.get("PkgName")) or "?"
            continue
        yield ReportedVulnerability(
            names,
            package,
            worded(each.get("Severity")),
            version_text(each.get("FixedVersion")),
            summary_text(each.get("Title"), each.get("Description")),
        )


def _package(
    each: Mapping[str, Any],
    result: Mapping[str, Any],
    system: Mapping[str, Any],
    sources: Mapping[str, Mapping[str, Any]],
) -> Package:
    name, version = text_of(each.get("PkgName")), text_of(each.get("InstalledVersion"))
    if result.get("Class") == _OF_DISTRIBUTIONS:
        source = sources.get(text_of(each.get("PkgID")), {})
        return fitting(
            Package(_distribution(system, result), text_of(source.get("SrcName")) or name, version, name)
        )
    found = placed(dict_of(each.get("PkgIdentifier")).get("PURL"))
    kind = text_of(result.get("Type"))
    return found or fitting(Package(_TYPES.get(kind, kind), name, version))


def _distribution(system: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    family, release = (
        text_of(system.get("Family")) or text_of(result.get("Type")),
        text_of(system.get("Name")),
    )
    try:
        return ecosystem_of({"ID": family, "VERSION_ID": release})
    except NotAListing:
        # Of which there are no advisories in the mirror; what Trivy found is found all the same.
        return f"{family}:{release}" if release else family


def _listed(written: object) -> list[object]:
    return written if isinstance(written, list) else []
