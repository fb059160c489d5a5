"""Which declaration is about which block."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from toban.design.clauses.base import Clause
from toban.design.markdown import (
    Block,
    BulletList,
    CodeBlock,
    Comment,
    Heading,
    MarkdownTable,
    NumberedList,
    Paragraph,
)
from toban.design.reading.declared.declaration import DeclaredElsewhere, Flaw, Misdeclared, ReadingDeclaration
from toban.design.reading.declared.vocabulary import is_nothing, kind_named, kind_words
from toban.design.reading.entries import fact_lines
from toban.design.section import DocumentSection, heading_text, normalise
from toban.message import Message


@dataclass(frozen=True, slots=True)
class PlacedDeclaration:
    """A declaration of a block or a section."""

    declaration: ReadingDeclaration
    kind: type[Clause] | None
    """None if it states no rule, or if the declaration is wrong."""
    flaw: Misdeclared | None = None

    @property
    def is_nothing(self) -> bool:
        return self.kind is None and self.flaw is None


@dataclass(frozen=True, slots=True)
class Placement:
    """The declarations by the line of the block or heading that they are about."""

    at: Mapping[int, PlacedDeclaration]
    flaws: tuple[Misdeclared, ...] = ()

    @property
    def has_rules(self) -> bool:
        """Whether anything is declared, or was to be, that states rules."""
        return bool(self.flaws) or any(not placed.is_nothing for placed in self.at.values())


def place(
    here: Iterable[tuple[ReadingDeclaration, int]],
    elsewhere: Iterable[DeclaredElsewhere],
    blocks: Sequence[Block],
) -> Placement:
    """Return what each declaration is about; *here* are those of the document, with the line they are above.

    What the document says itself comes before what is said elsewhere.
    """
    at: dict[int, PlacedDeclaration] = {}
    flaws: list[Misdeclared] = []
    starts = {block.line for block in blocks if _can_be_declared(block)}
    for declaration, line in here:
        if line not in starts:
            flaws.append(_of_nothing(declaration, Message("design.declare-directly-above")))
        elif line in at:
            flaws.append(_again(declaration))
        else:
            at[line] = placed_as(declaration)
    for each in elsewhere:
        flaws += _place_elsewhere(each, blocks, at)
    flaws += [placed.flaw for placed in at.values() if placed.flaw is not None]
    return Placement(at, tuple(dict.fromkeys(flaws)))


def _place_elsewhere(
    declared: DeclaredElsewhere, blocks: Sequence[Block], at: dict[int, PlacedDeclaration]
) -> Iterator[Misdeclared]:
    """Add what *declared* is about to *at*, or yield why that can't be said."""
    found = list(_matches(declared, blocks))
    declaration = declared.declaration
    if not found:
        yield _of_nothing(declaration, Message("design.mend-the-anchor"))
    elif len({section for section, _ in found}) > 1:
        message = Message("design.declared-in-several", lines=tuple(line for _, line in found))
        yield _misplaced(declaration, message, Message("design.say-more-of-the-place"))
    elif any(line in at for _, line in found):
        yield _again(declaration)
    else:
        # Alike tables below one heading are of one kind.
        at |= {line: placed_as(declaration) for _, line in found}


class DeclaredScope:
    """The declaration that holds where a walk over the blocks has come to."""

    def __init__(self, at: Mapping[int, PlacedDeclaration]) -> None:
        self._at = at
        self._sections: list[tuple[int, PlacedDeclaration | None]] = []

    @property
    def section(self) -> PlacedDeclaration | None:
        """The declaration of the section, or of the nearest one around it."""
        return next((placed for _, placed in reversed(self._sections) if placed is not None), None)

    def of(self, block: Block) -> PlacedDeclaration | None:
        """Return what *block* is declared as: by itself, or by its section."""
        own = self._at.get(block.line)
        # Running text has rows only where its owner says so.
        return own or (None if isinstance(block, Paragraph | Heading) else self.section)

    def enter(self, heading: Heading) -> None:
        self._sections = [each for each in self._sections if each[0] < heading.level]
        self._sections.append((heading.level, self._at.get(heading.line)))


def next_lines(comments: Sequence[Comment], text: str) -> list[int]:
    """Return for each of *comments* the line of what follows it, past blanks and other comments."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    taken = {comment.line for comment in comments}
    found: dict[int, int] = {}
    after = len(lines) + 1
    # From the end: thousands of comments may follow each other.
    for number in range(len(lines), 0, -1):
        if number in taken:
            found[number] = after
        elif lines[number - 1].strip(" \t>"):
            after = number
    return [found[comment.line] for comment in comments]


def _can_be_declared(block: Block) -> bool:
    if isinstance(block, Paragraph):
        lines = block.text.split("\n")
        return bool(fact_lines(lines, block.line, DocumentSection()))
    return True


def placed_as(declaration: ReadingDeclaration) -> PlacedDeclaration:
    """Return *declaration* with the kind that it names, or with what is wrong with the name."""
    if is_nothing(declaration.kind):
        return PlacedDeclaration(declaration, None)
    kind = kind_named(declaration.kind)
    return PlacedDeclaration(declaration, kind, _unknown(declaration) if kind is None else None)


def _unknown(declaration: ReadingDeclaration) -> Misdeclared:
    near = get_close_matches(normalise(declaration.kind), kind_words(), n=1)
    hint = Message("design.perhaps-meant", word=near[0]) if near else Message("design.known-kinds")
    message = Message("design.unknown-kind", word=declaration.kind)
    return Misdeclared(Flaw.WORDS, declaration.origin, declaration.text, message, hint)


def _of_nothing(declaration: ReadingDeclaration, hint: Message) -> Misdeclared:
    return _misplaced(declaration, Message("design.declared-is-not-there"), hint)


def _again(declaration: ReadingDeclaration) -> Misdeclared:
    return _misplaced(declaration, Message("design.declared-already"), Message("design.declare-once"))


def _misplaced(declaration: ReadingDeclaration, message: Message, hint: Message) -> Misdeclared:
    return Misdeclared(Flaw.PLACE, declaration.origin, declaration.text, message, hint)


def _matches(
    declared: DeclaredElsewhere, blocks: Sequence[Block]
) -> Iterator[tuple[tuple[Heading, ...], int]]:
    """Yield the headings and the line of each block that *declared* describes."""
    section = DocumentSection()
    for block in blocks:
        if isinstance(block, Heading):
            section = section.under(block)
        if _is_meant(declared, block, section) and _can_be_declared(block):
            yield section.headings, block.line


def _is_meant(declared: DeclaredElsewhere, block: Block, section: DocumentSection) -> bool:
    if declared.header:
        is_it = isinstance(block, MarkdownTable) and _folded(block.header) == _folded(declared.header)
    elif declared.first:
        is_it = _plain_text(_first(block)) == _plain_text(declared.first)
    else:
        is_it = isinstance(block, Heading)
    return is_it and _is_below(declared.headings, section)


def _is_below(headings: Sequence[str], section: DocumentSection) -> bool:
    """Say whether *headings* are among those above, in this order, the last directly."""
    wanted = [_plain(heading) for heading in headings]
    above = [_plain(heading.text) for heading in section.headings]
    if wanted and (not above or above[-1] != wanted[-1]):
        return False
    left = iter(above)
    return all(heading in left for heading in wanted)


def _first(block: Block) -> str:
    match block:
        case BulletList(items=items) | NumberedList(items=items):
            return items[0].text
        case CodeBlock(text=text) | Paragraph(text=text):
            return text.split("\n")[0]
        case _:
            return ""


# Each declaration elsewhere asks the same about every block.
@lru_cache(maxsize=8192)
def _plain(heading: str) -> str:
    return normalise(heading_text(heading))


_plain_text = lru_cache(maxsize=8192)(normalise)


def _folded(names: Sequence[str]) -> list[str]:
    return [_plain_text(name) for name in names]
