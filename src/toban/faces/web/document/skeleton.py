"""An outline as HTML with holes: made once for each document and language, filled for each request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from toban.design.clauses.backup import BackupPolicy, RecoveryObjective
from toban.design.clauses.base import Clause
from toban.design.clauses.batch import Batch
from toban.design.clauses.monitoring import Monitor
from toban.engine.runs.kinds import key_of
from toban.faces.document.address import evidence_address
from toban.faces.document.live import LiveRow, spark_html, value_html, verdict_html
from toban.faces.document.outline import Line, Outline, Part


class Hole(Enum):
    """What is filled in for each request."""

    VALUE = "value"
    SPARK = "spark"
    VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class Slot:
    """A hole of one clause."""

    hole: Hole
    clause_id: str


type Skeleton = tuple[SafeString | Slot, ...]


def skeleton(outline: Outline) -> Skeleton:
    """Return the document's HTML in the active language, with a `Slot` wherever live figures stand."""
    return tuple(_merged(piece for part in outline.parts for piece in _part(part)))


def filled(skeleton: Skeleton, rows: Mapping[str, LiveRow], sparks: Mapping[str, str]) -> SafeString:
    """Return the document's HTML with *rows* and *sparks* (SVG paths) in their places."""
    pieces = (
        piece if isinstance(piece, str) else _fill(piece, rows[piece.clause_id], sparks) for piece in skeleton
    )
    return mark_safe("".join(pieces))  # noqa: S308 - every piece was made by format_html


def _fill(slot: Slot, row: LiveRow, sparks: Mapping[str, str]) -> SafeString:
    match slot.hole:
        case Hole.VALUE:
            return value_html(row)
        case Hole.SPARK:
            return spark_html(row.id, sparks.get(row.id, ""))
        case Hole.VERDICT:
            return verdict_html(row, evidence_address(row.id))


def _merged(pieces: Iterator[SafeString | Slot]) -> Iterator[SafeString | Slot]:
    """Join neighbouring strings: fewer pieces to fill."""
    waiting: list[SafeString] = []
    for piece in pieces:
        if isinstance(piece, Slot):
            yield mark_safe("".join(waiting))  # noqa: S308 - safe pieces joined
            waiting = []
            yield piece
        else:
            waiting.append(piece)
    yield mark_safe("".join(waiting))  # noqa: S308 - safe pieces joined


def _part(part: Part) -> Iterator[SafeString | Slot]:
    match part.kind:
        case "heading":
            level = min(part.level, 6)
            yield format_html('<h{} id="line-{}">{}</h{}>', level, part.number, part.text, level)
        case "table":
            yield from _table(part)
        case "list" | "numbers":
            yield from _list(part)
        case "code":
            yield format_html("<pre><code>{}</code></pre>", part.text)
        case _:
            yield format_html("<p>{}</p>", part.text)
    if part.whole is not None:
        yield format_html('<div class="whole" id="whole-{}">', part.number)
        yield from _said(part.whole)
        yield mark_safe("</div>")


def _table(part: Part) -> Iterator[SafeString | Slot]:
    yield format_html(
        '<div class="scroll"><table{}><thead><tr>{}',
        mark_safe(' class="measured"') if part.has_measurements else "",
        format_html_join("", '<th scope="col">{}</th>', ((name,) for name in part.header)),
    )
    if part.has_measurements:
        yield format_html('<th scope="col" class="live">{}</th><th scope="col">{}</th>', _("実測"), _("推移"))
    if part.has_verdicts:
        yield format_html('<th scope="col">{}</th>', _("判定"))
    yield mark_safe("</tr></thead><tbody>")
    for line in part.lines:
        yield from _row(part, line)
    yield mark_safe("</tbody></table></div>")


def _row(part: Part, line: Line) -> Iterator[SafeString | Slot]:
    kind = "unread" if line.unread else "row" if line.clauses else "silent"
    yield format_html('<tr id="line-{}" class="{}">', line.number, kind)
    yield (
        format_html_join("", '<td data-label="{}">{}</td>', zip(part.header, line.cells, strict=False))
        if line.cells
        else mark_safe("")
    )
    if part.has_measurements:
        yield from _measurements(line)
    if part.has_verdicts:
        yield mark_safe('<td class="said">')
        yield from _said(line)
        yield mark_safe("</td>")
    yield mark_safe("</tr>")


def _measurements(line: Line) -> Iterator[SafeString | Slot]:
    monitors = [clause for clause in line.clauses if isinstance(clause, Monitor)]
    yield mark_safe('<td class="live">')
    yield from (Slot(Hole.VALUE, clause.id) for clause in monitors)
    yield mark_safe('</td><td class="trend">')
    yield from (Slot(Hole.SPARK, clause.id) for clause in monitors)
    yield mark_safe("</td>")


def _list(part: Part) -> Iterator[SafeString | Slot]:
    tag = "ol" if part.kind == "numbers" else "ul"
    yield format_html('<{} class="entries">', tag)
    for line in part.lines:
        kind = "unread" if line.unread else "row" if line.clauses else "silent"
        yield format_html(
            '<li id="line-{}" class="{} depth-{}"><span class="words">{}{}</span>',
            line.number,
            kind,
            min(line.depth, 4),
            {None: "", True: "☑ ", False: "☐ "}[line.checked],
            line.cells[0],
        )
        yield from _said(line)
        yield mark_safe("</li>")
    yield format_html("</{}>", tag)


def _said(line: Line) -> Iterator[SafeString | Slot]:
    for clause in line.clauses:
        yield Slot(Hole.VERDICT, clause.id)
        yield _elsewhere(clause)
        yield from _assumed(clause)
    for unread in line.unread:
        yield format_html('<span class="note"><b>{}</b> {}</span>', _("読めません"), unread.reason)


def _elsewhere(clause: Clause) -> SafeString:
    """Lead on to the page that tells more of *clause*, where there is one."""
    match clause:
        case Batch():
            address, word = reverse("batch", args=[key_of(clause)]), _("実行の履歴")
        case BackupPolicy() | RecoveryObjective():
            address, word = reverse("backups"), _("バックアップ")
        case _:
            return mark_safe("")
    return format_html('<a class="more" href="{}">{}</a>', address, word)


def _assumed(clause: Clause) -> Iterator[SafeString]:
    for assumption in clause.assumptions:
        yield format_html('<span class="note assumed"><b>{}</b> {}</span>', _("前提"), assumption)
