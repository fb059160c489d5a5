"""A document's text to its clauses: what Toban understood, and what it did not, with the reason.

These count as rows (`Design.rows`). Each is either read or listed as unread:

- every table row, except of a revision history, a glossary or a list of links;
- every list entry that states a rule: one that a chapter's shape claims, or that names a number with a unit,
  a time, a frequency or an obligation. Steps of a procedure and plain sentences are not rows by themselves;
- a numbered procedure of a known kind (deploy, rollback, incident flow) as one row;
- a code block under a heading that makes it one: backup and restore commands, a sample log record, a flow.
  Any other code (queries, dashboards, scripts) is an illustration and not a row.

Sections such as a table of contents, a revision history, an approval box or a summary contain no rules: their
rows are kept separately with the reason (`Design.aside`), and never lost.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from toban.design.clauses.base import Clause
from toban.design.clauses.logs import LogFormat
from toban.design.clauses.routine import TASK, headed_routine
from toban.design.document_file import UnreadableDocument, text_of
from toban.design.markdown import (
    Block,
    BulletList,
    CodeBlock,
    Heading,
    MarkdownTable,
    NumberedList,
    Paragraph,
    comments,
    parse,
)
from toban.design.origin import Origin
from toban.design.reading.asides import is_aside, set_aside
from toban.design.reading.code import read_code
from toban.design.reading.declared.declaration import DeclaredElsewhere, Misdeclared, declarations
from toban.design.reading.declared.reading import read_declared, without_rule
from toban.design.reading.declared.scope import DeclaredScope, Placement, next_lines, place
from toban.design.reading.document.kinship import why_foreign
from toban.design.reading.document.title import is_of_operations
from toban.design.reading.entries import (
    EntryLine,
    caption_of,
    fact_lines,
    lines_of,
    read_facts,
    read_lines,
    read_steps,
)
from toban.design.reading.environments import as_written, production_views
from toban.design.reading.force import other_phases, why_not_in_force
from toban.design.reading.grounds import Grounds
from toban.design.reading.outcome import RowFate, RowOutcome, aside, not_in_force, read, unread
from toban.design.reading.pairs import is_pairs, pair_lines
from toban.design.reading.parts import parts_of_procedures, whole
from toban.design.reading.schedules import at_their_time
from toban.design.reading.subjects import told_apart
from toban.design.reading.tables import read_table
from toban.design.reading.weight import weighed
from toban.design.section import DocumentSection, heading_text
from toban.design.shapes.shape import ClausePlace
from toban.design.shapes.timing import nearest_schedule, speaks_of_time
from toban.design.values.schedule import Schedule
from toban.message import NOTHING, Message

_KANA = re.compile(r"[ぁ-んァ-ヶ]")


@dataclass(frozen=True, slots=True)
class Remainder:
    """A row, bullet or block that became no clause, and why."""

    line: int
    text: str
    reason: Message


@dataclass(frozen=True, slots=True)
class Design:
    """A document as read: its clauses in document order, its unread rows, and its blocks for the page."""

    document: str
    """The file name as the user gave it; origins cite it."""
    digest: str
    """SHA-256 of the text, in hex: the document version that evidence refers to."""
    blocks: tuple[Block, ...]
    clauses: tuple[Clause, ...]
    unread: tuple[Remainder, ...]
    not_in_force: tuple[Remainder, ...] = ()
    """Rows that their author does not mean to hold now, and by which words."""
    aside: tuple[Remainder, ...] = ()
    """What is not an operations row, and why."""
    rows: int = 0
    """How many rows the document has, read or not; a row may yield two clauses (RPO and RTO)."""
    grounds: Mapping[int, Grounds] = field(default_factory=dict, repr=False, compare=False)
    """Why the row at a line was read as it was."""
    misdeclared: tuple[Misdeclared, ...] = ()
    """What is wrong with what its owner has declared about it."""

    @property
    def read(self) -> int:
        """How many of the rows became clauses."""
        return self.rows - len(self.unread) - len(self.not_in_force)

    @property
    def lines(self) -> Iterator[str]:
        """Every heading, row, list entry and paragraph as one text, in document order."""
        for block in self.blocks:
            match block:
                case MarkdownTable(rows=rows):
                    yield from (" | ".join(row.cells) for row in rows)
                case BulletList(items=items) | NumberedList(items=items):
                    yield from (item.text for item in items)
                case _:
                    yield block.text

    @property
    def language(self) -> str:
        """The language that it is written in: Japanese (`ja`) if it has any kana, else English (`en`)."""
        return "ja" if any(_KANA.search(line) for line in self.lines) else "en"

    def of[C: Clause](self, kind: type[C]) -> tuple[C, ...]:
        """Return the clauses of one type, in document order."""
        return tuple(clause for clause in self.clauses if isinstance(clause, kind))

    def unread_of(self, key: str) -> Remainder | None:
        """Return the first unread row that has *key* in a cell of its own."""
        return next((row for row in self.unread if key in map(str.strip, row.text.split("|"))), None)


def load_design(path: str | Path, declared: Sequence[DeclaredElsewhere] = ()) -> Design:
    """Read the document at *path*, or raise `UnreadableDocument` with a way out."""
    return read_design(text_of(Path(path)), str(path), declared)


def read_design(text: str, document: str, declared: Sequence[DeclaredElsewhere] = ()) -> Design:
    """Read *text*; clauses cite *document* and the line. Takes time linear in the text's length.

    *declared* is what its owner says about it outside of it.

    Raises `UnreadableDocument` if the text is empty, holds nothing readable, or is not about operating a
    system.
    """
    if not text.strip("\ufeff \t\r\n"):
        raise UnreadableDocument(
            Message("design.document-is-empty", document=document), Message("design.name-a-design")
        )
    blocks = parse(text)
    placement = _placement(text, document, blocks, declared)
    walk = _walk(blocks, document, placement)
    outcomes = sorted(walk.outcomes(blocks), key=lambda outcome: outcome.line)
    outcomes = at_their_time(told_apart(outcomes))
    read = [outcome for outcome in outcomes if outcome.fate is RowFate.READ]
    _refuse_if_unfit(blocks, outcomes, document, is_declared=placement.has_rules)
    return Design(
        document=document,
        digest=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        blocks=blocks,
        clauses=tuple(
            _with_unique_ids(_with_assumptions(clause) for outcome in read for clause in outcome.clauses)
        ),
        unread=_listed(outcomes, RowFate.UNREAD),
        not_in_force=_listed(outcomes, RowFate.NOT_IN_FORCE),
        aside=_listed(outcomes, RowFate.ASIDE),
        rows=sum(outcome.fate is not RowFate.ASIDE for outcome in outcomes),
        grounds={outcome.line: outcome.grounds for outcome in read if outcome.grounds is not None},
        misdeclared=tuple(walk.misdeclared),
    )


def _placement(
    text: str, document: str, blocks: Sequence[Block], declared: Sequence[DeclaredElsewhere]
) -> Placement:
    found = comments(text)
    lines = dict(zip((each.line for each in found), next_lines(found, text), strict=True))
    here = ((each, lines[each.origin.line]) for each in declarations(found, document))
    return place(here, declared, blocks)


def _walk(blocks: tuple[Block, ...], document: str, placement: Placement) -> "_BlockWalk":
    title = _title(blocks)
    headings = [block for block in blocks if isinstance(block, Heading)]
    about = headings[0].text if headings and headings[0].level == 1 else ""
    chapters = [heading.text for heading in headings if heading.level == 2]
    section = DocumentSection(
        document=title.text if title else "", about=about, is_of_operations=is_of_operations(about, chapters)
    )
    return _BlockWalk(document, section, other_phases(blocks), parts_of_procedures(blocks), placement, title)


def _title(blocks: tuple[Block, ...]) -> Heading | None:
    """The document's title: its only first-level heading, if it stands first."""
    headings = [block for block in blocks if isinstance(block, Heading)]
    tops = [heading for heading in headings if heading.level == 1]
    return tops[0] if len(tops) == 1 and headings[0] is tops[0] else None


class _BlockWalk:
    """One pass over the blocks that keeps track of the section."""

    def __init__(
        self,
        document: str,
        section: DocumentSection,
        other_phases: frozenset[Heading],
        parts: frozenset[int],
        placement: Placement,
        title: Heading | None,
    ) -> None:
        self._document = document
        self._section = section
        self._other_phases = other_phases
        self._parts = parts
        """The lines of blocks that are only a part of a procedure."""
        self._title = title
        self._declared = placement.at
        self._scope = DeclaredScope(placement.at)
        # In order, each once: what is wrong with a section is so for every table in it.
        self.misdeclared: dict[Misdeclared, None] = dict.fromkeys(placement.flaws)
        self._facts: list[EntryLine] = []
        self._has_work = False
        """Whether the section holds commands or steps that no kind has claimed."""
        self._has_clauses = False
        self._crons: set[str] = set()
        """When its commands run, by their crontab."""
        self._is_timed_below = False
        """Whether a line below the heading says when, too: First Monday of each month."""

    def outcomes(self, blocks: Iterable[Block]) -> Iterator[RowOutcome]:
        """Yield what became of every row of *blocks*."""
        for block in blocks:
            if block is not self._title:
                yield from self._block(block)
            if isinstance(block, Heading):
                self._scope.enter(block)
        # Whether the last section is in force is asked as of the others.
        yield from map(self._unless_nothing, (self._in_force(outcome, ()) for outcome in self.close()))

    def _block(self, block: Block) -> Iterator[RowOutcome]:
        placed = self._scope.of(block)
        if placed is None or isinstance(block, Heading):
            yield from map(self._unless_nothing, self._guessed(block))
            return
        found = read_declared(
            block,
            placed,
            self._section,
            self._document,
            guess=lambda: list(self._guessed(block)),
            is_own=block.line in self._declared,
        )
        self.misdeclared |= dict.fromkeys(found.flaws)
        self._has_clauses |= any(outcome.fate is RowFate.READ for outcome in found.outcomes)
        yield from found.outcomes

    def _guessed(self, block: Block) -> Iterator[RowOutcome]:
        for outcome in self._outcomes(block):
            yield self._in_force(outcome, block.header if isinstance(block, MarkdownTable) else ())

    def _unless_nothing(self, outcome: RowOutcome) -> RowOutcome:
        """Return the row set aside if its section is declared to state no rule."""
        placed = self._scope.section
        is_nothing = placed is not None and placed.is_nothing
        return without_rule(outcome, placed, self._document) if placed and is_nothing else outcome

    def _in_force(self, outcome: RowOutcome, header: tuple[str, ...]) -> RowOutcome:
        """Return the outcome, or that the row does not hold now."""
        # The format of logs is given by a sample.
        if outcome.fate is RowFate.ASIDE or any(isinstance(clause, LogFormat) for clause in outcome.clauses):
            return outcome
        section = outcome.grounds.section if outcome.grounds else self._section
        other = next((heading for heading in section.headings if heading in self._other_phases), None)
        if other is not None:
            reason = Message("design.another-phase", heading=heading_text(other.text))
            return not_in_force(outcome.line, outcome.text, reason)
        why = why_not_in_force(section, outcome, header)
        return not_in_force(outcome.line, outcome.text, why) if why else outcome

    def _outcomes(self, block: Block) -> Iterator[RowOutcome]:
        if isinstance(block, Heading):
            yield from self.close(block.level)
            self._section = self._section.under(block)
            self._has_work = self._has_clauses = self._is_timed_below = False
            self._crons = set()
        elif isinstance(block, Paragraph):
            yield from self._paragraph(block)
        elif is_aside(self._section):
            yield from set_aside(block, self._section)
        else:
            outcomes = list(self._rows(block))
            self._has_clauses |= any(outcome.fate is RowFate.READ for outcome in outcomes)
            yield from outcomes

    def _rows(self, block: MarkdownTable | BulletList | NumberedList | CodeBlock) -> Iterator[RowOutcome]:
        if isinstance(block, CodeBlock):
            return self._code(block)
        return self._table(block) if isinstance(block, MarkdownTable) else self._list(block)

    def close(self, level: int = 0) -> Iterator[RowOutcome]:
        """End the section at a heading of *level*: its `key: value` paragraphs may form one row together."""
        facts, self._facts = self._facts, []
        if is_aside(self._section):
            return
        if facts:
            outcomes = list(read_facts(facts, self._document))
            # 担当: … below 終業チェック（毎日 17:30） is the heading's task, read once.
            self._has_clauses |= any(outcome.fate is RowFate.READ for outcome in outcomes)
            yield from outcomes
        if self._section.headings and not self._has_clauses:
            yield from self._heading(
                self._section.headings[-1], is_above=self._section.headings[-1].level < level
            )

    def _heading(self, heading: Heading, *, is_above: bool) -> Iterator[RowOutcome]:
        """Say what became of a heading that states a time (週次メンテナンス（日曜日 2:00）)."""
        section = self._section.captioned("")
        if nearest_schedule(section) is None:
            return
        place = ClausePlace(Origin(self._document, heading.line), heading.text, self._section)
        routine = headed_routine(place, self._crons) if self._has_work and not self._is_timed_below else None
        if routine is not None:
            yield from weighed(
                [
                    read(
                        heading.line,
                        heading.text,
                        routine,
                        Grounds(type(routine), TASK, section, is_formed=True),
                    )
                ]
            )
        elif is_above:
            yield aside(heading.line, heading.text, Message("design.heading-of-sections"))
        else:
            yield unread(heading.line, heading.text, Message("design.heading-with-time"))

    def _paragraph(self, paragraph: Paragraph) -> Iterator[RowOutcome]:
        """Running text holds no rows, except facts about the section and a broken table."""
        lines = paragraph.text.split("\n")
        facts = fact_lines(lines, paragraph.line, self._section.captioned(""))
        self._facts += facts
        self._section = self._section.captioned(caption_of(paragraph))
        self._is_timed_below |= speaks_of_time(self._section.caption)
        if lines[0].lower().startswith("<table"):
            yield unread(paragraph.line, lines[0], Message("design.html-table"))
        elif sum(line.lstrip().startswith("|") for line in lines) > 1:
            reason = Message("design.broken-table")
            yield unread(paragraph.line, lines[0], reason)

    def _table(self, table: MarkdownTable) -> Iterator[RowOutcome]:
        named, unnamed = production_views(table)
        whole: list[RowOutcome] = []
        for view in (*named, table, *unnamed):
            outcomes = self._whole_table(view)
            if any(outcome.fate is RowFate.READ for outcome in outcomes):
                return iter(outcomes) if view is table else as_written(outcomes, table)
            whole = outcomes if view is table else whole
        return iter(whole)

    def _whole_table(self, table: MarkdownTable) -> list[RowOutcome]:
        outcomes = read_table(table, self._section, self._document)
        if is_pairs(table) and not any(outcome.fate is RowFate.READ for outcome in outcomes):
            return list(read_lines(pair_lines(table, self._section), self._document))
        return outcomes

    def _list(self, block: BulletList | NumberedList) -> Iterator[RowOutcome]:
        procedure = read_steps(block, self._section, self._document)
        if procedure is not None:
            yield from weighed([whole(procedure, self._parts)])
            return
        outcomes = list(read_lines(lines_of(block, self._section), self._document))
        self._has_work |= all(outcome.fate is RowFate.ASIDE for outcome in outcomes)
        yield from outcomes
        # "1. GET /health" alone, followed by a list that is not indented, is that list's heading.
        if len(block.items) == 1:
            self._section = self._section.captioned(block.items[0].text)

    def _code(self, block: CodeBlock) -> Iterator[RowOutcome]:
        outcome = read_code(block, self._section, self._document)
        if outcome is None:
            self._has_work = True
            self._crons |= {found["cron"] for found in _CRON.finditer(block.text)}
        else:
            yield from weighed([whole(outcome, self._parts)])


_CRON = re.compile(
    r"(?m)^\W*(?:(?:cron|schedule)\w*\W+)?(?<![\d*])"
    r"(?P<cron>(?:[\d*][\d*/,-]* +){3}[\w*][\w*/,-]* +[\w*][\w*/,-]*)(?=\W|$)"
)
"""A line of a crontab in a fence."""


def _with_unique_ids(clauses: Iterator[Clause]) -> Iterator[Clause]:
    """Give rows with the same key the suffixes `~2`, `~3` … in document order."""
    seen: Counter[str] = Counter()
    for clause in clauses:
        seen[clause.id] += 1
        count = seen[clause.id]
        yield clause if count == 1 else replace(clause, id=f"{clause.id}~{count}")


def _with_assumptions(clause: Clause) -> Clause:
    """Add what a row's schedule assumes (深夜 without a clock) to the assumptions of the row."""
    taken = tuple(
        assumption
        for field in fields(clause)
        for schedule in _schedules(getattr(clause, field.name))
        for assumption in schedule.assumptions
        if assumption not in clause.assumptions
    )
    return replace(clause, assumptions=(*clause.assumptions, *taken)) if taken else clause


def _schedules(value: object) -> Iterator[Schedule]:
    parts = value if isinstance(value, tuple) else (value,)
    return (each for part in parts if isinstance(part, Schedule) for each in part.each)


def _listed(outcomes: list[RowOutcome], fate: RowFate) -> tuple[Remainder, ...]:
    return tuple(
        Remainder(outcome.line, outcome.text, outcome.reason) for outcome in outcomes if outcome.fate is fate
    )


def _refuse_if_unfit(
    blocks: tuple[Block, ...], outcomes: list[RowOutcome], document: str, *, is_declared: bool
) -> None:
    if not outcomes:
        raise UnreadableDocument(
            Message("design.no-tables-or-lists", document=document),
            Message("design.name-a-design-with-tables"),
        )
    tables = [block for block in blocks if isinstance(block, MarkdownTable)]
    if (
        tables
        and not any(table.rows for table in tables)
        and not any(o.fate is RowFate.READ for o in outcomes)
    ):
        raise UnreadableDocument(
            Message("design.all-tables-empty", document=document), Message("design.write-rows")
        )
    # Who declares rules in it says that it is one.
    foreign = NOTHING if is_declared else why_foreign(blocks, outcomes)
    if foreign:
        raise UnreadableDocument(
            Message("design.not-a-design", document=document, why=foreign),
            Message("design.name-a-document-about-operations"),
        )
