"""Keeping a report, in place of the former one of its source, and its statements."""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from toban.chapters.vulnerabilities.imported.saying import ScannerReport
from toban.chapters.vulnerabilities.models import ImportedReport, VexStatement
from toban.chapters.vulnerabilities.package import believable
from toban.message import Message, plain
from toban.text import printable

_MOST_NAMED = 5
_BATCH = 500


def keep_report(row: ImportedReport, report: ScannerReport, written: bytes, by: str, now: datetime) -> None:
    """Have *row* be of *report*, which is in *written* and was given by *by*."""
    row.format, row.digest = report.format.value, hashlib.sha256(written).hexdigest()
    row.made_at, row.received_at = believable(report.made_at, now), now
    row.received_from, row.finds = by[:150], report.finds
    row.found = len(report.found)
    row.left_out = [each.as_json() for each in _gaps(report, row.source)]
    row.save()
    row.statements.all().delete()
    statements = (
        VexStatement(
            report=row,
            names=each.names,
            ecosystem=each.package.ecosystem,
            package=each.package.name,
            version=each.package.version,
            status=each.status.value,
            justification=each.justification,
            at=each.at or row.at,
        )
        for each in report.statements
    )
    VexStatement.objects.bulk_create(statements, _BATCH)


def _gaps(report: ScannerReport, source: str) -> Iterator[Message]:
    """Yield what *report* names in vain."""
    if report.looked_at_nothing:
        yield Message("vulnerabilities.report-of-nothing", source=source)
    unreasoned = [
        each.names[0] for each in report.statements if each.status.closes and not each.justification
    ]
    for code, names in (("left-out", report.left_out), ("unreasoned", unreasoned)):
        if names:
            yield Message(
                f"vulnerabilities.report-{code}",
                source=source,
                count=len(names),
                names=tuple(plain(printable(each)[:200]) for each in names[:_MOST_NAMED]),
            )
