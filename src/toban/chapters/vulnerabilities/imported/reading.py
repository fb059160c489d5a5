"""Which format a report has. Pure; whatever the file holds, reading it ends and fits into memory."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from toban.chapters.vulnerabilities.imported.cyclonedx import is_cyclonedx, read_cyclonedx
from toban.chapters.vulnerabilities.imported.openvex import is_openvex, read_openvex
from toban.chapters.vulnerabilities.imported.sarif import is_sarif, read_sarif
from toban.chapters.vulnerabilities.imported.saying import NotAReport, ScannerReport
from toban.chapters.vulnerabilities.imported.trivy import is_trivy, read_trivy
from toban.message import Message

LARGEST = 64 * 1024 * 1024
"""Bytes; that of a large image has some twenty megabytes."""
_MOST = 50_000
"""Entries of each kind: what has more is no report that anybody could work through."""
_FORMATS: tuple[
    tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any]], ScannerReport]], ...
] = (
    (is_trivy, read_trivy),
    (is_sarif, read_sarif),
    (is_cyclonedx, read_cyclonedx),
    (is_openvex, read_openvex),
)


def read_report(written: bytes) -> ScannerReport:
    """Return what a report says: Trivy's JSON, SARIF, CycloneDX or OpenVEX; raise `NotAReport`."""
    if len(written) > LARGEST:
        raise NotAReport(Message("vulnerabilities.report-too-large", mebibytes=LARGEST // 1024**2))
    try:
        parsed = orjson.loads(written)
    except ValueError as error:
        raise NotAReport(Message("vulnerabilities.report-no-json")) from error
    reader = next((read for is_it, read in _FORMATS if isinstance(parsed, dict) and is_it(parsed)), None)
    if reader is None:
        raise NotAReport(Message("vulnerabilities.report-unknown"))
    found = reader(parsed)
    if max(len(found.found), len(found.statements), len(found.left_out)) > _MOST:
        raise NotAReport(Message("vulnerabilities.report-too-many", most=_MOST))
    return found
