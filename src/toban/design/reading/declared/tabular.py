"""What a declaration says of columns, held against those that are there."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from toban.design.clauses.base import Clause
from toban.design.clauses.labels import KINDS
from toban.design.markdown import MarkdownTable
from toban.design.reading.declared.declaration import Flaw, Misdeclared, ReadingDeclaration
from toban.design.reading.declared.vocabulary import (
    HEADING,
    is_nothing,
    part_named,
    role_named,
    role_words,
    spoken_role,
)
from toban.design.reading.grounds import column_of
from toban.design.reading.outcome import RowFate, RowOutcome
from toban.design.reading.registry import TABLES
from toban.design.reading.tables import DeclaredKind, read_as
from toban.design.section import DocumentSection, normalise
from toban.design.shapes.shape import TableShape, roles_of
from toban.message import Message

_TAKEN = "\0"
"""Stands for a column that the declaration names, and that is not looked at again."""


@dataclass(frozen=True, slots=True)
class TabularReading:
    """Rows as one shape of the declared kind, or why its columns can't be found."""

    outcomes: tuple[RowOutcome, ...]
    flaws: tuple[Misdeclared, ...] = ()

    @property
    def read(self) -> int:
        return sum(outcome.fate is RowFate.READ for outcome in self.outcomes)


def read_tabular(
    table: MarkdownTable,
    declaration: ReadingDeclaration,
    kind: type[Clause],
    section: DocumentSection,
    document: str,
) -> TabularReading | None:
    """Return the rows by the shape of *kind* that understands most of them; None if it has no table."""
    found = [
        _by_shape(shape, table, declaration, section, document) for shape in TABLES if shape.kind is kind
    ]
    if not found:
        return None
    return max(found, key=lambda reading: (not reading.flaws, reading.read, -len(reading.flaws)))


def _by_shape(
    shape: TableShape,
    table: MarkdownTable,
    declaration: ReadingDeclaration,
    section: DocumentSection,
    document: str,
) -> TabularReading:
    if any(part_named(column) == HEADING for _, column in declaration.columns):
        table = _with_heading(table, section)
    columns = _DeclaredColumns(declaration, shape, table.header)
    flaws = tuple(columns.flaws())
    if flaws:
        return TabularReading((), flaws)
    known = DeclaredKind(shape, columns.roles, declaration.origin, is_named=0 in columns.said.values())
    return TabularReading(tuple(read_as(known, table, section, document)))


def _with_heading(table: MarkdownTable, section: DocumentSection) -> MarkdownTable:
    """Return the table with the heading above as a column of its own, unless it has one of that name."""
    if any(part_named(name) == HEADING for name in table.header):
        return table
    rows = tuple(replace(row, cells=(*row.cells, section.title)) for row in table.rows)
    return replace(table, header=(*table.header, HEADING), rows=rows)


class _DeclaredColumns:
    """The columns of one table by a declaration, and by their names where it says nothing of them."""

    def __init__(self, declaration: ReadingDeclaration, shape: TableShape, header: Sequence[str]) -> None:
        self._declaration = declaration
        self._shape = shape
        self._header = header
        names = [_plain(name) for name in header]
        self.said: dict[tuple[str, str], int] = {
            pair: names.index(_plain(pair[1])) for pair in declaration.columns if _plain(pair[1]) in names
        }
        """The index of each column that the declaration names."""
        declared = {
            role: index
            for (word, _), index in self.said.items()
            if not is_nothing(word) and (role := role_named(word, shape)) is not None
        }
        left = tuple(_TAKEN if index in self.said.values() else name for index, name in enumerate(header))
        others = {role: pattern for role, pattern in shape.columns.items() if role not in declared}
        merged = {**declared, **roles_of(left, others)}
        self.roles: Mapping[str, int] = dict(sorted(merged.items(), key=lambda pair: pair[1]))

    def flaws(self) -> Iterator[Misdeclared]:
        """Yield what is wrong with the declaration for this shape; nothing may be wrong for it to count."""
        yield from (self._unknown(word) for word, _ in self._declaration.columns if not self._is_known(word))
        yield from (self._absent(pair[1]) for pair in self._declaration.columns if pair not in self.said)
        twice = [word for word, count in Counter(self._said()).items() if count > 1]
        yield from (self._flaw(Flaw.WORDS, Message("design.declared-twice", words=word)) for word in twice)
        for need in self._shape.needs:
            if not self.roles.keys() & set(need.split("|")):
                yield self._missing(need.split("|"))

    def _is_known(self, word: str) -> bool:
        return is_nothing(word) or role_named(word, self._shape) is not None

    def _said(self) -> Iterator[str]:
        """Yield what the declaration speaks of: each column, and each thing that a column is."""
        for word, column in self._declaration.columns:
            yield column
            if not is_nothing(word):
                yield str(role_named(word, self._shape) or word)

    def _unknown(self, word: str) -> Misdeclared:
        roles = tuple(column_of(self._shape.kind, role) for role in self._shape.columns)
        hint = _or_nearest(word, role_words(self._shape), Message("design.known-roles", roles=roles))
        return self._flaw(Flaw.WORDS, Message("design.unknown-role", word=word, kind=self._kind), hint)

    def _absent(self, column: str) -> Misdeclared:
        hint = _or_nearest(column, self._header, Message("design.columns-there", columns=self._header))
        return self._flaw(Flaw.PLACE, Message("design.no-such-column", column=column), hint)

    def _missing(self, roles: Sequence[str]) -> Misdeclared:
        choices = tuple(dict.fromkeys(column_of(self._shape.kind, role) for role in roles))
        message = Message("design.declared-lacks-column", kind=self._kind, columns=choices)
        hint = Message("design.say-which-column", role=spoken_role(roles[0], self._shape))
        return self._flaw(Flaw.PLACE, message, hint)

    @property
    def _kind(self) -> Message:
        return KINDS[self._shape.kind.kind]

    def _flaw(self, flaw: Flaw, message: Message, hint: Message | None = None) -> Misdeclared:
        hint = hint or Message("design.declare-once")
        return Misdeclared(flaw, self._declaration.origin, self._declaration.text, message, hint)


def _or_nearest(word: str, known: Sequence[str], otherwise: Message) -> Message:
    """Return the hint that one of *known* was probably meant, or *otherwise*."""
    near = get_close_matches(word, known, n=1)
    return Message("design.perhaps-meant", word=near[0]) if near else otherwise


def _plain(name: str) -> str:
    return part_named(name) or normalise(name).replace(" ", "").strip("*")
