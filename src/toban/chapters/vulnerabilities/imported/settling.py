"""Closing what VEX statements close, as long as they stand, and opening it again when they end."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched

from toban.chapters.vulnerabilities.imported.saying import VexStatus
from toban.chapters.vulnerabilities.imported.vex import (
    PresentVulnerability,
    StandingStatement,
    closing,
    is_about,
)
from toban.chapters.vulnerabilities.models import VexStatement, Vulnerability
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry

_BATCH = 200

type _Known = Mapping[tuple[str, str], Sequence[StandingStatement]]
"""Inventory and name of a vulnerability → what is stated of it."""


@dataclass(frozen=True, slots=True)
class SettledStatements:
    """What statements changed."""

    closed: Sequence[tuple[Vulnerability, Mapping[str, str]]] = ()
    """With the statement that closes it."""
    reopened: Sequence[tuple[Vulnerability, Mapping[str, str]]] = ()
    """With the statement that closed it."""

    def records(self, actor: str, clause_id: str, digest: str) -> Iterator[ledger.Record]:
        """Yield what the evidence keeps of it: each vulnerability by name, with the reason that was given."""
        every = [(each, True) for each in self.closed] + [(each, False) for each in self.reopened]
        for some in batched(every, _BATCH):
            content = {
                "event": "vulnerabilities-settled",
                "closed": [_told(*each) for each, is_closed in some if is_closed],
                "reopened": [_told(*each) for each, is_closed in some if not is_closed],
            }
            yield ledger.Record(
                LedgerEntry.Kind.AUDIT, content, actor=actor, clause_id=clause_id, document_digest=digest
            )


def settle(inventories: Collection[str], now: datetime) -> SettledStatements:
    """Close and open the vulnerabilities of *inventories* by the statements that stand."""
    known = _statements(inventories)
    closed: list[tuple[Vulnerability, Mapping[str, str]]] = []
    reopened: list[tuple[Vulnerability, Mapping[str, str]]] = []
    for row in _concerned(inventories, known):
        found = _closing(row, known)
        if found == row.closing:
            continue
        (closed if found else reopened).append((row, found or row.closing))
        row.closing, row.closed_at = found, now if found else None
    changed = [row for row, _ in (*closed, *reopened)]
    Vulnerability.objects.bulk_update(changed, ("closing", "closed_at"), _BATCH)
    return SettledStatements(closed, reopened)


def _statements(inventories: Collection[str]) -> _Known:
    found: dict[tuple[str, str], list[StandingStatement]] = defaultdict(list)
    rows = VexStatement.objects.filter(report__inventory__in=inventories).select_related("report")
    for each in rows.order_by("pk"):
        standing = StandingStatement(
            each.report.source,
            tuple(each.names),
            each.ecosystem,
            each.package,
            each.version,
            VexStatus(each.status),
            each.justification,
            each.at,
        )
        for name in each.names:
            found[each.report.inventory, name].append(standing)
    return found


def _concerned(inventories: Collection[str], known: _Known) -> Iterator[Vulnerability]:
    """Yield the vulnerabilities that are stated something of, or that are closed."""
    present = Vulnerability.objects.present().filter(inventory__in=inventories)
    # Most systems have no statements at all, and tens of thousands of vulnerabilities.
    yield from present if known else present.exclude(closed_at=None)


def _closing(row: Vulnerability, known: _Known) -> dict[str, str]:
    names = {row.name, *row.advisories}
    found = PresentVulnerability(names, row.ecosystem, {row.package, *row.installed}, row.version)
    about = {each: None for name in names for each in known.get((row.inventory, name), ())}
    by = closing(each for each in about if is_about(each, found))
    if by is None:
        return {}
    return {"source": by.source, "status": str(by.status), "justification": by.justification}


def _told(row: Vulnerability, statement: Mapping[str, str]) -> dict[str, object]:
    return {
        "name": row.name,
        "package": row.package,
        "version": row.version,
        "inventory": row.inventory,
        "first_seen": row.first_seen.isoformat(),
        **statement,
    }
