"""A block with a declaration: its rows, and what is wrong with the declaration.

The owner's word counts for more than the reader's guess, and than what headings, columns and title say
about whether rows hold now. It does not make a value of what is none, and what a row says of itself stands:
未実装.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from toban.design.clauses.labels import KINDS
from toban.design.markdown import Block, MarkdownTable
from toban.design.origin import Origin
from toban.design.reading.declared.blocks import DeclaredPlace, read_block
from toban.design.reading.declared.declaration import Flaw, Misdeclared
from toban.design.reading.declared.scope import PlacedDeclaration
from toban.design.reading.declared.vocabulary import names_of
from toban.design.reading.force import why_not_in_force
from toban.design.reading.grounds import declared_at
from toban.design.reading.outcome import RowFate, RowOutcome, aside, not_in_force, unread
from toban.design.section import DocumentSection
from toban.message import Message

type Guess = Callable[[], Sequence[RowOutcome]]
"""Reads the block as if nothing were declared."""


@dataclass(frozen=True, slots=True)
class DeclaredRows:
    """What became of the rows of a block, with what is wrong."""

    outcomes: tuple[RowOutcome, ...]
    flaws: tuple[Misdeclared, ...] = ()


def read_declared(
    block: Block,
    placed: PlacedDeclaration,
    section: DocumentSection,
    document: str,
    *,
    guess: Guess,
    is_own: bool,
) -> DeclaredRows:
    """Return the rows of *block*; a declaration that is not its own is of the section around it."""
    where = declared_at(placed.declaration.origin, document)
    if placed.is_nothing:
        return DeclaredRows(tuple(without_rule(each, placed, document) for each in guess()))
    if placed.kind is None:
        reason = Message("design.declaration-is-wrong", where=where)
        return DeclaredRows(tuple(_held_back(each, reason) for each in guess()))
    announced = replace(section, announced=names_of(placed.kind))
    found = read_block(block, DeclaredPlace(placed.declaration, placed.kind, announced, document))
    if not (is_own or found.read or isinstance(block, MarkdownTable)):
        # A remark in a section of monitors is no monitor.
        return DeclaredRows(tuple(guess()))
    if found.flaws:
        reason = Message("design.declaration-is-wrong", where=where)
        return DeclaredRows(tuple(_held_back(each, reason) for each in guess()), found.flaws)
    outcomes = tuple(map(_by_its_own_words, found.outcomes))
    kind = KINDS[placed.kind.kind]
    told = tuple(_told(each, kind, where) for each in outcomes)
    return DeclaredRows(told, tuple(_flaw(each, kind, document) for each in outcomes if _is_unread(each)))


def without_rule(outcome: RowOutcome, placed: PlacedDeclaration, document: str) -> RowOutcome:
    """Return the row set aside: its owner says that it states no rule."""
    where = declared_at(placed.declaration.origin, document)
    return aside(outcome.line, outcome.text, Message("design.declared-as-none", where=where))


def _held_back(outcome: RowOutcome, reason: Message) -> RowOutcome:
    """Return the row unread: what the owner has said of it must not be replaced by a guess."""
    if outcome.fate is RowFate.ASIDE:
        return outcome
    return unread(outcome.line, outcome.text, reason)


def _by_its_own_words(outcome: RowOutcome) -> RowOutcome:
    if outcome.fate is RowFate.ASIDE:
        return outcome
    why = why_not_in_force(DocumentSection(), outcome)
    return not_in_force(outcome.line, outcome.text, why) if why else outcome


def _is_unread(outcome: RowOutcome) -> bool:
    return outcome.fate is RowFate.UNREAD


def _told(outcome: RowOutcome, kind: Message, where: Message) -> RowOutcome:
    if not _is_unread(outcome):
        return outcome
    reason = Message("design.declared-unread", kind=kind, where=where, why=outcome.reason)
    return unread(outcome.line, outcome.text, reason, outcome.grounds)


def _flaw(outcome: RowOutcome, kind: Message, document: str) -> Misdeclared:
    message = Message("design.not-what-is-declared", kind=kind, why=outcome.reason)
    hint = Message("design.write-value-or-declare")
    return Misdeclared(Flaw.VALUE, Origin(document, outcome.line), outcome.text, message, hint)
