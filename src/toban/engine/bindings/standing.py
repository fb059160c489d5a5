"""What the page says of each clause when a document comes into force, before anything has run."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from toban.design.clauses.base import Clause
from toban.design.clauses.objectives import DutyRole, MaintenanceWindow
from toban.engine.bindings.due import next_due
from toban.engine.bindings.inforce import Edition
from toban.engine.bindings.model import Bindings
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict

NOT_CONNECTED = "この章の実行はまだ接続されていません"
_KEPT_BY_NOTICES = "この時間帯は通知を控え、終わっても続いていれば知らせます"


def standing(
    edition: Edition,
    unbound: Mapping[str, str],
    running: Collection[type[Clause]],
    now: datetime,
) -> Iterator[StatusUpdate]:
    """Yield the status of every clause that no chapter speaks for.

    *unbound* says of single clauses why they don't run; clauses of the *running* types are otherwise left to
    the chapters that run them.
    """
    for clause in edition.design.clauses:
        if clause.id in unbound:
            yield _unbound(clause, unbound[clause.id], edition.bindings, now)
        elif isinstance(clause, MaintenanceWindow):
            due = next_due(clause, edition.bindings.system, now)
            yield StatusUpdate(clause.id, Verdict.CONFORMING, "", _KEPT_BY_NOTICES, now, due)
        elif not isinstance(clause, tuple(running)):
            yield _unbound(clause, _reason(clause, edition.bindings), edition.bindings, now)


def _unbound(clause: Clause, reason: str, bindings: Bindings, now: datetime) -> StatusUpdate:
    due = next_due(clause, bindings.system, now)
    holder = bindings.people.get(clause.role) if isinstance(clause, DutyRole) else None
    return StatusUpdate(clause.id, Verdict.UNBOUND, holder.name if holder else "", reason, now, due)


def _reason(clause: Clause, bindings: Bindings) -> str:
    if isinstance(clause, DutyRole) and clause.role not in bindings.people:
        return (
            f"役割「{clause.role}」の担当者が {bindings.file} にありません:"
            f' [people."{clause.role}"] を書いてください'
        )
    return NOT_CONNECTED
