"""What `toban init` proposes for rows that order scans: this host, and a mirror of advisories. Pure."""

from collections.abc import Iterator

from toban.chapters.vulnerabilities.bindings import AdvisoriesBinding
from toban.chapters.vulnerabilities.inventory import INVENTORY_KINDS
from toban.design.acts import is_vulnerability_scan
from toban.design.clauses.routine import Routine
from toban.design.clauses.security import SecurityRoutine
from toban.design.reader import Design
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.registry.kinds import Kinds
from toban.message import Message

_KIND = "host"


def open_tables(design: Design, kinds: Kinds) -> Iterator[OpenTable]:
    """Yield an inventory and the mirror, if a row of *design* orders scans."""
    every: tuple[SecurityRoutine | Routine, ...] = (*design.of(SecurityRoutine), *design.of(Routine))
    rows = [row for row in every if is_vulnerability_scan(row)]
    found = kinds.of(INVENTORY_KINDS)
    if rows and _KIND in found:
        said = [Message("vulnerabilities.bind-each")]
        yield OpenTable("inventory", _KIND, rows, [BindingProposal(_KIND, found[_KIND].config)], said)
        said = [Message("vulnerabilities.fill-the-folder")]
        yield OpenTable("advisories", "", rows, [BindingProposal("", AdvisoriesBinding)], said)
