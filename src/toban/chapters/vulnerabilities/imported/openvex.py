"""OpenVEX: statements about vulnerabilities in products. Pure.

https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from toban.chapters.vulnerabilities.imported.saying import (
    Entry,
    ReportFormat,
    ScannerReport,
    Statement,
    VexStatus,
    dict_of,
    dicts,
    justified,
    names_of,
    placed,
    text_of,
    time_of,
)
from toban.chapters.vulnerabilities.package import Package

_CONTEXT = "https://openvex.dev/ns"


def is_openvex(written: Mapping[str, Any]) -> bool:
    """Whether a parsed file is OpenVEX."""
    return text_of(written.get("@context")).startswith(_CONTEXT)


def read_openvex(written: Mapping[str, Any]) -> ScannerReport:
    """Return the statements of a document."""
    made_at = time_of(written.get("last_updated")) or time_of(written.get("timestamp"))
    entries = (one for each in dicts(written.get("statements")) for one in _entries(each, made_at))
    return ScannerReport.of(
        ReportFormat.OPENVEX, text_of(written.get("author")) or "openvex", made_at, entries
    )


def _entries(each: Mapping[str, Any], made_at: datetime | None) -> Iterator[Entry]:
    names, packages = _names(each.get("vulnerability")), list(_packages(each))
    status = text_of(each.get("status"))
    if not names or not packages or None in packages or status not in VexStatus:
        yield names[0] if names else "?"
    if not names or status not in VexStatus:
        return
    at = time_of(each.get("last_updated")) or time_of(each.get("timestamp")) or made_at
    said = justified(each.get("justification"), each.get("impact_statement"), each.get("status_notes"))
    # That it is mended is a reason by itself.
    why = said or (status if status == VexStatus.FIXED else "")
    for package in filter(None, packages):
        yield Statement(names, package, VexStatus(status), why, at)


def _names(written: object) -> tuple[str, ...]:
    """Return the names of a vulnerability, which was a text before version 0.2."""
    if isinstance(written, str):
        return names_of(written)
    said = dict_of(written)
    aliases = said.get("aliases")
    return names_of(said.get("name") or said.get("@id"), *(aliases if isinstance(aliases, list) else ()))


def _packages(each: Mapping[str, Any]) -> Iterator[Package | None]:
    """Yield the packages that a statement is about; None for a product of which it does not say which part.

    What is true of one image need not be of another: it says nothing about the packages of an inventory.
    """
    products = each.get("products")
    for product in products if isinstance(products, list) else ():
        parts = dicts(dict_of(product).get("subcomponents"))
        for one in parts or (product,):
            yield _package(one)


def _package(written: object) -> Package | None:
    said = dict_of(written)
    url = dict_of(said.get("identifiers")).get("purl") or said.get("@id") or written
    return placed(url)
