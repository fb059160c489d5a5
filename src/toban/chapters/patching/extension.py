"""The extension of patches in chapters 8 and 10: hosts, their package managers, and the runs on them."""

from toban.chapters.patching.acts import ACTS
from toban.chapters.patching.bindings import PATCHES
from toban.chapters.patching.doubts import doubts
from toban.chapters.patching.manager import MANAGER_KINDS, PATCHING
from toban.chapters.patching.proposals import open_tables
from toban.design.acts import is_patching
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.engine.extension import Extension, Link, RowKind
from toban.engine.registry.commands import Command
from toban.engine.reports.section import REPORT_SECTIONS
from toban.message import Message

_MANAGERS = "toban.chapters.patching.managers"


def _page(row: SecurityRoutine | Routine) -> Link | None:
    return Link("patches", Message("patching.page")) if is_patching(row) else None


EXTENSION = Extension(
    name="patching",
    manual="patches.md",
    rows=(
        RowKind(SecurityRoutine, is_measured=True, link=_page, raises_alerts=is_patching),
        RowKind(Routine, is_measured=True, link=_page, raises_alerts=is_patching),
    ),
    tables=(PATCHING, PATCHES),
    points=(MANAGER_KINDS,),
    kinds={"patching": {"apt": f"{_MANAGERS}.apt", "dnf": f"{_MANAGERS}.dnf"}},
    proposals=open_tables,
    doubts=doubts,
    operation="toban.chapters.patching.operation",
    offers={REPORT_SECTIONS: "toban.chapters.patching.monthly:section"},
    apps=("toban.chapters.patching",),
    pages="toban.faces.web.patching.urls",
    folded=(Link("patches", Message("patching.page")),),
    acts=ACTS,
    commands={"patches": Command("toban.faces.cli.patching.patches", Message("commands.patches"))},
)
