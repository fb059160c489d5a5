"""Lists, steps and code as the kind that their owner declares; tables are in `tabular`."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from toban.design.clauses.base import Clause
from toban.design.clauses.labels import KINDS
from toban.design.markdown import (
    Block,
    BulletList,
    CodeBlock,
    MarkdownTable,
    NumberedList,
    Paragraph,
    TableRow,
)
from toban.design.origin import Origin
from toban.design.reading.declared.declaration import Flaw, Misdeclared, ReadingDeclaration
from toban.design.reading.declared.tabular import TabularReading, read_tabular
from toban.design.reading.declared.vocabulary import HEADING, KEY, VALUE, part_named
from toban.design.reading.entries import EntryLine, fact_lines, lines_of, steps_in
from toban.design.reading.grounds import Grounds
from toban.design.reading.outcome import RowFate, RowOutcome, aside, read, unread
from toban.design.reading.pairs import pair_lines
from toban.design.reading.registry import CODE, ENTRIES, STEPS
from toban.design.reading.tables import row_text
from toban.design.section import DocumentSection, normalise
from toban.design.shapes.shape import (
    Built,
    ClausePlace,
    NotUnderstood,
    PlacedCode,
    PlacedEntry,
    PlacedSteps,
)
from toban.message import NOTHING, Message, message_of

_SPEAKS = 3
"""What a declaration weighs for whoever asks: as much as a heading directly above."""


@dataclass(frozen=True, slots=True)
class DeclaredPlace:
    """Where a block stands, and as which kind it is declared."""

    declaration: ReadingDeclaration
    kind: type[Clause]
    section: DocumentSection
    document: str

    def at(self, line: int, text: str) -> ClausePlace:
        return ClausePlace(Origin(self.document, line), text, self.section)

    def grounds(self, headings: re.Pattern[str], key: str = "") -> Grounds:
        origin = self.declaration.origin
        return Grounds(self.kind, headings, self.section, key=key, telling=_SPEAKS, declared=origin)

    def flaw(self, message: Message, hint: Message) -> Misdeclared:
        return Misdeclared(Flaw.PLACE, self.declaration.origin, self.declaration.text, message, hint)


def read_block(block: Block, place: DeclaredPlace) -> TabularReading:
    """Return the rows of *block* as the kind that is declared, or why it can't be one."""
    if isinstance(block, MarkdownTable):
        return _table(block, place)
    if isinstance(block, CodeBlock):
        return _code(block, place)
    if isinstance(block, NumberedList) and any(shape.kind is place.kind for shape in STEPS):
        return _steps(block.line, [item.text for item in block.items if item.depth == 0], place)
    if isinstance(block, BulletList | NumberedList):
        return _list(lines_of(block, place.section), place)
    lines = block.text.split("\n") if isinstance(block, Paragraph) else ()
    return _list(fact_lines(lines, block.line, place.section.captioned("")), place)


def _table(table: MarkdownTable, place: DeclaredPlace) -> TabularReading:
    if not table.rows:
        header = " | ".join(table.header)
        return TabularReading((unread(table.line, header, Message("design.table-without-rows")),))
    found = _tabular(table, place)
    if found is not None and (not found.flaws or place.declaration.columns or len(table.header) < 2):
        return found
    # Each row may be a rule of its own: 項目 | 内容.
    entries = TabularReading(tuple(_entries(pair_lines(table, place.section), place)))
    return entries if entries.read or found is None else found


def _tabular(table: MarkdownTable, place: DeclaredPlace) -> TabularReading | None:
    """Return the rows, with the texts that the document's reader sees."""
    found = read_tabular(table, place.declaration, place.kind, place.section, place.document)
    if found is None:
        return None
    texts = {row.line: row_text(row) for row in table.rows}
    return replace(found, outcomes=tuple(_reworded(each, texts[each.line]) for each in found.outcomes))


def _reworded(outcome: RowOutcome, text: str) -> RowOutcome:
    clauses = tuple(replace(clause, text=text) for clause in outcome.clauses)
    return replace(outcome, text=text, clauses=clauses)


def _list(lines: Sequence[EntryLine], place: DeclaredPlace) -> TabularReading:
    """Return the entries by whichever way most of them are understood: as rows, or each by itself."""
    ways = [
        found
        for view in _views(lines, place.declaration)
        if view is not None and (found := _viewed(view, lines, place)) is not None
    ]
    if not place.declaration.columns:
        ways = [way for way in ways if way.read]
        ways.append(TabularReading(tuple(_entries(lines, place))))
    if not ways:
        hint = Message("design.declare-a-table")
        return TabularReading(
            (), (place.flaw(Message("design.not-in-a-list", kind=KINDS[place.kind.kind]), hint),)
        )
    return max(ways, key=lambda way: (not way.flaws, way.read))


def _views(lines: Sequence[EntryLine], declaration: ReadingDeclaration) -> Iterator[MarkdownTable]:
    """Yield the list as the tables that it may be: of its entries, of what is nested in them, of one row."""
    tops = [line for line in lines if line.depth == 0]
    nested = {line.line: _children(line, lines) for line in tops}
    if any(nested.values()):
        names = tuple(dict.fromkeys(child.key for children in nested.values() for child in children))
        rows = [(top, {child.key: child.value for child in nested[top.line]}) for top in tops]
        yield _view(tops[0].line, names, rows)
    elif any(part_named(column) in (KEY, VALUE) for _, column in declaration.columns):
        yield _view(tops[0].line, (), [(top, {}) for top in tops])
    keyed = {top.key: top.value for top in tops if top.key}
    if len(keyed) > 1 and not any(nested.values()):
        row = TableRow(tuple(keyed.values()), tops[0].line)
        yield MarkdownTable(tuple(keyed), (row,), tops[0].line)


def _children(top: EntryLine, lines: Sequence[EntryLine]) -> list[EntryLine]:
    """Return the facts that are nested in *top*."""
    after = [line for line in lines if line.line > top.line]
    end = next((line.line for line in after if line.depth == 0), float("inf"))
    return [line for line in after if line.line < end and line.key]


def _view(
    start: int, names: tuple[str, ...], rows: Sequence[tuple[EntryLine, dict[str, str]]]
) -> MarkdownTable:
    built = tuple(
        TableRow(
            (top.key or top.text, top.value if top.key else "", *(facts.get(name, "") for name in names)),
            top.line,
        )
        for top, facts in rows
    )
    return MarkdownTable((KEY, VALUE, *names), built, start)


def _viewed(view: MarkdownTable, lines: Sequence[EntryLine], place: DeclaredPlace) -> TabularReading | None:
    """Return the rows of *view*; the other lines are what their rows are made of."""
    found = read_tabular(view, place.declaration, place.kind, place.section, place.document)
    if found is None or found.flaws:
        return found
    rows = {row.line for row in view.rows}
    texts: dict[int, list[str]] = {}
    parts: list[RowOutcome] = []
    row = view.rows[0].line
    for line in lines:
        row = line.line if line.line in rows else row
        texts.setdefault(row, []).append(line.text)
        if line.line != row:
            parts.append(aside(line.line, line.text, Message("design.one-rule-with-line", line=row)))
    told = (_reworded(each, "\n".join(texts[each.line])) for each in found.outcomes)
    return TabularReading((*told, *parts))


def _entries(lines: Sequence[EntryLine], place: DeclaredPlace) -> Iterator[RowOutcome]:
    """Yield what became of each entry by itself; what is nested in one that is read belongs to it."""
    owners: list[bool] = []
    for line in lines:
        del owners[line.depth :]
        outcome = _entry(line, place)
        is_part = any(owners) or (outcome.fate is RowFate.UNREAD and (line.depth > 0 or line.is_caption))
        yield aside(line.line, line.text, Message("design.no-rule")) if is_part else outcome
        owners.append(outcome.fate is RowFate.READ and not is_part)


def _entry(line: EntryLine, place: DeclaredPlace) -> RowOutcome:
    reason = NOTHING
    here = replace(place, section=line.section)
    entry = PlacedEntry(here.at(line.line, line.text), line.key, line.value, line.checked)
    shapes = [shape for group in ENTRIES for shape in group if shape.kind is place.kind]
    for shape in sorted(shapes, key=lambda shape: shape.key is None):
        if shape.key is not None and not shape.key.fullmatch(normalise(line.key)):
            continue
        try:
            key = line.key if shape.key is not None else ""
            return read(line.line, line.text, shape.build(entry), here.grounds(shape.headings, key))
        except NotUnderstood as flaw:
            reason = reason or message_of(flaw)
    return unread(
        line.line, line.text, reason or Message("design.not-an-entry-of", kind=KINDS[place.kind.kind])
    )


def _steps(line: int, steps: Sequence[str], place: DeclaredPlace) -> TabularReading:
    text = "\n".join(steps)
    placed = PlacedSteps(place.at(line, text), tuple(steps))
    shapes = [shape for shape in STEPS if shape.kind is place.kind]
    return _whole(line, text, place, [(shape.headings, partial(shape.build, placed)) for shape in shapes])


def _code(block: CodeBlock, place: DeclaredPlace) -> TabularReading:
    shapes = [shape for shape in CODE if shape.kind is place.kind]
    if not shapes and any(shape.kind is place.kind for shape in STEPS):
        return _steps(block.line, steps_in(block.text), place)
    if not shapes:
        return _headed(block, place)
    placed = PlacedCode(place.at(block.line, block.text), block)
    tries = [(shape.headings, partial(shape.build, placed)) for shape in shapes]
    return _whole(block.line, block.text, place, tries)


def _headed(block: CodeBlock, place: DeclaredPlace) -> TabularReading:
    """Return commands as the row that their heading names: ログレポート作成, over a script as its value."""
    title = place.section.title
    view = MarkdownTable((HEADING, VALUE), (TableRow((title, block.text), block.line),), block.line)
    found = read_tabular(view, place.declaration, place.kind, place.section, place.document)
    if found is None:
        return _whole(block.line, block.text, place, ())
    return replace(found, outcomes=tuple(_reworded(each, title) for each in found.outcomes))


def _whole(
    line: int, text: str, place: DeclaredPlace, tries: Sequence[tuple[re.Pattern[str], Callable[[], Built]]]
) -> TabularReading:
    """Return a block that is one row by the first of *tries* that understands it."""
    reason = Message("design.not-a-block-of", kind=KINDS[place.kind.kind])
    for headings, build in tries:
        try:
            return TabularReading((read(line, text, build(), place.grounds(headings)),))
        except NotUnderstood as flaw:
            reason = message_of(flaw)
    return TabularReading((unread(line, text, reason),))
