"""SARIF, as code scanners and scanners of packages write it. Pure.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/ It has no place for a package: what scanners write of one is
read from rules and messages, and otherwise the file stands for it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.chapters.vulnerabilities.imported.saying import (
    Entry,
    NotAReport,
    ReportedVulnerability,
    ReportFormat,
    ScannerReport,
    dict_of,
    dicts,
    fitting,
    names_of,
    summary_text,
    text_of,
    time_of,
    version_text,
)
from toban.chapters.vulnerabilities.package import Package
from toban.message import Message

_NO_FINDINGS = {"informational", "notApplicable", "pass"}
_GONE = "absent"
_ID = re.compile(r"(?P<id>CVE-\d{4}-\d{4,19}|GHSA(?:-[a-z0-9]{4}){3})(?:-(?P<package>.+))?", re.IGNORECASE)
_LINES = re.compile(
    r"^Package: (?P<package>[^\n]{1,300})\nInstalled Version: (?P<version>[^\n]{1,300})"
    r"(?:[^\0]{0,1000}?^Fixed Version: (?P<fixed>[^\n]{1,300}))?",
    re.MULTILINE,
)
"""As Trivy writes it."""
_QUOTED = re.compile(r"Package '(?P<package>@?[^'@]{1,300})@(?P<version>[^']{1,300})'")
"""As osv-scanner writes it."""
_NAMED = re.compile(r"package: (?P<package>\S{1,300}), version (?P<version>\S{1,300}) was found")
"""As Grype writes it."""
_BOUNDS = ((9.0, Rating.CRITICAL), (7.0, Rating.HIGH), (4.0, Rating.MEDIUM), (0.1, Rating.LOW))


def is_sarif(written: Mapping[str, Any]) -> bool:
    """Whether a parsed file is SARIF."""
    return isinstance(written.get("runs"), list) and text_of(written.get("version")).startswith("2.")


def read_sarif(written: Mapping[str, Any]) -> ScannerReport:
    """Return what a file says, of all its runs; raise `NotAReport` for a tool that did not get through."""
    runs = dicts(written.get("runs"))
    if not runs:
        raise NotAReport(Message("vulnerabilities.report-without-runs"))
    tools = [text_of(dict_of(dict_of(run.get("tool")).get("driver")).get("name")) for run in runs]
    for run, tool in zip(runs, tools, strict=True):
        if any(each.get("executionSuccessful") is False for each in dicts(run.get("invocations"))):
            raise NotAReport(Message("vulnerabilities.report-broken-off", source=tool or "SARIF"))
    source = " + ".join(dict.fromkeys(filter(None, tools))) or "sarif"
    times = [time_of(each.get("endTimeUtc")) for run in runs for each in dicts(run.get("invocations"))]
    made_at = min((at for at in times if at is not None), default=None)
    return ScannerReport.of(
        ReportFormat.SARIF, source, made_at, (each for run in runs for each in _results(run))
    )


def _results(run: Mapping[str, Any]) -> Iterator[Entry]:
    tool = dict_of(run.get("tool"))
    rules = dicts(dict_of(tool.get("driver")).get("rules"))
    others = [rule for part in dicts(tool.get("extensions")) for rule in dicts(part.get("rules"))]
    by_id = {text_of(rule.get("id")): rule for rule in (*others, *rules)}
    for result in dicts(run.get("results")):
        if result.get("kind") in _NO_FINDINGS or result.get("baselineState") == _GONE:
            continue
        rule = by_id.get(_rule_id(result), {}) or _indexed(rules, result)
        yield _vulnerability(result, rule)


def _rule_id(result: Mapping[str, Any]) -> str:
    return text_of(result.get("ruleId")) or text_of(dict_of(result.get("rule")).get("id"))


def _indexed(rules: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> Mapping[str, Any]:
    at = result.get("ruleIndex", dict_of(result.get("rule")).get("index"))
    return rules[at] if isinstance(at, int) and 0 <= at < len(rules) else {}


def _vulnerability(result: Mapping[str, Any], rule: Mapping[str, Any]) -> Entry:
    rule_id = _rule_id(result) or text_of(rule.get("id"))
    said = text_of(dict_of(result.get("message")).get("text"))
    if not rule_id:
        return said[:200] or "?"
    known = _ID.fullmatch(rule_id)
    name, named = (known["id"], known["package"]) if known else (rule_id, None)
    found = _LINES.search(said) or _QUOTED.search(said) or _NAMED.search(said)
    place = _file(result)
    package = Package("", found["package"], found["version"]) if found else Package("", named or place, "")
    if not package.name:
        return rule_id
    return ReportedVulnerability(
        names_of(name),
        fitting(package),
        _rating(result, rule),
        version_text(found.groupdict().get("fixed")) if found else "",
        summary_text(
            dict_of(rule.get("shortDescription")).get("text"),
            dict_of(rule.get("fullDescription")).get("text"),
            said,
        ),
    )


def _file(result: Mapping[str, Any]) -> str:
    """Return the first file that a result is about."""
    for each in dicts(result.get("locations")):
        place = dict_of(dict_of(each.get("physicalLocation")).get("artifactLocation"))
        if uri := text_of(place.get("uri")):
            return uri
    return ""


def _rating(result: Mapping[str, Any], rule: Mapping[str, Any]) -> Rating:
    """Return the rating by `security-severity`, a score like that of CVSS."""
    for each in (result, rule):
        try:
            score = float(dict_of(each.get("properties")).get("security-severity", ""))
        except (TypeError, ValueError):
            continue
        return next((rating for least, rating in _BOUNDS if score >= least), Rating.UNKNOWN)
    return Rating.UNKNOWN
