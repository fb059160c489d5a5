"""The status that the page shows for rows that nothing runs for."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from toban.design.clauses.base import Clause
from toban.design.clauses.labels import KINDS
from toban.engine.calendar.due import next_due
from toban.engine.editions.edition import Edition
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.operation import Declared, RowAnswer
from toban.message import NOTHING, Message, plain


def standing(edition: Edition, answered: Mapping[str, RowAnswer], now: datetime) -> Iterator[StatusUpdate]:
    """Yield the status of every clause that nothing runs for.

    *answered* are the answers of the extensions. The extension of a row that runs shows its status.
    """
    for clause in edition.design.clauses:
        answer = answered.get(clause.id, not_acted_on(clause))
        verdict, reason = _judged(answer)
        if reason:
            due = next_due(clause, edition.bindings.system, now)
            yield StatusUpdate(clause.id, verdict, NOTHING, reason, now, due)


def not_acted_on(clause: Clause) -> Declared:
    """Return the answer for a row that no extension handles."""
    kind = KINDS.get(clause.kind, plain(clause.kind))
    return Declared(Message("engine.kind-not-acted-on", kind=kind))


def _judged(answer: RowAnswer) -> tuple[Verdict, Message]:
    if isinstance(answer, Declared):
        return Verdict.DECLARED, answer.reason
    return Verdict.UNBOUND, answer
