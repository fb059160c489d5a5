"""A value that a row states and that a system has as a setting of its own; the cells that say it. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from toban.design.calendar import BusinessCalendar
from toban.design.cells import CellChange, NoSuchCell, TableCell, cells_at, rewritten
from toban.design.clauses.base import Clause
from toban.design.document_file import UnreadableDocument
from toban.design.reader import Design, read_design
from toban.design.reading.declared.declaration import DeclaredElsewhere
from toban.design.reading.registry import TABLES
from toban.message import Message

type CellTexts = Mapping[str, str]
"""The texts of a row's cells, by the roles of their columns."""


@dataclass(frozen=True, slots=True)
class TimeReckoning:
    """By which clocks and days two schedules are compared."""

    zone: ZoneInfo
    calendar: BusinessCalendar = field(default_factory=BusinessCalendar)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedValue[V]:
    """A value of one kind of row."""

    name: str
    """Permanent: `log-retention`."""
    kind: type[Clause]
    of: Callable[[Any], V | None]
    """Returns the value of a row; None if it states none."""
    read: Callable[[str], V | None]
    """Reads the value as it is stored: the document's own words, or a line of cron."""
    said: Callable[[V], Message]
    is_same: Callable[[V, V, TimeReckoning], bool]
    """Whether what is stated is what a system has."""
    words: Callable[[V, CellTexts, str], Iterator[CellTexts]]
    """Yields what the cells may say instead, the likeliest first, in the language of the document."""

    @property
    def label(self) -> Message:
        """What it is called."""
        return Message(f"design.stated-{self.name}")


# A page proposes the same each time that somebody looks at it.
@lru_cache(maxsize=64)
def rewriting(
    text: str,
    row: Clause,
    wanted: tuple[StatedValue[Any], str],
    reckoning: TimeReckoning,
    declared: tuple[DeclaredElsewhere, ...] = (),
) -> str | None:
    """Return the document *text* with the cells of *row* saying what is *wanted*: a value, as it is stored.

    Every other character stays, and all of them if the row says it already. None if no cell says it, or the
    document would be read otherwise than is meant: the row states the wanted value, and all else is as it
    was. Raises `UnreadableDocument`.
    """
    value, real = wanted[0], wanted[0].read(wanted[1])
    before = _read(text, declared)
    here = next((each for each in before.of(value.kind) if each.id == row.id), None)
    if here is None or real is None:
        return None
    cells = _cells(text, here)
    for words in value.words(real, {role: each.text for role, each in cells.items()}, before.language):
        changes = [CellChange(cells[role], said) for role, said in words.items() if said != cells[role].text]
        after = _read_again(text, changes, declared)
        if after is not None and _is_meant(before, after[1], here, value, real, reckoning):
            return after[0]
    return None


# The next row is written into what the last one has come to.
@lru_cache(maxsize=2)
def _read(text: str, declared: tuple[DeclaredElsewhere, ...]) -> Design:
    return read_design(text, "", declared)


def _cells(text: str, row: Clause) -> Mapping[str, TableCell]:
    shapes = (each for each in TABLES if isinstance(row, each.kind) and not each.record_only)
    return next((found for each in shapes if (found := cells_at(text, row.origin.line, each.columns))), {})


def _read_again(
    text: str, changes: Sequence[CellChange], declared: tuple[DeclaredElsewhere, ...]
) -> tuple[str, Design] | None:
    try:
        after = rewritten(text, changes)
        return after, _read(after, declared)
    except (NoSuchCell, UnreadableDocument):
        return None


def _is_meant(
    before: Design,
    after: Design,
    row: Clause,
    value: StatedValue[Any],
    real: object,
    reckoning: TimeReckoning,
) -> bool:
    aside = (before.rows, before.unread, before.not_in_force, before.aside)
    if aside != (after.rows, after.unread, after.not_in_force, after.aside):
        return False
    if len(before.clauses) != len(after.clauses):
        return False
    for old, new in zip(before.clauses, after.clauses, strict=True):
        if old.id == row.id:
            stated = value.of(new) if new.id == row.id and _differ_in_one(old, new) else None
            if stated is None or not value.is_same(stated, real, reckoning):
                return False
        # Others of the same line quote its new words.
        elif new != (replace(old, text=new.text) if old.origin == row.origin else old):
            return False
    return True


def _differ_in_one(old: Clause, new: Clause) -> bool:
    """Return whether at most one of the row's values has changed, besides its words."""
    if type(old) is not type(new):
        return False
    values = (each.name for each in fields(old) if each.name not in ("text", "assumptions"))
    return len([name for name in values if getattr(old, name) != getattr(new, name)]) <= 1
