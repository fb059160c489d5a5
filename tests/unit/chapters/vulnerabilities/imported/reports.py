"""Reports as scanners write them, in the parts that matter."""

import json
from typing import Any


def written(report: object) -> bytes:
    """Return *report* as a file."""
    return json.dumps(report).encode()


def trivy(
    *found: dict[str, Any], made_at: str = "2026-11-24T10:00:00.123456789Z", **more: Any
) -> dict[str, Any]:
    """Return Trivy's JSON about packages of an environment, each of *found* a vulnerability of it."""
    result = {
        "Target": "Python",
        "Class": "lang-pkgs",
        "Type": "python-pkg",
        "Vulnerabilities": [
            {
                "VulnerabilityID": "CVE-2026-1",
                "PkgName": "lib",
                "PkgIdentifier": {"PURL": "pkg:pypi/lib@1.0"},
                "InstalledVersion": "1.0",
                "FixedVersion": "2.0",
                "Severity": "CRITICAL",
                "Title": "lib: all is lost",
                **each,
            }
            for each in found
        ],
    }
    return {
        "SchemaVersion": 2,
        "CreatedAt": made_at,
        "ArtifactName": "shop",
        "ArtifactType": "filesystem",
        "Results": [result],
        **more,
    }


def sarif(
    *results: dict[str, Any], rules: tuple[dict[str, Any], ...] = (), name: str = "Scanner"
) -> dict[str, Any]:
    """Return a SARIF file of one run."""
    return {
        "version": "2.1.0",
        "runs": [{"tool": {"driver": {"name": name, "rules": list(rules)}}, "results": list(results)}],
    }


def cyclonedx(*vulnerabilities: dict[str, Any], made_at: str = "2026-11-24T10:00:00Z") -> dict[str, Any]:
    """Return a CycloneDX bill of one package, with *vulnerabilities* of it."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"timestamp": made_at, "tools": {"components": [{"name": "analyst"}]}},
        "components": [{"bom-ref": "a", "type": "library", "name": "lib", "purl": "pkg:pypi/lib@1.0"}],
        "vulnerabilities": [
            {"id": "CVE-2026-1", "affects": [{"ref": "a"}], **each} for each in vulnerabilities
        ],
    }


def openvex(*statements: dict[str, Any], made_at: str = "2026-11-24T10:00:00Z") -> dict[str, Any]:
    """Return an OpenVEX document."""
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.com/vex/1",
        "author": "Example Security",
        "timestamp": made_at,
        "version": 1,
        "statements": [
            {
                "vulnerability": {"name": "CVE-2026-1"},
                "products": [{"@id": "pkg:pypi/lib@1.0"}],
                "status": "not_affected",
                "justification": "vulnerable_code_not_in_execute_path",
                **each,
            }
            for each in statements
        ],
    }
