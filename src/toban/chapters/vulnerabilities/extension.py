"""The extension of vulnerabilities in chapter 8: what is installed, what is known against it, the scans."""

from toban.chapters.vulnerabilities.acts import ACTS
from toban.chapters.vulnerabilities.bindings import ADVISORIES, VULNERABILITIES
from toban.chapters.vulnerabilities.inventory import INVENTORY, INVENTORY_KINDS
from toban.chapters.vulnerabilities.proposals import open_tables
from toban.design.acts import is_vulnerability_scan
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.engine.extension import Extension, Link, RowKind, Scope
from toban.engine.found import SCANS
from toban.engine.registry.commands import Command
from toban.engine.reports.section import REPORT_SECTIONS
from toban.message import Message

_INVENTORIES = "toban.chapters.vulnerabilities.inventories"


def _page(row: SecurityRoutine | Routine) -> Link | None:
    return Link("vulnerabilities", Message("vulnerabilities.page")) if is_vulnerability_scan(row) else None


EXTENSION = Extension(
    name="vulnerabilities",
    manual="vulnerabilities.md",
    rows=(
        RowKind(SecurityRoutine, is_measured=True, link=_page, raises_alerts=is_vulnerability_scan),
        RowKind(Routine, is_measured=True, link=_page, raises_alerts=is_vulnerability_scan),
    ),
    tables=(INVENTORY, ADVISORIES, VULNERABILITIES),
    points=(INVENTORY_KINDS,),
    kinds={
        "inventory": {
            "files": f"{_INVENTORIES}.files",
            "host": f"{_INVENTORIES}.host",
            "pushed": f"{_INVENTORIES}.pushed",
            "python": f"{_INVENTORIES}.python",
            "sbom": f"{_INVENTORIES}.sbom",
        },
    },
    proposals=open_tables,
    operation="toban.chapters.vulnerabilities.operation",
    offers={
        REPORT_SECTIONS: "toban.chapters.vulnerabilities.reporting.monthly:section",
        SCANS: "toban.chapters.vulnerabilities.offered:SCANS",
    },
    apps=("toban.chapters.vulnerabilities",),
    pages="toban.faces.web.vulnerabilities.urls",
    menu=(Link("vulnerabilities", Message("vulnerabilities.page")),),
    api="toban.faces.api.vulnerabilities.routes",
    scopes=(
        Scope("read:vulnerabilities", Message("vulnerabilities.scope-read")),
        Scope("act:vulnerabilities", Message("vulnerabilities.scope-act")),
    ),
    intake="toban.faces.ingest.vulnerabilities.routes",
    acts=ACTS,
    commands={
        "vulnerabilities": Command(
            "toban.faces.cli.vulnerabilities.vulnerabilities", Message("commands.vulnerabilities")
        )
    },
)
