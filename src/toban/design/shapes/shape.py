"""How a chapter says which tables, lists and blocks it owns, and how a row becomes a clause.

A chapter's module lists its shapes; the reader tries them. A shape names the headings it is found under, the
columns (or keys) it needs with their synonyms, and a function from a row to clauses. That function raises
`NotUnderstood` if a value does not have the shape of its column: the reader then tries the next shape. If
none fits, the row is listed as unread with this reason.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TypedDict

from toban.design.assumption import Assumption
from toban.design.clauses.base import Clause
from toban.design.markdown import CodeBlock
from toban.design.origin import Origin
from toban.design.section import DocumentSection, normalise
from toban.design.values.people import is_placeholder
from toban.message import Message

type Built = Clause | tuple[Clause, ...]


class NotUnderstood(Exception):
    """A row can't become a clause of this kind; its `Message` says which cell and what was expected."""


class Ambiguous(NotUnderstood):
    """The row is of this kind, but one of its values has two meanings: this reason stands."""


class Stamp(TypedDict):
    """The fields that every clause has."""

    id: str
    origin: Origin
    text: str
    assumptions: tuple[Assumption, ...]


SHELLS = frozenset({"", "bash", "sh", "shell", "zsh", "console", "powershell", "ps1", "sql"})
"""The languages that a fence of commands may name."""
CLOSE = 2.0
"""Two kinds whose scores differ by no more than this are both possible: the author is asked."""

_BLANK = frozenset(
    {"", "-", "--", "---", "—", "–", "―", "ー", "－", "‐", "/", "n/a", "na", "none", "なし", "無し", "無"}
)
_NUMBERING = re.compile(r"#|no\.?|番号|項番|id", re.IGNORECASE)
_LONGEST_ID = 250
_SEPARATORS = re.compile(r"[\s/\\|#?%&~<>\"'`]+")


def is_blank(text: str) -> bool:
    """Whether a cell says nothing: empty, a dash, なし."""
    return text.strip().lower() in _BLANK


def identity(kind: type[Clause], *keys: str) -> str:
    """Return the stable id of a clause: chapter, kind, and its key cells with width and spaces folded.

    A long key (a whole paragraph in a cell) is cut and made unique by a digest: databases index ids.
    """
    parts = (_SEPARATORS.sub("-", unicodedata.normalize("NFKC", key)).strip("-") for key in keys)
    whole = "/".join([kind.chapter.value, kind.kind, *(part for part in parts if part)])
    if len(whole) <= _LONGEST_ID:
        return whole
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{whole[: _LONGEST_ID - len(digest) - 1]}-{digest}"


@dataclass(frozen=True, slots=True)
class ClausePlace:
    """Where a clause's text is, and that text."""

    origin: Origin
    text: str
    section: DocumentSection

    def stamp(self, kind: type[Clause], *keys: str, assumptions: tuple[Assumption, ...] = ()) -> Stamp:
        """Return the common fields of a clause of *kind* whose row key is *keys*."""
        return Stamp(id=identity(kind, *keys), origin=self.origin, text=self.text, assumptions=assumptions)


@dataclass(frozen=True, slots=True)
class Cells:
    """A row addressed by the roles of its columns; a role without a column is an empty cell."""

    place: ClausePlace
    values: Mapping[str, str]
    labels: Mapping[str, str]
    """Each role's column as headed in the document, for messages."""
    nameless: str = ""
    """The heading of the table's first column if its role is unknown: the row's name may be in it."""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Each role's cells in the first rows: what one value means may show by the others."""
    asked: set[str] = field(default_factory=set, compare=False)
    """The roles whose cell the builder has looked at: the others are left over."""
    whole: set[str] = field(default_factory=set, compare=False)
    """The roles whose cell was read to its end: of the others, what the clause does not hold is left over."""
    pieces: list[str] = field(default_factory=list, compare=False)
    """What was read of the other cells."""

    @property
    def section(self) -> DocumentSection:
        return self.place.section

    def __getitem__(self, role: str) -> str:
        """Return the cell's text; empty if it is a mere dash."""
        self.asked.add(role)
        text = self.values.get(role, "")
        return "" if is_blank(text) else text.strip()

    def written(self, role: str) -> str:
        """Return the cell's text as it stands: a dash may be an answer."""
        self.asked.add(role)
        return self.values.get(role, "").strip()

    def first(self, *roles: str) -> str:
        """Return the first of these cells that is not blank."""
        return next((self[role] for role in roles if self[role]), "")

    def has(self, role: str) -> bool:
        """Say whether the table has such a column at all."""
        return role in self.labels

    def column(self, role: str) -> tuple[str, ...]:
        """Return the column's cells in the first rows, without those that say nothing."""
        return tuple(text.strip() for text in self.columns.get(role, ()) if not is_blank(text))

    def headed(self, heading: str) -> str:
        """Return the heading above as the name of what the row is about, if no column can hold the name."""
        if self.nameless:
            raise NotUnderstood(Message("design.unknown-column", column=self.nameless))
        return heading

    def name(self, role: str) -> str:
        """Return the cell's text as the row's own name: an unknown first column would say what has it."""
        if self.nameless and not _NUMBERING.fullmatch(self.nameless.strip()):
            raise NotUnderstood(Message("design.unknown-column", column=self.nameless))
        return self.required(role)

    def required(self, role: str) -> str:
        """Return the cell's text, which must not be empty."""
        text = self[role]
        if not text:
            raise NotUnderstood(Message("design.empty-cell", cell=self.label(role)))
        return text

    def read[T](self, role: str, reader: Callable[[str], T | None], expected: Message) -> T:
        """Return the cell's value; *expected* names its kind in the complaint.

        *reader* reads the whole of a text, or nothing.
        """
        value = read_value(self.required(role), reader, label=self.label(role), expected=expected)
        self.whole.add(role)
        return value

    def maybe[T](self, role: str, reader: Callable[[str], T], expected: Message) -> T | None:
        """Do the same for a cell that may be empty; anything it does contain must be readable."""
        text = self[role]
        value = reader(text) if text else None
        if text and value is None:
            raise unreadable(text, label=self.label(role), expected=expected)
        self.whole.add(role)
        return value

    def take(self, *roles: str) -> None:
        """Note that these cells are read to their end."""
        self.whole.update(roles)

    def take_words(self, *pieces: str) -> None:
        """Note that these pieces of its cells are read."""
        self.pieces.extend(pieces)

    def stamp(self, kind: type[Clause], *keys: str, assumptions: tuple[Assumption, ...] = ()) -> Stamp:
        return self.place.stamp(kind, *keys, assumptions=assumptions)

    def label(self, role: str) -> str:
        """Return the heading of the role's column, for messages."""
        return self.labels.get(role, role)


@dataclass(frozen=True, slots=True)
class PlacedEntry:
    """A list entry, or a row of a key-value table; `key` is empty for a plain sentence."""

    place: ClausePlace
    key: str
    value: str
    checked: bool | None = None
    pieces: list[str] = field(default_factory=list, compare=False)
    """What was read of it, beside what the clause holds in its own words."""

    @property
    def section(self) -> DocumentSection:
        return self.place.section

    @property
    def sentence(self) -> str:
        """The whole entry as one text."""
        return self.place.text

    def read[T](self, reader: Callable[[str], T | None], expected: Message) -> T:
        """Return the entry's value, or the sentence's if it has no key.

        *reader* reads the whole of a text, or nothing.
        """
        label = self.key or Message("design.this-row")
        value = read_value(self.value, reader, label=label, expected=expected)
        self.take(self.value)
        return value

    def take(self, *pieces: str) -> None:
        """Note that these pieces of it are read, or all of it if there are none."""
        self.pieces.extend(pieces or (self.key, self.value))

    def stamp(self, kind: type[Clause], *keys: str, assumptions: tuple[Assumption, ...] = ()) -> Stamp:
        return self.place.stamp(kind, *keys, assumptions=assumptions)


def read_value[T](
    text: str, reader: Callable[[str], T | None], *, label: str | Message, expected: Message
) -> T:
    """Read *text*, or raise `NotUnderstood` naming the place, the text and what was expected."""
    value = reader(text)
    if value is None:
        raise unreadable(text, label=label, expected=expected)
    return value


def unreadable(text: str, *, label: str | Message, expected: Message) -> NotUnderstood:
    """Return the complaint that *text* is not *expected*, or that it is still a blank to fill in."""
    if is_placeholder(text):
        return NotUnderstood(Message("design.not-decided", cell=label, words=text))
    return NotUnderstood(Message("design.not-readable", cell=label, words=text, expected=expected))


def words(pattern: str) -> re.Pattern[str]:
    """Compile a pattern for normalised text: half-width, lower case, single spaces.

    `\\b` follows ASCII rules: there is a boundary between KPI and 管理.
    """
    return re.compile(pattern, re.ASCII)


@dataclass(frozen=True, slots=True)
class TableShape:
    """A kind of table. It also fits a list of `key: value` entries that form one row together (`record`)."""

    kind: type[Clause]
    build: Callable[[Cells], Built]
    columns: Mapping[str, re.Pattern[str]]
    """Role → its possible column headings; tried in this order, on normalised text without spaces."""
    needs: tuple[str, ...]
    """Each item names roles joined by `|`, at least one of which must have a column."""
    headings: re.Pattern[str]
    telling: tuple[str, ...] = ()
    """Each item names roles joined by spaces that, together, are recognised without a heading."""
    avoid: re.Pattern[str] | None = None
    """Headings under which the same columns mean something else."""
    record: str = ""
    """Roles joined by spaces, two of which make a list of entries one row; empty: never."""
    record_only: bool = False
    """Whether it is only ever a record, never a table."""
    inert: tuple[str, ...] = ()
    """Roles that only describe the row: nothing acts on them, so a cell of theirs may be left over."""

    def fits(self, roles: frozenset[str]) -> bool:
        """Say whether these columns suffice."""
        return all(roles & set(need.split("|")) for need in self.needs)

    def tells(self, roles: frozenset[str]) -> bool:
        """Say whether these columns alone show the kind."""
        return any(roles >= set(group.split()) for group in self.telling)


@dataclass(frozen=True, slots=True)
class EntryShape:
    """A kind of list entry: the headings it is found under, and its key."""

    kind: type[Clause]
    build: Callable[[PlacedEntry], Built]
    headings: re.Pattern[str]
    key: re.Pattern[str] | None = None
    """None means any key, or no key."""
    within: int = 2
    """How near the heading must be, on the scale of `DocumentSection.nearness`."""
    avoid: re.Pattern[str] | None = None
    telling: int = 0
    """How much its form speaks for the kind, as a key does (warn at >= 3%): see `reading.weight`."""
    is_formed: Callable[[PlacedEntry], bool] | None = None
    """Whether an entry's own form shows the kind, so that its heading may say more than that."""
    ordered: bool = False
    """Whether entries of numbered lists also qualify: those are mostly steps."""


@dataclass(frozen=True, slots=True)
class PlacedSteps:
    """A numbered list, or a code block of numbered lines, as one thing."""

    place: ClausePlace
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepsShape:
    """A kind of procedure written as numbered steps."""

    kind: type[Clause]
    build: Callable[[PlacedSteps], Built]
    headings: re.Pattern[str]
    avoid: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class PlacedCode:
    """A code block in its place."""

    place: ClausePlace
    block: CodeBlock


@dataclass(frozen=True, slots=True)
class CodeShape:
    """A kind of code block: commands, a sample record."""

    kind: type[Clause]
    build: Callable[[PlacedCode], Built]
    headings: re.Pattern[str]
    languages: frozenset[str]
    """The languages that the fence may name."""
    avoid: re.Pattern[str] | None = None
    kin: re.Pattern[str] | None = None
    """What a heading must say if only the caption above the block names the kind; None: the same."""
    never: re.Pattern[str] | None = None
    """Headings anywhere above under which such commands are something else."""


@dataclass(frozen=True, slots=True)
class ChapterShapes:
    """All the shapes of one chapter."""

    tables: tuple[TableShape, ...] = ()
    entries: tuple[EntryShape, ...] = ()
    steps: tuple[StepsShape, ...] = ()
    code: tuple[CodeShape, ...] = field(default=())


_PAREN = re.compile(r"\([^()]*\)$")
_LOOSE_END = re.compile(r"(?:の?(?:初期値|目安|例|案)|一覧)$")


def roles_of(header: tuple[str, ...], columns: Mapping[str, re.Pattern[str]]) -> dict[str, int]:
    """Return each role's column index. A column has one role, a role one column.

    Of several columns that a role could have, it takes the name that it lists first: レベル before 優先度.
    """
    names = [_names(normalise(cell).replace(" ", "").strip("*")) for cell in header]
    known = {index: _known(variants, columns) for index, variants in enumerate(names)}
    found: dict[str, int] = {}
    for role in columns:
        able = [(known[index][role], index) for index in known if role in known[index]]
        if able:
            _, index = min(able)
            found[role] = index
            del known[index]
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def _names(cell: str) -> tuple[str, ...]:
    """Return the names that a heading may be known by: in full, without its bracket, without its ending."""
    bare = _PAREN.sub("", cell)
    return tuple(dict.fromkeys((cell, bare, _LOOSE_END.sub("", bare))))


def _known(names: tuple[str, ...], columns: Mapping[str, re.Pattern[str]]) -> dict[str, int]:
    """Return the roles that know the first of these names that any role knows, and how soon they list it."""
    for name in names:
        roles = {role: _rank(name, pattern) for role, pattern in columns.items() if pattern.fullmatch(name)}
        if roles:
            return roles
    return {}


def _rank(name: str, pattern: re.Pattern[str]) -> int:
    """Return which of the alternatives of *pattern* matches *name*."""
    matches = (alternative.fullmatch(name) is not None for alternative in _alternatives(pattern))
    return next((rank for rank, is_match in enumerate(matches) if is_match), 0)


@cache
def _alternatives(pattern: re.Pattern[str]) -> tuple[re.Pattern[str], ...]:
    parts = [""]
    depth = 0
    for part in re.findall(r"\\.|.", pattern.pattern, re.DOTALL):
        depth += (part == "(") - (part == ")")
        if part == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += part
    return tuple(re.compile(part, pattern.flags) for part in parts)
