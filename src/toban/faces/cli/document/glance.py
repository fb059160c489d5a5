"""The living page as values for the terminal: its figures, its chapters, and its rows, worst first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from toban.design.clauses.base import Clause
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.registry.parts import Parts
from toban.faces.cli.kept import kept_edition
from toban.faces.document.live import LiveRow, live_rows, worst_first
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

_COLOURS: Mapping[str, str] = {
    "": "",
    Verdict.DEVIATING: "bold red",
    Verdict.NOT_PERFORMED: "bold magenta",
    Verdict.WARNING: "bold yellow",
    Verdict.NOT_MEASURABLE: "cyan",
    Verdict.UNBOUND: "dim",
    Verdict.CONFORMING: "green",
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
    refusal: str
    """Why a newer version of the document is not in force; empty when none is waiting."""
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
        return Glance(self.edition, self.now, self.overview, chapters, self.refusal, is_part=bool(sought))


def look(parts: Parts, home: Path, now: datetime) -> Glance | None:
    """Return what the page of the Toban in *home* shows at *now*; None if no document is in force."""
    edition = kept_edition(parts, home)
    if edition is None:
        return None
    told = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.DOCUMENT)
    latest = told.order_by("-sequence").first()
    refusal = str(latest.content.get("reason", "")) if latest else ""
    return glance(edition, list(ClauseStatus.objects.all()), parts.operations, now, refusal)


def glance(
    edition: Edition,
    statuses: Sequence[ClauseStatus],
    operations: Operations,
    now: datetime,
    refusal: str = "",
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
    """Return the page for a terminal: every row if *whole*, else the worst rows that do not conform."""
    return Group(*_blocks(seen, whole))


def _blocks(seen: Glance, whole: bool) -> Iterator[RenderableType]:
    yield _heading(seen)
    yield _figures(seen.overview.figures)
    yield Text()
    if seen.is_part:
        yield _contents(chapter.line for chapter in seen.chapters)
    else:
        yield from _first_screen(seen.overview)
    wanted = [row for row in seen.rows if whole or row.live.verdict != Verdict.CONFORMING]
    shown = wanted if whole else wanted[:_MOST]
    if shown:
        yield Text()
        yield _rows(shown)
    if len(shown) < len(wanted):
        yield Text(f"ほか {len(wanted) - len(shown)} 行: --all ですべて、--chapter で章ごとに示します")
    if seen.refusal:
        yield Text(f"\n新しい版は採られていません。前の版で続けています:\n{seen.refusal}", "bold yellow")


def _heading(seen: Glance) -> Text:
    zone = seen.edition.bindings.system.zone
    observed_at = seen.observed_at
    ago = f"（{words.length(seen.now - observed_at)}前）" if observed_at else ""
    at = words.clock(observed_at, seen.now, zone) + ago if observed_at else "まだありません"
    return Text.assemble((seen.edition.design.document, "bold"), f"  最後の観測 {at}")


def _figures(shown: Sequence[ShownFigure]) -> Table:
    table = _columns(3)
    for figure in shown:
        table.add_row(Text(figure.label), Text(figure.value, _COLOURS[figure.verdict]), Text(figure.detail))
    return table


def _first_screen(shown: Overview) -> Iterator[RenderableType]:
    yield _title("発生中", len(shown.troubles))
    yield _list([_trouble(each) for each in shown.troubles], "警告も逸脱もありません")
    yield _title("今日の作業", len(shown.chores))
    yield _list([_chore(each) for each in shown.chores], "今日の作業はありません")
    yield _title("各章")
    yield _contents(shown.chapters)
    for figure in shown.drawn:
        yield _title(figure.label)
        yield Text.assemble((figure.value, _COLOURS[figure.verdict]), f"  {figure.detail}")
    yield _title("次の予定")
    yield _list([(Text(each.clock), Text(each.name)) for each in shown.coming], "予定はありません")
    yield Text()


def _title(title: str, count: int = 0) -> Text:
    return Text(f"\n{title} {count or ''}".rstrip(), "bold")


def _list(lines: Sequence[Sequence[Text]], nothing: str) -> RenderableType:
    if not lines:
        return Text(nothing, "dim")
    table = _columns(len(lines[0]))
    for line in lines[:_MOST]:
        table.add_row(*line)
    return table


def _trouble(each: RowTrouble) -> Sequence[Text]:
    held = f"対応中 {each.holders}" if each.holders else "未対応"
    return (
        Text(each.row.mark, _COLOURS[each.row.verdict]),
        Text(each.name),
        Text(each.row.value),
        Text(f"{each.row.since} {held}"),
    )


def _chore(each: Chore) -> Sequence[Text]:
    verdict, item = each.verdict, each.item
    held = f"対応中 {item.holder}" if item.holder else item.assignee
    return (
        Text(verdict.mark if verdict else "・", _COLOURS[verdict or ""]),
        Text(each.subject),
        Text(each.act),
        Text(f"{each.at} {held}".strip()),
    )


def _contents(lines: Iterable[ContentsLine]) -> Table:
    table = _columns(3)
    for line in lines:
        unread = f"  読めない行 {line.unread}" if line.unread else ""
        table.add_row(
            Text(f"{line.mark} {line.word}".strip(), _COLOURS[line.verdict]),
            Text(f"{line.conforming} / {line.total}" if line.anchor else "文書にありません"),
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
        "refusal": seen.refusal,
        "figures": [_figure_as_json(figure) for figure in seen.overview.figures],
        "overview": _overview_as_json(seen.overview),
        "chapters": [_line_as_json(chapter.line) for chapter in seen.chapters],
        "rows": [_row_as_json(row) for row in seen.rows],
    }


def _overview_as_json(shown: Overview) -> dict[str, object]:
    return {
        "firing": [
            {
                "id": each.clause.id,
                "name": each.name,
                "verdict": each.row.verdict,
                "value": each.row.value,
                "since": _iso(each.since),
                "acknowledged_by": each.holders,
            }
            for each in shown.troubles
        ],
        "to_do": [
            {
                "subject": each.subject,
                "act": each.act,
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
    return {"label": figure.label, "value": figure.value, "detail": figure.detail}


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
        "value": row.live.value,
        "reason": row.live.reason,
        "since": _iso(status.since) if status else None,
        "observed_at": _iso(status.observed_at) if status else None,
        "next_due": _iso(status.next_due) if status else None,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
