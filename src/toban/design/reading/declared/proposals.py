"""What an owner could declare of a table that was not read: a kind, with the columns by which rows are read.

A proposal is no reading. It is tried on a few rows, with the columns that the reader knows by their names
and, for what a kind needs besides, any of the others that holds such values.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, permutations, product

from toban.catalogue import LANGUAGES
from toban.design.clauses.base import Clause
from toban.design.clauses.labels import KINDS
from toban.design.markdown import Heading, MarkdownTable
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.design.reading.declared.declaration import declaration
from toban.design.reading.declared.reading import DeclaredRows, read_declared
from toban.design.reading.declared.scope import placed_as
from toban.design.reading.declared.vocabulary import role_named
from toban.design.reading.grounds import column_of
from toban.design.reading.outcome import RowFate, RowOutcome
from toban.design.reading.registry import TABLES
from toban.design.reading.tables import DeclaredKind, read_as
from toban.design.reading.weight import states_value, weighed
from toban.design.section import DocumentSection, heading_text
from toban.design.shapes.shape import CLOSE, TableShape, roles_of

_TRIED = 3
"""Rows that a declaration is tried on."""
_MOST_COLUMNS, _MOST_MISSING, _MOST_TRIES = 10, 2, 30
_MOST = 3
"""Proposals for one table; more would be no help."""


@dataclass(frozen=True, slots=True)
class ReadingProposal:
    """A declaration by which a table would be read."""

    table: MarkdownTable
    shape: TableShape
    roles: Mapping[str, int]
    clauses: tuple[Clause, ...]
    """What the first rows would be."""
    score: float
    is_sure: bool
    """Whether as much speaks for it as for what is read without a declaration."""

    @property
    def kind(self) -> type[Clause]:
        return self.shape.kind

    def declares(self, language: str) -> str:
        """Return the declaration in words of *language*: 監視項目 対象=品 異常=危険."""
        words = [KINDS[self.kind.kind].in_language(language)]
        words += [
            f"{self._role(role, language)}={_on_one_line(self.table.header[at])}"
            for role, at in self.roles.items()
        ]
        return " ".join(words)

    def comment(self, language: str) -> str:
        """Return the comment to paste above the table."""
        return f"<!-- toban: {self.declares(language)} -->"

    @property
    def is_sayable(self) -> bool:
        """Whether the names of its columns can be written in a declaration."""
        names = [_on_one_line(self.table.header[at]) for at in self.roles.values()]
        read = (declaration(self.declares(each), Origin("", 1), "") for each in LANGUAGES)
        said = ([column for _, column in each.columns] for each in read)
        return all(each == names for each in said) and not any("--" in name for name in names)

    def _role(self, role: str, language: str) -> str:
        word = column_of(self.kind, role).in_language(language)
        return word if " " not in word and role_named(word, self.shape) == role else role


@dataclass(frozen=True, slots=True)
class AskedTable:
    """A table of which no row was read, and what could be declared of it, best first."""

    table: MarkdownTable
    headings: tuple[str, ...]
    """The nearest headings above, outermost first: enough to find it again, and no more that may change."""
    first: int
    """The line of its first unread row."""
    section: DocumentSection
    proposals: tuple[ReadingProposal, ...]


def asked_tables(design: Design) -> Iterator[AskedTable]:
    """Yield each table of *design* with unread rows only."""
    unread = {part.line for part in design.unread}
    read = {clause.origin.line for clause in design.clauses}
    section = DocumentSection()
    for block in design.blocks:
        if isinstance(block, Heading):
            section = section.under(block)
        elif isinstance(block, MarkdownTable):
            lines = {row.line for row in block.rows}
            if not lines.isdisjoint(unread) and lines.isdisjoint(read):
                above = tuple(heading_text(heading.text) for heading in section.headings[-2:])
                yield AskedTable(block, above, min(lines & unread), section, tuple(proposed(block, section)))


def tried(asked: AskedTable, declares: str, document: str) -> DeclaredRows:
    """Return what the rows of the table would be if it were declared so, or what is wrong with the words."""
    placed = placed_as(declaration(declares, Origin(document, asked.table.line), declares))
    if placed.flaw is not None:
        return DeclaredRows((), (placed.flaw,))
    return read_declared(asked.table, placed, asked.section, document, guess=tuple, is_own=True)


def proposed(table: MarkdownTable, section: DocumentSection) -> list[ReadingProposal]:
    """Return the best declarations for *table*, best first."""
    if len(table.header) > _MOST_COLUMNS:
        return []
    found = [
        best
        for shape in TABLES
        if not shape.record_only and (best := _best(shape, table, section)) is not None
    ]
    kinds: dict[type[Clause], ReadingProposal] = {}
    for each in sorted(found, key=lambda proposal: -proposal.score):
        kinds.setdefault(each.kind, each)
    best, *others = kinds.values() or (None,)
    if best is None:
        return []
    is_alone = all(other.score < best.score - CLOSE for other in others)
    return [
        replace(best, is_sure=best.is_sure and is_alone),
        *(replace(each, is_sure=False) for each in others),
    ][:_MOST]


def _best(shape: TableShape, table: MarkdownTable, section: DocumentSection) -> ReadingProposal | None:
    # Any words are the name of something: without a heading or a column of the kind, all kinds are as likely.
    if section.nearness(shape.headings) < 2 and not roles_of(table.header, shape.columns):
        return None
    tries = islice(_assignments(shape, table.header), _MOST_TRIES)
    found = [made for roles in tries if (made := _tried(shape, roles, table, section)) is not None]
    return max(found, key=lambda proposal: proposal.score, default=None)


def _assignments(shape: TableShape, header: tuple[str, ...]) -> Iterator[dict[str, int]]:
    """Yield the columns by their names, with every way to fill the needs that are left from the others."""
    known = roles_of(header, shape.columns)
    # What is probed is any words: no value would bear it out.
    missing = [
        [role for role in need.split("|") if role != "probe"]
        for need in shape.needs
        if not known.keys() & set(need.split("|"))
    ]
    others = [index for index in range(len(header)) if index not in known.values()]
    if len(missing) > _MOST_MISSING or (missing and not known and not others):
        return
    for roles in product(*missing):
        for columns in permutations(others, len(missing)):
            made = {**known, **dict(zip(roles, columns, strict=True))}
            yield from _with_first(made, shape, header)


def _with_first(
    roles: dict[str, int], shape: TableShape, header: tuple[str, ...]
) -> Iterator[dict[str, int]]:
    """Yield *roles*; a first column without one may hold what tells the rows apart."""
    if 0 in roles.values() or not header:
        yield dict(sorted(roles.items(), key=lambda pair: pair[1]))
        return
    for role in ("target", "subject", "item", "name", "category"):
        if role in shape.columns and role not in roles:
            yield dict(sorted({**roles, role: 0}.items(), key=lambda pair: pair[1]))


def _tried(
    shape: TableShape, roles: Mapping[str, int], table: MarkdownTable, section: DocumentSection
) -> ReadingProposal | None:
    sample = MarkdownTable(table.header, table.rows[:_TRIED], table.line)
    known = DeclaredKind(shape, roles, Origin("", table.line), is_named=True)
    outcomes = read_as(known, sample, section, "")
    clauses = tuple(clause for outcome in outcomes for clause in outcome.clauses)
    count = sum(outcome.fate is RowFate.READ for outcome in outcomes)
    nearness = section.nearness(shape.headings)
    named = len(roles_of(table.header, shape.columns))
    is_told = (nearness > 1 and named == len(roles)) or any(map(states_value, clauses))
    if 2 * count < len(outcomes) or not is_told:
        return None
    distinct = len({clause.id for clause in clauses}) / max(1, len(clauses))
    score = (
        2 * nearness
        + named
        + 3 * count / len(outcomes)
        + 2 * distinct
        - 0.5 * (len(table.header) - len(roles))
    )
    # A column that is not known by its name speaks for nothing.
    weighed_ones = weighed([_with_telling(outcome, 1 - (len(roles) - named)) for outcome in outcomes])
    is_sure = all(outcome.fate is RowFate.READ for outcome in weighed_ones)
    made = ReadingProposal(table, shape, roles, clauses, score, is_sure)
    return made if made.is_sayable else None


def _on_one_line(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).split())


def _with_telling(outcome: RowOutcome, telling: int) -> RowOutcome:
    grounds = outcome.grounds
    return replace(outcome, grounds=replace(grounds, telling=telling)) if grounds is not None else outcome
