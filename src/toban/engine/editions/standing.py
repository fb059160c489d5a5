"""The status that the page shows for rows that nothing runs for."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from toban.design.clauses.base import Clause
from toban.engine.bindings.model import Bindings
from toban.engine.calendar.due import next_due
from toban.engine.editions.edition import Edition
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.message import NOTHING, Message

NOT_CONNECTED = Message("engine.chapter-not-connected")


def standing(edition: Edition, answered: Mapping[str, Message], now: datetime) -> Iterator[StatusUpdate]:
    """Yield the status of every clause that nothing runs for.

    *answered* maps the id of each clause that an extension handles to the reason why it is not bound. The
    reason says nothing if it runs: then its extension shows the status.
    """
    for clause in edition.design.clauses:
        reason = answered.get(clause.id, NOT_CONNECTED)
        if reason:
            yield _unbound(clause, reason, edition.bindings, now)


def _unbound(clause: Clause, reason: Message, bindings: Bindings, now: datetime) -> StatusUpdate:
    due = next_due(clause, bindings.system, now)
    return StatusUpdate(clause.id, Verdict.UNBOUND, NOTHING, reason, now, due)
