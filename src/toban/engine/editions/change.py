"""What a new edition changes, in the operator's terms, and which rows it would stop. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from toban.design.clauses.base import Clause
from toban.design.diff import compare, title
from toban.design.reader import Design
from toban.engine.bindings.changed import ChangedTable, changed_tables
from toban.engine.editions.edition import Edition
from toban.engine.editions.standing import not_acted_on
from toban.engine.operation import Declared, RowAnswer
from toban.message import NOTHING, Message, lines

type RowsOf = Callable[[Edition], Mapping[str, RowAnswer]]
"""Returns the rows that Toban handles, each with why it is not bound, or `NOTHING` if it runs: `rows_of`."""

_LISTED = 20


@dataclass(frozen=True, slots=True)
class StoppedRow:
    """A row that runs in the edition in force and would not run in the new one."""

    clause: Clause
    """As it is in the edition in force."""
    reason: Message
    """Unreadable, no longer bound, or gone (a renamed row is gone, too)."""

    @property
    def said(self) -> Message:
        """The row, where it is written, and the reason, on one line."""
        return Message(
            "engine.row-would-stop", row=title(self.clause), at=str(self.clause.origin), why=self.reason
        )


@dataclass(frozen=True, slots=True)
class EditionChange:
    """The effects of a new edition."""

    plan: tuple[Message, ...] = ()
    """Every difference, old → new, each on one line."""
    rows: tuple[str, ...] = ()
    """The ids of the rows that are new, gone or different, or that Toban now acts on or no longer does."""
    tables: tuple[ChangedTable, ...] = ()
    """The tables of the bindings that are new, gone or different."""
    stopped: tuple[StoppedRow, ...] = ()

    @property
    def why_confirm(self) -> Message:
        """Why a person must confirm the new edition; it says nothing if no row would stop."""
        if not self.stopped:
            return NOTHING
        said = [each.said for each in self.stopped]
        return Message("engine.rows-would-stop", count=len(said), rows=listed(said))


def change_of(old: Edition, new: Edition, rows_of: RowsOf) -> EditionChange:
    """Return what *new* changes if it comes into force instead of *old*."""
    before, after = rows_of(old), rows_of(new)
    stopped = tuple(_stopped(old.design, new.design, before, after))
    difference, rebound = compare(old.design, new.design), list(_rebound(old, new, before, after))
    tables = changed_tables(old.bindings, new.bindings)
    bound = (*_bindings_said(old, new, tables), *(_rebound_said(row, after) for row in rebound))
    rows = (each.id for each in (*(found.clause for found in difference.changes), *rebound))
    return EditionChange((*difference.said, *bound), tuple(dict.fromkeys(rows)), tables, stopped)


def listed(said: Sequence[Message], most: int = _LISTED) -> Message:
    """Return the first *most* of *said*, each on its own line, and how many more there are."""
    more = [Message("engine.and-more", count=len(said) - most)] if len(said) > most else []
    return lines(*said[:most], *more)


def _stopped(
    old: Design, new: Design, before: Mapping[str, RowAnswer], after: Mapping[str, RowAnswer]
) -> Iterator[StoppedRow]:
    remaining = {clause.id for clause in new.clauses}
    for clause in old.clauses:
        if _runs(clause, before) and not _runs(clause, after):
            is_there = clause.id in remaining
            answer = after.get(clause.id, not_acted_on(clause))
            why = answer.reason if isinstance(answer, Declared) else answer
            yield StoppedRow(clause, why if is_there else _gone(clause, new))


def _runs(clause: Clause, rows: Mapping[str, RowAnswer]) -> bool:
    return clause.id in rows and not rows[clause.id]


def _gone(clause: Clause, new: Design) -> Message:
    """Return why *clause* is not among the clauses of *new*: its row can't be read, or there is none."""
    key = set(clause.id.split("/")[2:])
    for row in new.unread:
        if key and key <= {cell.strip() for cell in row.text.split("|")}:
            return Message("engine.row-unreadable", line=row.line, why=row.reason)
    return Message("engine.row-gone")


def _bindings_said(old: Edition, new: Edition, tables: Sequence[ChangedTable]) -> tuple[Message, ...]:
    if old.bindings.digest == new.bindings.digest:
        return ()
    if not tables:
        # Only comments, or the order.
        return (Message("engine.bindings-changed", file=new.bindings.file),)
    return (Message("engine.tables-changed", file=new.bindings.file, tables=tables),)


def _rebound(
    old: Edition, new: Edition, before: Mapping[str, RowAnswer], after: Mapping[str, RowAnswer]
) -> Iterator[Clause]:
    """Yield the rows of both editions that only one of them acts on, as other bindings would have it."""
    if old.bindings.digest != new.bindings.digest:
        had = {clause.id for clause in old.design.clauses}
        for clause in new.design.clauses:
            if clause.id in had and _runs(clause, before) is not _runs(clause, after):
                yield clause


def _rebound_said(row: Clause, after: Mapping[str, RowAnswer]) -> Message:
    return Message("engine.row-bound" if _runs(row, after) else "engine.row-unbound", row=title(row))
