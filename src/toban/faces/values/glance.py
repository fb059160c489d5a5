"""The living page as values, for the terminal and the API: its figures, chapters, and rows, worst first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from toban.design.clauses.base import Clause
from toban.engine.editions import records
from toban.engine.editions.edition import Edition
from toban.engine.evidence import current
from toban.engine.evidence.models import ClauseStatus
from toban.engine.nodes.models import all_nodes
from toban.engine.nodes.rules import Node, NodeFinding, findings
from toban.engine.timekeeping.models import WrongClock
from toban.faces.document.live import NOT_JUDGED, LiveRow, live_rows, worst_first
from toban.faces.document.outline import outline
from toban.faces.document.overview import (
    ContentsLine,
    Operations,
    Overview,
    ShownFigure,
    contents,
    seen_of,
)
from toban.faces.values.nodes import finding_values, node_values
from toban.message import NOTHING, Message, from_json


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
    """Whether the newer version only waits for a person's confirmation or approval."""
    needs_approval: bool = False
    """Whether the waiting version takes an approval; a confirmation is enough if not."""
    wrong_clocks: Sequence[WrongClock] = ()
    nodes: Sequence[Node] = ()
    node_findings: Sequence[NodeFinding] = ()
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


def look(edition: Edition, operations: Operations, now: datetime) -> Glance:
    """Return what the page of *edition*, which is in force, shows at *now*."""
    latest = records.latest()
    refusal = from_json(latest.content.get("reason")) if latest else NOTHING
    seen = _glance(edition, operations, now, refusal)
    wrong_clocks = list(WrongClock.objects.order_by("host"))
    waiting, nodes = records.waiting(), all_nodes()
    return replace(
        seen,
        is_waiting=waiting is not None,
        needs_approval=waiting is not None and records.need_of(waiting) is not None,
        wrong_clocks=wrong_clocks,
        nodes=nodes,
        node_findings=findings(nodes, now),
    )


def _glance(edition: Edition, operations: Operations, now: datetime, refusal: Message) -> Glance:
    built = outline(edition.design)
    statuses = current.statuses(now)
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
    shown = Overview(edition, built, seen_of(by_id.values(), now), live, operations)
    return Glance(edition, now, shown, chapters, refusal)


def glance_values(seen: Glance) -> dict[str, object]:
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
        "nodes": [node_values(each, seen.now) for each in seen.nodes],
        "node_findings": finding_values(seen.node_findings),
        "figures": [_figure_as_json(figure) for figure in seen.overview.figures],
        "overview": _overview_as_json(seen),
        "chapters": [_line_as_json(chapter.line) for chapter in seen.chapters],
        "rows": [row_values(row) for row in seen.rows],
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


def row_values(row: GlanceRow) -> dict[str, object]:
    """Return a row and its status."""
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
        "exceptions": [
            {
                "exception": each.number,
                "subject": each.subject,
                "reason": each.reason,
                "author": each.author,
                "until": each.ends_at.isoformat(),
            }
            for each in (status.exceptions if status else ())
        ],
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
