"""The formats in which the report is taken away, by the name of the format."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from toban.engine.reports.monthly import MonthlyReport
from toban.faces.report.markdown import markdown
from toban.faces.report.written import written
from toban.faces.values.reports import report_values
from toban.text import printable_json


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A format."""

    suffix: str
    media_type: str
    make: Callable[[MonthlyReport, str], bytes]
    """Called with the report and a language; a PDF may raise `paper.NoFont`."""


def _markdown(report: MonthlyReport, language: str) -> bytes:
    return markdown(written(report, language)).encode()


def _pdf(report: MonthlyReport, language: str) -> bytes:
    # The modules that make PDFs take long to load, and few commands print one.
    from toban.faces.report.paper import pdf  # noqa: PLC0415

    return pdf(written(report, language), report.month.known_at)


def _workbook(report: MonthlyReport, language: str) -> bytes:
    from toban.faces.report.workbook import workbook  # noqa: PLC0415 - takes long to load, too

    return workbook(report, language)


def _json(report: MonthlyReport, _language: str) -> bytes:
    # The sentences in it are in the reader's language anyway.
    return printable_json(report_values(report), indent=2).encode()


FILES: Mapping[str, ReportFile] = {
    "pdf": ReportFile(".pdf", "application/pdf", _pdf),
    "xlsx": ReportFile(
        ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _workbook
    ),
    "md": ReportFile(".md", "text/markdown; charset=utf-8", _markdown),
    "json": ReportFile(".json", "application/json", _json),
}
