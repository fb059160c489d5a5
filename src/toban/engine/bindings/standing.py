"""What the page says of each clause when a document comes into force, before anything has run."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from toban.design.clauses.base import Clause
from toban.design.clauses.objectives import MaintenanceWindow
from toban.engine.bindings.due import next_due
from toban.engine.bindings.inforce import Edition
from toban.engine.bindings.model import Bindings
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.said import recorded

NOT_CONNECTED = recorded("この章の実行はまだ接続されていません")
_KEPT_BY_NOTICES = recorded("この時間帯は通知を控え、終わっても続いていれば知らせます")


def standing(
    edition: Edition,
    unbound: Mapping[str, str],
    running: Collection[type[Clause]],
    now: datetime,
    kept: Collection[str] = (),
) -> Iterator[StatusUpdate]:
    """Yield the status of every clause that no chapter speaks for.

    *unbound* says of single clauses why they don't run; clauses of the *running* types are otherwise left to
    the chapters that run them, as are those whose ids are in *kept*.
    """
    for clause in edition.design.clauses:
        if clause.id in unbound:
            yield _unbound(clause, unbound[clause.id], edition.bindings, now)
        elif isinstance(clause, MaintenanceWindow):
            due = next_due(clause, edition.bindings.system, now)
            yield StatusUpdate(clause.id, Verdict.CONFORMING, "", _KEPT_BY_NOTICES, now, due)
        elif clause.id not in kept and not isinstance(clause, tuple(running)):
            yield _unbound(clause, NOT_CONNECTED, edition.bindings, now)


def _unbound(clause: Clause, reason: str, bindings: Bindings, now: datetime) -> StatusUpdate:
    due = next_due(clause, bindings.system, now)
    return StatusUpdate(clause.id, Verdict.UNBOUND, "", reason, now, due)
