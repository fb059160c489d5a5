"""The first screen: what is wrong now, what people must do today, the chapters, the figures, what comes next.

Extensions contribute through their operations: nothing here knows an extension by name.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.clauses.labels import CHAPTERS
from toban.engine.calendar.agenda import agenda
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import FIRING, Verdict
from toban.engine.extension import Link
from toban.engine.operation import Operation, works_of
from toban.engine.overview import EditionStatus, FigureTrend, OverviewFigure, RowStatus, ToDo
from toban.faces.document.live import LiveRow, worst_first
from toban.faces.document.outline import Outline, OutlineHeading
from toban.faces.words import verdicts as words
from toban.faces.words.agenda import name
from toban.message import NOTHING, Message, listing, plain

_NEXT = 5
"""How many coming due times are shown."""

_ANY_TIME = datetime.max.replace(tzinfo=UTC)
"""Tasks for any time of the day come after those with a time."""

_UNTOUCHED = (Verdict.UNBOUND, Verdict.DECLARED)
"""Nothing acts on such a row: whoever it names must do it unasked."""

type Operations = Sequence[Operation[Any]]


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """A figure as the first screen shows it."""

    label: Message
    value: Message
    detail: Message
    link: Link
    verdict: str = ""
    trend: FigureTrend | None = None


@dataclass(frozen=True, slots=True)
class RowTrouble:
    """A row that is wrong now."""

    name: str
    clause: Clause
    row: LiveRow
    since: datetime
    holders: str
    """Who has acknowledged it; empty if nobody has, or not all of it."""


@dataclass(frozen=True, slots=True)
class Chore:
    """Something that a person must do today, in the reader's language."""

    subject: str
    act: str
    at: str
    """The time; empty for any time today."""
    item: ToDo

    @property
    def verdict(self) -> Verdict | None:
        """How bad it is."""
        return self.item.verdict


@dataclass(frozen=True, slots=True)
class UpcomingDue:
    """A coming due time."""

    at: datetime
    clock: str
    name: str
    clause: Clause


@dataclass(frozen=True, slots=True)
class ContentsLine:
    """One line of the contents, or one of the thirteen chapters."""

    anchor: str
    title: str
    verdict: str
    mark: str
    word: str
    conforming: int
    total: int
    unread: int


class _Speaker:
    """Translates what extensions say into the reader's language."""

    def __init__(self, now: datetime, edition: Edition) -> None:
        self._now, self._zone = now, edition.bindings.system.zone

    def clock(self, at: datetime) -> str:
        return words.clock(at, self._now, self._zone)

    def figure(self, figure: OverviewFigure) -> ShownFigure:
        verdict = figure.verdict
        value = figure.value
        if verdict is not None and not value:
            value = plain(f"{verdict.mark} {words.WORDS[verdict]}")
        return ShownFigure(
            label=figure.link.label,
            value=value,
            detail=figure.detail,
            link=figure.link,
            verdict=verdict.value if verdict is not None else "",
            trend=figure.trend,
        )

    def chore(self, item: ToDo) -> Chore:
        at = self.clock(item.at) if item.at is not None else ""
        return Chore(str(item.subject), str(item.link.label), at, item)


@dataclass(frozen=True)
class Overview:
    """The first screen of *edition*, each part worked out when asked for: most pages show its top bar only.

    *rows* are those of *outline* in the reader's language, in which all of it speaks.
    """

    edition: Edition
    outline: Outline
    seen: EditionStatus
    rows: Mapping[str, LiveRow]
    operations: Operations

    @cached_property
    def figures(self) -> Sequence[ShownFigure]:
        """The top bar."""
        said = [
            self._speaker.figure(each)
            for operation in self.operations
            for each in operation.figures(self.edition, self.seen)
        ]
        return [
            _conforming(self.rows),
            # Figures with a verdict come next to the conforming rows.
            *(each for each in said if each.verdict),
            _firing([(name(self.outline.clauses[row.id]), row) for row in self._wrong]),
            *(each for each in said if not each.verdict),
            _next(self.coming),
        ]

    @cached_property
    def troubles(self) -> Sequence[RowTrouble]:
        """The worst first."""
        holders: dict[str, set[str]] = defaultdict(set)
        for item in self._items:
            holders[item.clause_id].add(item.holder)
        return [self._trouble(row, holders[row.id]) for row in self._wrong]

    @cached_property
    def chores(self) -> Sequence[Chore]:
        """The worst first, then by time."""
        return sorted(map(self._speaker.chore, self._items), key=_urgency)

    @cached_property
    def chapters(self) -> Sequence[ContentsLine]:
        """All thirteen; one that the document lacks has no anchor."""
        return list(chapters(self.outline, self.rows))

    @cached_property
    def coming(self) -> Sequence[UpcomingDue]:
        """What is due next."""
        return list(_coming(self.outline, self.seen, self._speaker))

    @property
    def calm(self) -> Message:
        """What to say if nothing is wrong: of rows that are not measurable nobody knows it."""
        unmeasured = sum(row.verdict == Verdict.NOT_MEASURABLE for row in self.rows.values())
        if not unmeasured:
            return Message("document.nothing-firing")
        return Message("document.nothing-firing-as-far-as-known", count=unmeasured)

    @property
    def drawn(self) -> Sequence[ShownFigure]:
        """The figures that have a drawing: the error budget."""
        return [figure for figure in self.figures if figure.trend is not None]

    @cached_property
    def _speaker(self) -> _Speaker:
        return _Speaker(self.seen.now, self.edition)

    @cached_property
    def _wrong(self) -> Sequence[LiveRow]:
        return list(worst_first(row for row in self.rows.values() if row.verdict in FIRING))

    @cached_property
    def _items(self) -> Sequence[ToDo]:
        asked = (each for operation in self.operations for each in operation.to_do(self.edition, self.seen))
        return [*asked, *_of_document(self.edition, self.seen, self.operations)]

    def _trouble(self, row: LiveRow, holders: Collection[str]) -> RowTrouble:
        clause = self.outline.clauses[row.id]
        held_by = "" if "" in holders else str(listing(sorted(holders)))
        return RowTrouble(name(clause), clause, row, self.seen.rows[row.id].since, held_by)


def seen_of(statuses: Iterable[ClauseStatus], now: datetime) -> EditionStatus:
    """Return what *statuses* say about the rows."""
    return EditionStatus(
        now,
        {
            each.clause_id: RowStatus(Verdict(each.verdict), each.value, each.since, each.next_due)
            for each in statuses
        },
    )


def _urgency(chore: Chore) -> tuple[bool, int, datetime]:
    item = chore.item
    rank = list(Verdict).index(item.verdict) if item.verdict is not None else len(Verdict)
    # Items that somebody has acknowledged come last.
    return item.holder != "", rank, item.at or _ANY_TIME


def _of_document(edition: Edition, seen: EditionStatus, operations: Operations) -> Iterator[ToDo]:
    """Yield the rows that are due today, name a person, and that nothing acts on."""
    system = edition.bindings.system
    tasks = {work.clause_id for work in works_of(edition, operations).values() if work.task is not None}
    today = seen.now.astimezone(system.zone).date()
    for day in agenda(edition.design, system, today, today).days:
        for entry in day.entries:
            clause, row = entry.clause, seen.rows.get(entry.clause.id)
            # A task is due by the hours of its role, and is among what is asked for.
            if clause.id not in tasks and clause.person and (row is None or row.verdict in _UNTOUCHED):
                yield ToDo(
                    subject=plain(name(clause)),
                    link=Link("evidence", Message("document.perform"), (clause.id,)),
                    at=None if entry.is_all_day else entry.start,
                    clause_id=clause.id,
                    assignee=clause.person,
                )


def _coming(outline: Outline, seen: EditionStatus, speaks: _Speaker) -> Iterator[UpcomingDue]:
    due = [
        (row.next_due, outline.clauses[clause_id].origin.line, clause_id)
        for clause_id, row in seen.rows.items()
        if row.next_due is not None and row.next_due > seen.now and clause_id in outline.clauses
    ]
    for at, _line, clause_id in sorted(due)[:_NEXT]:
        clause = outline.clauses[clause_id]
        yield UpcomingDue(at, speaks.clock(at), name(clause), clause)


def contents(outline: Outline, rows: Mapping[str, LiveRow]) -> Iterator[ContentsLine]:
    """Yield each heading of the contents with its worst verdict."""
    for entry in outline.entries:
        found = (rows[each] for each in entry.clauses)
        yield _line(entry.anchor, entry.title or str(Message("document.this-document")), found, entry.unread)


def chapters(outline: Outline, rows: Mapping[str, LiveRow]) -> Iterator[ContentsLine]:
    """Yield the thirteen chapters, each with the heading of the document that holds it."""
    by_chapter: dict[Chapter, list[LiveRow]] = defaultdict(list)
    for clause in outline.clauses.values():
        by_chapter[clause.chapter].append(rows[clause.id])
    headings = _headings(outline)
    for chapter in Chapter:
        entry, found = headings.get(chapter), by_chapter[chapter]
        title = entry.title if entry is not None else ""
        anchor = entry.anchor if entry is not None else "document" if found else ""
        yield _line(anchor, title or str(CHAPTERS[chapter]), found, entry.unread if entry is not None else 0)


def _headings(outline: Outline) -> Mapping[Chapter, OutlineHeading]:
    """Return for each chapter the heading with the most of its rows, among those that hold mostly its own."""
    found: dict[Chapter, tuple[int, OutlineHeading]] = {}
    for entry in outline.entries:
        counted = Counter(outline.clauses[each].chapter for each in entry.clauses)
        for chapter, count in counted.most_common(1):
            if chapter not in found or count > found[chapter][0]:
                found[chapter] = count, entry
    return {chapter: entry for chapter, (_count, entry) in found.items()}


def _line(anchor: str, title: str, rows: Iterable[LiveRow], unread: int) -> ContentsLine:
    found = Counter(Verdict(row.verdict) for row in rows)
    worst = next((verdict for verdict in Verdict if found[verdict]), None)
    return ContentsLine(
        anchor=anchor,
        title=title,
        verdict=worst.value if worst else "",
        mark=worst.mark if worst else "",
        word=str(words.WORDS[worst]) if worst else "",
        conforming=found[Verdict.CONFORMING],
        total=found.total(),
        unread=unread,
    )


def _conforming(rows: Mapping[str, LiveRow]) -> ShownFigure:
    count = sum(row.verdict == Verdict.CONFORMING for row in rows.values())
    declared = sum(row.verdict == Verdict.DECLARED for row in rows.values())
    link, label = (
        Link("document", NOTHING, query=f"verdict={Verdict.CONFORMING}"),
        Message("document.conforming"),
    )
    among = Message("document.rows-and-declared", declared=declared) if declared else Message("document.rows")
    return ShownFigure(label, plain(f"{count} / {len(rows)}"), among, link, Verdict.CONFORMING.value)


def _firing(found: Sequence[tuple[str, LiveRow]]) -> ShownFigure:
    link, label = Link("document", NOTHING, query="verdict=firing"), Message("document.firing")
    if not found:
        return ShownFigure(label, Message("document.none"), NOTHING, link)
    first, row = found[0]
    return ShownFigure(label, plain(f"{row.mark} {len(found)}"), plain(first), link, row.verdict)


def _next(coming: Sequence[UpcomingDue]) -> ShownFigure:
    label, link = Message("document.next-due"), Link("calendar", NOTHING)
    if not coming:
        return ShownFigure(label, Message("document.none"), NOTHING, link)
    return ShownFigure(label, plain(coming[0].clock), plain(coming[0].name), link)


def short(clause: Clause, longest: int = 24) -> str:
    """Return the beginning of a row, enough to recognise it; *longest* is in characters."""
    text = " ".join(clause.text.replace(" | ", " ").split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
