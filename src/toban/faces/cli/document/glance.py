"""The living page for the terminal: its figures, its chapters, and its rows, worst first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from toban.engine.evidence.verdict import QUIET, Verdict
from toban.engine.nodes.rules import NodeFinding, NodeTrouble
from toban.faces.document.overview import Chore, ContentsLine, Overview, RowTrouble, ShownFigure, short
from toban.faces.values.glance import Glance, GlanceRow
from toban.faces.words import verdicts as words
from toban.message import NOTHING, Message, plain, sentences

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


def as_text(seen: Glance, *, whole: bool) -> RenderableType:
    """Return the page for a terminal: every row if *whole*, else the worst rows that ask for something."""
    return Group(*_blocks(seen, whole))


def _blocks(seen: Glance, whole: bool) -> Iterator[RenderableType]:
    yield _heading(seen)
    yield from (_text(each.said, "bold red") for each in seen.wrong_clocks)
    yield from (_text(each.said, "bold yellow") for each in seen.node_findings if not _is_said(each))
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
        state = "refused" if not seen.is_waiting else "unapproved" if seen.needs_approval else "waits"
        yield Text(f"\n{Message(f'document.new-version-{state}')}\n{seen.refusal}", "bold yellow")


def _is_said(finding: NodeFinding) -> bool:
    """Return whether the lines about wrong clocks have said it."""
    return finding.trouble is NodeTrouble.CLOCK


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
    if each.row.is_allowed and not each.holders:
        held = NOTHING
    held = sentences(held, plain(each.row.exception))
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


def _aside(said: str) -> str:
    return f"\n{said}" if said else ""


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
            Text.assemble(
                short(row.clause, _LONGEST), (_aside(live.reason), "dim"), (_aside(live.exception), "italic")
            ),
            Text("\n".join(each for each in (live.value, live.since, live.due) if each)),
        )
    return table


def _columns(count: int) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(count):
        table.add_column(overflow="fold")
    return table
