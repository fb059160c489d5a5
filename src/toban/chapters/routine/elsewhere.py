"""Recurring work of people that rows of chapters 8 and 12 order, where no row of chapter 10 does. Pure."""

from collections.abc import Iterator

from toban.design.acts import is_vulnerability_scan, led, schedule_of
from toban.design.clauses.base import Clause
from toban.design.clauses.documents import DocumentRule
from toban.design.clauses.security import AccessReview, AuditReview, SecurityRoutine
from toban.design.reader import Design
from toban.design.values.schedule import Cadence
from toban.engine.tasks.rules import OrderedTask

KINDS: tuple[type[Clause], ...] = (AccessReview, AuditReview, SecurityRoutine, DocumentRule)

_UNTIMED = (Cadence.ON_EVENT, Cadence.ON_DEMAND, Cadence.CONTINUOUS)


def orders(design: Design, role: str) -> Iterator[tuple[Clause, OrderedTask]]:
    """Yield the rows with a time whose work nobody else leads, and their task.

    Such rows name nobody: they are *role*'s.
    """
    theirs = led(design)
    for row in design.clauses:
        schedule = schedule_of(row)
        if not isinstance(row, KINDS) or row.id in theirs or schedule is None or schedule.cadence in _UNTIMED:
            continue
        # A machine scans.
        if not (isinstance(row, SecurityRoutine) and is_vulnerability_scan(row)):
            yield row, OrderedTask(_name(row), (role,), schedule)


def _name(row: Clause) -> str:
    match row:
        case SecurityRoutine():
            return row.name
        case AuditReview() | DocumentRule():
            return row.content
        case _:
            return row.text
