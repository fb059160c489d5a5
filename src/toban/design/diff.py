"""What changed between two versions of a document, in the operator's terms.

Clauses are matched by id, so moving a row is not a change. Rows that weren't understood are compared by their
text, so that a change in one of them is not missed either.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import SequenceMatcher

from toban.design.clauses.base import Clause
from toban.design.clauses.labels import KINDS, field_label
from toban.design.reader import Design, Remainder
from toban.message import NOTHING, Message, listing, plain

_REPEATED = re.compile(r"~\d+$")
_IDENTITY = frozenset(field.name for field in fields(Clause))


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One changed value, written as in the document; a message that says nothing means absent."""

    label: Message
    old: Message
    new: Message

    @property
    def said(self) -> Message:
        """The change in words: `警告: 90 → 95`."""
        absent = Message("design.absent")
        return Message(
            "design.value-changed", label=self.label, old=self.old or absent, new=self.new or absent
        )


@dataclass(frozen=True, slots=True)
class ClauseChange:
    """A clause added (`old` is None), removed (`new` is None) or changed."""

    old: Clause | None
    new: Clause | None
    fields: tuple[FieldChange, ...] = ()

    @property
    def clause(self) -> Clause:
        """The clause as it is now or, if removed, as it was."""
        clause = self.new or self.old
        if clause is None:
            raise ValueError("a change of nothing")
        return clause

    @property
    def title(self) -> Message:
        """The kind of clause and the key of its row: 監視項目「DB 接続数」."""
        return title(self.clause)

    @property
    def said(self) -> Message:
        """The change in words, on one line."""
        if self.old is None:
            return Message("design.row-added", row=self.title)
        if self.new is None:
            return Message("design.row-removed", row=self.title)
        return Message("design.row-changed", row=self.title, values=[each.said for each in self.fields])


@dataclass(frozen=True, slots=True)
class Difference:
    """All differences between two versions of a document."""

    changes: tuple[ClauseChange, ...]
    """By chapter, then in document order."""
    unread_added: tuple[Remainder, ...]
    unread_removed: tuple[Remainder, ...]

    def __bool__(self) -> bool:
        return bool(self.changes or self.unread_added or self.unread_removed)

    @property
    def said(self) -> tuple[Message, ...]:
        """Every difference in words, each on one line."""
        return (
            *(change.said for change in self.changes),
            *(Message("design.unread-added", row=row.text, why=row.reason) for row in self.unread_added),
            *(Message("design.unread-removed", row=row.text) for row in self.unread_removed),
        )


def title(clause: Clause) -> Message:
    """Return the kind of clause and the key of its row: 監視項目「DB 接続数」."""
    kind, key = KINDS[clause.kind], " ".join(clause.id.split("/")[2:])
    return Message("design.row-of-kind", kind=kind, key=key) if key else kind


def compare(old: Design, new: Design) -> Difference:
    """Return what differs in *new* from *old*."""
    before, after = _by_key(old), _by_key(new)
    changes = [change for key in {**before, **after} for change in _changes(before[key], after[key])]
    changes.sort(key=lambda change: (change.clause.chapter.number, change.clause.origin.line))
    return Difference(tuple(changes), _only_in(new, old), _only_in(old, new))


def _by_key(design: Design) -> Mapping[str, list[Clause]]:
    """Group the clauses by id; clauses that share a row key (~2) go together."""
    found: defaultdict[str, list[Clause]] = defaultdict(list)
    for clause in design.clauses:
        found[_REPEATED.sub("", clause.id)].append(clause)
    return found


def _changes(before: list[Clause], after: list[Clause]) -> Iterator[ClauseChange]:
    # Match the unchanged rows with the same key first: swapping two of them is not a change.
    same = Counter(clause.text for clause in before) & Counter(clause.text for clause in after)
    left, right = _without(before, same), _without(after, same)
    for was, now in zip(left, right, strict=False):
        if changed := tuple(_field_changes(was, now)):
            yield ClauseChange(was, now, changed)
    yield from (ClauseChange(clause, None) for clause in left[len(right) :])
    yield from (ClauseChange(None, clause) for clause in right[len(left) :])


def _without(clauses: list[Clause], same: Counter[str]) -> list[Clause]:
    remaining = same.copy()
    kept = []
    for clause in clauses:
        if remaining[clause.text] > 0:
            remaining[clause.text] -= 1
        else:
            kept.append(clause)
    return kept


def _field_changes(old: Clause, new: Clause) -> Iterator[FieldChange]:
    changed = [change for name in _told_fields(new) for change in _value_changes(old, new, name)]
    if changed:
        yield from changed
    elif _spaceless(old.text) != _spaceless(new.text):
        yield FieldChange(Message("design.wording"), plain(old.text), plain(new.text))


def _told_fields(clause: Clause) -> Iterator[str]:
    return (field.name for field in fields(clause) if field.name not in _IDENTITY)


def _value_changes(old: Clause, new: Clause, name: str) -> Iterator[FieldChange]:
    label = field_label(type(new), name)
    was, now = getattr(old, name), getattr(new, name)
    if label is None or was == now:
        return
    if _is_sequence_of_lines(was) and _is_sequence_of_lines(now):
        yield from _line_changes(label, was, now)
    elif _written(was) != _written(now):
        yield FieldChange(label, _written(was), _written(now))


def _written(value: object) -> Message:
    """Write a value as the document would; a missing one says nothing."""
    match value:
        case None:
            return NOTHING
        case bool():
            return Message("design.yes" if value else "design.no")
        case tuple():
            return listing([_written(item) for item in value])
        case _:
            return plain(str(value))


def _is_sequence_of_lines(value: object) -> bool:
    return isinstance(value, tuple) and all(type(item) is str for item in value)


def _line_changes(label: Message, old: Sequence[str], new: Sequence[str]) -> Iterator[FieldChange]:
    """Yield the steps or commands that differ, rather than the whole list twice."""
    for tag, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield FieldChange(label, _written(tuple(old[start:end])), _written(tuple(new[new_start:new_end])))


def _only_in(one: Design, other: Design) -> tuple[Remainder, ...]:
    known = Counter(_spaceless(row.text) for row in other.unread)
    found = []
    for row in one.unread:
        if known[_spaceless(row.text)] > 0:
            known[_spaceless(row.text)] -= 1
        else:
            found.append(row)
    return tuple(found)


def _spaceless(text: str) -> str:
    return "".join(text.split())
