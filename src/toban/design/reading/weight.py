"""How much speaks for a reading: below a margin the row is a question to its author, not a rule.

Four things speak for a kind: a heading with one of its words, and how near that is; the names of the columns,
or an entry's key; values of the kind's types; and the rows beside it. Each of them alone also stands above,
in or beside rows of other kinds, so no reading rests on one of them (docs/adr/0029).
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum

from toban.design.clauses.base import Clause
from toban.design.clauses.labels import KINDS
from toban.design.reading.grounds import Grounds
from toban.design.reading.outcome import RowFate, RowOutcome, unread
from toban.design.reading.registry import ENTRIES, TABLES
from toban.design.section import DocumentSection, heading_text
from toban.message import NOTHING, Message

_LEAST = 3
"""What a heading directly above weighs; what speaks against the kind must then be outweighed."""
_STRAY = 2
"""What it takes from an entry without a key if the entries beside it are of other kinds, or no rules."""
_ASIDE = 3
"""What is needed besides in a document whose title names nothing that is operated."""
_COMMON = frozenset(field.name for field in fields(Clause))


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """What rows that stand together say of each other's kind."""

    entries: int
    rows: int
    """The entries that state a rule."""
    alike: Mapping[type[Clause], int]
    valued: Collection[type[Clause]]
    """The kinds of which one of them has a value."""

    def weight(self, grounds: Grounds) -> int:
        nearness = grounds.section.nearness(grounds.headings)
        is_valued = grounds.kind in self.valued
        # The heading is all that speaks for these columns.
        if grounds.columns and not is_valued and grounds.telling <= 0:
            return 0
        return nearness + grounds.telling + is_valued - _STRAY * self._is_stray(grounds)

    def _is_stray(self, grounds: Grounds) -> bool:
        if grounds.columns or grounds.telling:
            return False
        count = self.alike[grounds.kind]
        # A sentence between sentences that are no rules is hardly one.
        return 3 * count < self.entries if grounds.is_sentence else 2 * count < self.rows


def weighed(outcomes: Sequence[RowOutcome]) -> list[RowOutcome]:
    """Return what became of rows that stand together, with a question where little speaks for a reading."""
    known = [(outcome.grounds.kind, outcome) for outcome in outcomes if outcome.grounds is not None]
    neighbours = _Neighbours(
        entries=len(outcomes),
        rows=sum(outcome.fate is not RowFate.ASIDE for outcome in outcomes),
        alike=Counter(kind for kind, _ in known),
        valued={kind for kind, outcome in known if any(map(states_value, outcome.clauses))},
    )
    return [_asked(outcome, neighbours) for outcome in outcomes]


def _asked(outcome: RowOutcome, neighbours: _Neighbours) -> RowOutcome:
    grounds = outcome.grounds if outcome.fate is RowFate.READ else None
    if grounds is None:
        return outcome
    weight = neighbours.weight(grounds)
    if weight < _LEAST:
        return unread(outcome.line, outcome.text, _question(grounds), grounds)
    if weight < _LEAST + _ASIDE and not grounds.section.is_of_operations:
        title, kind = heading_text(grounds.section.about), KINDS[grounds.kind.kind]
        question = Message("design.title-of-something-else", title=title, kind=kind)
        return unread(outcome.line, outcome.text, question, grounds)
    return outcome


def states_value(clause: Clause) -> bool:
    """Say whether the clause has a value of a type, not only words: a time, a limit, a level, channels."""
    values = (getattr(clause, field.name) for field in fields(clause) if field.name not in _COMMON)
    parts = (part for value in values for part in (value if isinstance(value, tuple) else (value,)))
    return any(isinstance(part, Enum) or not isinstance(part, str | bool | None) for part in parts)


def _question(grounds: Grounds) -> Message:
    kind = KINDS[grounds.kind.kind]
    other = _rival(grounds.kind, grounds.section)
    if other is NOTHING:
        return Message("design.little-speaks-for", kind=kind)
    return Message("design.two-kinds-of-little", kinds=(kind, other))


def _rival(kind: type[Clause], section: DocumentSection) -> Message:
    """Return the other kind that the headings name nearest; nothing if there is none."""
    entries = (shape for group in ENTRIES for shape in group if shape.key is None)
    named = [
        *((shape.kind, shape.headings) for shape in TABLES),
        *((shape.kind, shape.headings) for shape in entries),
    ]
    near = [(section.nearness(headings), other) for other, headings in named if other is not kind]
    best, other = max(near, key=lambda pair: pair[0])
    return KINDS[other.kind] if best > 1 else NOTHING
