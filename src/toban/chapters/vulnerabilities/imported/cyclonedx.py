"""The vulnerabilities of CycloneDX: what a scanner found, and the analysis of it (VEX). Pure.

https://cyclonedx.org/docs/1.6/json/#vulnerabilities
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from toban.chapters.vulnerabilities.advisories.rating import Rating, rated, worded
from toban.chapters.vulnerabilities.imported.saying import (
    Entry,
    NotAReport,
    ReportedVulnerability,
    ReportFormat,
    ScannerReport,
    Statement,
    VexStatus,
    dict_of,
    dicts,
    fitting,
    justified,
    names_of,
    placed,
    summary_text,
    text_of,
    time_of,
)
from toban.chapters.vulnerabilities.package import Package
from toban.message import Message

_DEEPEST = 32
"""Components within components."""
_STATES: Mapping[str, VexStatus] = {
    "exploitable": VexStatus.AFFECTED,
    "false_positive": VexStatus.NOT_AFFECTED,
    "in_triage": VexStatus.UNDER_INVESTIGATION,
    "not_affected": VexStatus.NOT_AFFECTED,
    "resolved": VexStatus.FIXED,
    "resolved_with_pedigree": VexStatus.FIXED,
}
_METHODS = {"CVSSv2": "CVSS_V2", "CVSSv3": "CVSS_V3", "CVSSv31": "CVSS_V3", "CVSSv4": "CVSS_V4"}

type _Parts = Mapping[str, Package]
"""The reference of a component → its package."""


def is_cyclonedx(written: Mapping[str, Any]) -> bool:
    """Whether a parsed file is CycloneDX."""
    return written.get("bomFormat") == "CycloneDX"


def read_cyclonedx(written: Mapping[str, Any]) -> ScannerReport:
    """Return what a bill says of vulnerabilities; raise `NotAReport` for one that says nothing of any."""
    if not isinstance(written.get("vulnerabilities"), list):
        raise NotAReport(Message("vulnerabilities.report-is-a-bill"))
    metadata = dict_of(written.get("metadata"))
    parts = dict(_parts([metadata.get("component")], 0)) | dict(_parts(written.get("components"), 0))
    made_at = time_of(metadata.get("timestamp"))
    entries = (one for each in dicts(written["vulnerabilities"]) for one in _entries(each, parts, made_at))
    said = ScannerReport.of(ReportFormat.CYCLONEDX, _tool(metadata), made_at, entries)
    # Trivy writes an empty list where it was not even asked to look for vulnerabilities.
    return replace(said, looked_at_nothing=not written["vulnerabilities"])


def _entries(each: Mapping[str, Any], parts: _Parts, made_at: datetime | None) -> Iterator[Entry]:
    name = text_of(each.get("id"))
    names = names_of(name, *(one.get("id") for one in dicts(each.get("references"))))
    packages = list(_affected(each, parts)) if name else []
    if not packages or None in packages:
        yield name or "?"
    analysis = dict_of(each.get("analysis"))
    status = _STATES.get(text_of(analysis.get("state")))
    at = time_of(analysis.get("lastUpdated")) or time_of(analysis.get("firstIssued")) or made_at
    for package in filter(None, packages):
        if status is None or not status.closes:
            summary = summary_text(each.get("description"), each.get("detail"))
            yield ReportedVulnerability(names, package, _rating(each), "", summary)
        if status is not None:
            yield Statement(names, package, status, _why(analysis), at)


def _parts(components: object, depth: int) -> Iterator[tuple[str, Package]]:
    if depth > _DEEPEST:
        raise NotAReport(Message("vulnerabilities.report-too-deep"))
    for each in dicts(components):
        reference, url = text_of(each.get("bom-ref")), text_of(each.get("purl"))
        name = text_of(each.get("name"))
        package = placed(url) if url else fitting(Package("", name, text_of(each.get("version"))))
        # Nothing refers to a part without either; a reference that leads nowhere must not lead to it.
        if package is not None and package.name and (reference or url):
            yield reference or url, package
        yield from _parts(each.get("components"), depth + 1)


def _affected(each: Mapping[str, Any], parts: _Parts) -> Iterator[Package | None]:
    """Yield the packages that an entry is about; None for one that the bill does not name."""
    for one in dicts(each.get("affects")):
        reference = text_of(one.get("ref"))
        # A link into another bill ends with the reference there.
        yield parts.get(reference) or parts.get(reference.partition("#")[2]) or placed(reference)


def _rating(each: Mapping[str, Any]) -> Rating:
    ratings = (
        rating
        for one in dicts(each.get("ratings"))
        for rating in (
            worded(one.get("severity")),
            rated(_METHODS.get(text_of(one.get("method")), ""), text_of(one.get("vector"))),
        )
    )
    return min(ratings, key=lambda rating: rating.rank, default=Rating.UNKNOWN)


def _why(analysis: Mapping[str, Any]) -> str:
    state = text_of(analysis.get("state"))
    responses = analysis.get("response")
    said = (
        analysis.get("justification"),
        *(responses if isinstance(responses, list) else ()),
        analysis.get("detail"),
    )
    # That it is no vulnerability at all, or was mended, is a reason by itself.
    return justified(*(() if state == VexStatus.NOT_AFFECTED else (state,)), *said)


def _tool(metadata: Mapping[str, Any]) -> str:
    tools = metadata.get("tools")
    named: Sequence[Mapping[str, Any]] = (
        dicts(tools) if isinstance(tools, list) else dicts(dict_of(tools).get("components"))
    )
    return next((name for each in named if (name := text_of(each.get("name")))), "cyclonedx")
