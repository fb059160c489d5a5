"""The living page as values for the terminal: its figures, its chapters, and its rows, worst first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from toban.design.clauses.base import Clause
from toban.engine.editions import records
from toban.engine.editions.edition import Edition
from toban.engine.evidence import current
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import QUIET, Verdict
from toban.engine.registry.parts import Parts
from toban.engine.timekeeping.models import WrongClock
from toban.faces.cli.kept import kept_edition
from toban.faces.document.live import NOT_JUDGED, LiveRow, live_rows, worst_first
from toban.faces.document.outline import outline
from toban.faces.document.overview import (
    Chore,
    ContentsLine,
    Operations,
    Overview,
    RowTrouble,
    ShownFigure,
    contents,
    overview,
    seen_of,
    short,
)
from toban.faces.words import verdicts as words
from toban.message import NOTHING, Message, from_json

_COLOURS: Mapping[str, str] = {
    "": "",
    Verdict.DEVIATING: "bold red",
    Verdict.NOT_PERFORMED: "bold magenta",
    Verdict.WARNING: "bold yellow",
    Verdict.NOT_MEASURABLE: "cyan",
    Verdict.BETWEEN: "yellow",
    Verdict.UNBOUND: "cyan",
    Verdict.NOT_DUE: "dim",
    Verdict.CONFORMING: "green",
    Verdict.DECLARED: "dim",
}
_MOST = 20
"""Rows shown unless all are asked for: one screen."""

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class GlanceRow:
    """One clause and its status; no status if nothing has been reported yet."""

    clause: Clause
    live: LiveRow
    status: ClauseStatus | None


@dataclass(frozen=True, slots=True)
class ChapterGlance:
    """A line of the contents with the rows below it, worst first."""

    line: ContentsLine
    rows: tuple[GlanceRow, ...]


@dataclass(frozen=True, slots=True)
class Glance:
    """What the page shows at one moment."""

    edition: Edition
    now: datetime
    overview: Overview
    chapters: Sequence[ChapterGlance]
    refusal: Message
    """Why a newer version of the document is not in force; nothing when there is none."""
    is_waiting: bool = False
    """Whether the newer version only waits for a person's confirmation."""
    wrong_clocks: Sequence[WrongClock] = ()
    is_part: bool = False
    """Whether only some chapters were asked for."""

    @property
    def rows(self) -> list[GlanceRow]:
        """All rows, worst first."""
        by_id = {row.live.id: row for chapter in self.chapters for row in chapter.rows}
        return [by_id[live.id] for live in worst_first(row.live for row in by_id.values())]

    @property
    def observed_at(self) -> datetime | None:
        """When anything was last observed; None if nothing was."""
        seen = [row.status.observed_at for row in self.rows if row.status is not None]
        return max((moment for moment in seen if moment is not None), default=None)

    def only(self, sought: str) -> "Glance":
        """Return the chapters whose heading contains *sought*."""
        chapters = [each for each in self.chapters if sought.casefold() in each.line.title.casefold()]
        return replace(self, chapters=chapters, is_part=bool(sought))


def look(parts: Parts, home: Path, now: datetime) -> Glance | None:
    """Return what the page of the Toban in *home* shows at *now*; None if no document is in force."""
    edition = kept_edition(parts, home)
    if edition is None:
        return None
    latest = records.latest()
    refusal = from_json(latest.content.get("reason")) if latest else NOTHING
    seen = glance(edition, current.statuses(now), parts.operations, now, refusal)
    wrong_clocks = list(WrongClock.objects.order_by("host"))
    return replace(seen, is_waiting=records.waiting() is not None, wrong_clocks=wrong_clocks)


def glance(
    edition: Edition,
    statuses: Sequence[ClauseStatus],
    operations: Operations,
    now: datetime,
    refusal: Message = NOTHING,
) -> Glance:
    """Put together what the page of *edition* shows at *now*."""
    built = outline(edition.design)
    by_id = {status.clause_id: status for status in statuses if status.clause_id in built.clauses}
    live = live_rows(built.clauses, list(by_id.values()), now, edition.bindings.system.zone)
    chapters = [
        ChapterGlance(
            line,
            tuple(
                GlanceRow(built.clauses[row.id], row, by_id.get(row.id))
                for row in worst_first(live[each] for each in entry.clauses)
            ),
        )
        for line, entry in zip(contents(built, live), built.entries, strict=True)
    ]
    shown = overview(edition, built, seen_of(by_id.values(), now), live, operations)
    return Glance(edition, now, shown, chapters, refusal)


def as_text(seen: Glance, *, whole: bool) -> RenderableType:
    """Return the page for a terminal: every row if *whole*, else the worst rows that ask for something."""
    return Group(*_blocks(seen, whole))


def _blocks(seen: Glance, whole: bool) -> Iterator[RenderableType]:
    yield _heading(seen)
    yield from (_text(each.said, "bold red") for each in seen.wrong_clocks)
    yield _figures(seen.overview.figures)
    yield Text()
    if seen.is_part:
        yield _contents(chapter.line for chapter in seen.chapters)
    else:
        yield from _first_screen(seen.overview)
    wanted = [row for row in seen.rows if whole or row.live.verdict not in QUIET]
    shown = wanted if whole else wanted[:_MOST]
    if shown:
        yield Text()
        yield _rows(shown)
    if len(shown) < len(wanted):
        yield _text(Message("document.more-rows", count=len(wanted) - len(shown)))
    if seen.refusal:
        state = "waits" if seen.is_waiting else "refused"
        yield Text(f"\n{Message(f'document.new-version-{state}')}\n{seen.refusal}", "bold yellow")


def _heading(seen: Glance) -> Text:
    zone = seen.edition.bindings.system.zone
    observed_at = seen.observed_at
    observed = Message("document.not-observed-yet")
    if observed_at:
        observed = Message(
            "document.observed",
            at=words.clock(observed_at, seen.now, zone),
            ago=words.relative(observed_at, seen.now),
        )
    return Text.assemble((seen.edition.design.document, "bold"), f"  {observed}")


def _figures(shown: Sequence[ShownFigure]) -> Table:
    table = _columns(3)
    for figure in shown:
        table.add_row(
            _text(figure.label), _text(figure.value, _COLOURS[figure.verdict]), _text(figure.detail)
        )
    return table


def _first_screen(shown: Overview) -> Iterator[RenderableType]:
    yield _title(Message("document.firing"), len(shown.troubles))
    yield _list([_trouble(each) for each in shown.troubles], shown.calm)
    yield _title(Message("document.tasks-today"), len(shown.chores))
    yield _list([_chore(each) for each in shown.chores], Message("document.no-tasks-today"))
    yield _title(Message("document.chapters"))
    yield _contents(shown.chapters)
    for figure in shown.drawn:
        yield _title(figure.label)
        yield Text.assemble((str(figure.value), _COLOURS[figure.verdict]), f"  {figure.detail}")
    yield _title(Message("document.next-due"))
    coming = [(Text(each.clock), Text(each.name)) for each in shown.coming]
    yield _list(coming, Message("document.nothing-due"))
    yield Text()


def _text(said: Message, style: str = "") -> Text:
    return Text(str(said), style)


def _title(title: Message, count: int = 0) -> Text:
    return Text(f"\n{title} {count or ''}".rstrip(), "bold")


def _list(lines: Sequence[Sequence[Text]], nothing: Message) -> RenderableType:
    if not lines:
        return _text(nothing, "dim")
    table = _columns(len(lines[0]))
    for line in lines[:_MOST]:
        table.add_row(*line)
    return table


def _trouble(each: RowTrouble) -> Sequence[Text]:
    held = _held(each.holders) if each.holders else Message("document.unacknowledged")
    return (
        Text(each.row.mark, _COLOURS[each.row.verdict]),
        Text(each.name),
        Text(each.row.value),
        Text(f"{each.row.since} {held}"),
    )


def _chore(each: Chore) -> Sequence[Text]:
    verdict, item = each.verdict, each.item
    held = _held(item.holder) if item.holder else item.assignee
    return (
        Text(verdict.mark if verdict else "・", _COLOURS[verdict or ""]),
        Text(each.subject),
        Text(each.act),
        Text(f"{each.at} {held}".strip()),
    )


def _held(by: str) -> Message:
    return Message("document.acknowledged-by", by=by)


def _contents(lines: Iterable[ContentsLine]) -> Table:
    table, missing = _columns(3), Message("document.not-in-document")
    for line in lines:
        unread = f"  {Message('document.unreadable-rows-count', count=line.unread)}" if line.unread else ""
        table.add_row(
            Text(f"{line.mark} {line.word}".strip(), _COLOURS[line.verdict]),
            Text(f"{line.conforming} / {line.total}") if line.anchor else _text(missing),
            Text(line.title + unread),
        )
    return table


def _rows(rows: Sequence[GlanceRow]) -> Table:
    table = _columns(4)
    for row in rows:
        live = row.live
        table.add_row(
            Text(f"{live.mark} {live.word}", _COLOURS[live.verdict]),
            # The document's name is at the top.
            Text(f":{row.clause.origin.line}"),
            Text.assemble(short(row.clause, _LONGEST), (f"\n{live.reason}" if live.reason else "", "dim")),
            Text("\n".join(each for each in (live.value, live.since, live.due) if each)),
        )
    return table


def _columns(count: int) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(count):
        table.add_column(overflow="fold")
    return table


def as_json(seen: Glance) -> dict[str, object]:
    """Return the page as JSON values; every row, in the order of `rows`."""
    return {
        "document": seen.edition.design.document,
        "digest": seen.edition.design.digest,
        "observed_at": _iso(seen.observed_at),
        "refusal": seen.refusal.as_output() if seen.refusal else None,
        "is_waiting": seen.is_waiting,
        "wrong_clocks": [
            {"host": each.host, "ahead_seconds": each.ahead_seconds, "since": _iso(each.since)}
            for each in seen.wrong_clocks
        ],
        "figures": [_figure_as_json(figure) for figure in seen.overview.figures],
        "overview": _overview_as_json(seen),
        "chapters": [_line_as_json(chapter.line) for chapter in seen.chapters],
        "rows": [_row_as_json(row) for row in seen.rows],
    }


def _overview_as_json(seen: Glance) -> dict[str, object]:
    shown, values = seen.overview, {row.live.id: row.status.value for row in seen.rows if row.status}
    return {
        "firing": [
            {
                "id": each.clause.id,
                "name": each.name,
                "verdict": each.row.verdict,
                "value": values.get(each.clause.id, NOTHING).as_output(),
                "since": _iso(each.since),
                "acknowledged_by": each.holders,
            }
            for each in shown.troubles
        ],
        "to_do": [
            {
                "subject": each.item.subject.as_output(),
                "act": each.item.link.label.as_output(),
                "at": _iso(each.item.at),
                "clause": each.item.clause_id,
                "verdict": each.verdict or "",
                "assignee": each.item.assignee,
                "acknowledged_by": each.item.holder,
            }
            for each in shown.chores
        ],
        "chapters": [_line_as_json(line) | {"is_missing": not line.anchor} for line in shown.chapters],
        "figures": [_figure_as_json(figure) for figure in shown.drawn],
        "next": [{"at": _iso(each.at), "id": each.clause.id, "name": each.name} for each in shown.coming],
    }


def _figure_as_json(figure: ShownFigure) -> dict[str, object]:
    return {
        "label": figure.label.as_output(),
        "value": figure.value.as_output(),
        "detail": figure.detail.as_output(),
    }


def _line_as_json(line: ContentsLine) -> dict[str, object]:
    return {
        "title": line.title,
        "verdict": line.verdict,
        "conforming": line.conforming,
        "total": line.total,
        "unread": line.unread,
    }


def _row_as_json(row: GlanceRow) -> dict[str, object]:
    status = row.status
    return {
        "id": row.clause.id,
        "line": row.clause.origin.line,
        "text": row.clause.text,
        "verdict": row.live.verdict,
        "value": (status.value if status else NOTHING).as_output(),
        "reason": (status.reason if status else NOT_JUDGED).as_output(),
        "since": _iso(status.since) if status else None,
        "observed_at": _iso(status.observed_at) if status else None,
        "next_due": _iso(status.next_due) if status else None,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
