"""An outline as HTML with holes: made once for each document and language, filled for each request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from toban.design.clauses.base import Clause
from toban.engine.extension import RowKind
from toban.faces.document.address import evidence_address, link_address
from toban.faces.document.live import LiveRow, spark_html, value_html, verdict_html
from toban.faces.document.outline import Outline, OutlineLine, OutlinePart


class Hole(Enum):
    """What is filled in for each request."""

    VALUE = "value"
    SPARK = "spark"
    VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class ClauseHole:
    """A hole of one clause."""

    hole: Hole
    clause_id: str


type Skeleton = tuple[SafeString | ClauseHole, ...]
type RowKinds = Mapping[type[Clause], RowKind]


def skeleton(outline: Outline, kinds: RowKinds) -> Skeleton:
    """Return the document's HTML in the active language, with a `ClauseHole` wherever live figures go."""
    drawing = _BlockDrawing(kinds)
    return tuple(_merged(piece for part in outline.parts for piece in drawing.part(part)))


def filled(skeleton: Skeleton, rows: Mapping[str, LiveRow], sparks: Mapping[str, str]) -> SafeString:
    """Return the document's HTML with *rows* and *sparks* (SVG paths) in their places."""
    pieces = (
        piece if isinstance(piece, str) else _fill(piece, rows[piece.clause_id], sparks) for piece in skeleton
    )
    return mark_safe("".join(pieces))  # noqa: S308 - every piece was made by format_html


def _fill(slot: ClauseHole, row: LiveRow, sparks: Mapping[str, str]) -> SafeString:
    match slot.hole:
        case Hole.VALUE:
            return value_html(row)
        case Hole.SPARK:
            return spark_html(row.id, sparks.get(row.id, ""))
        case Hole.VERDICT:
            return verdict_html(row, evidence_address(row.id))


def _merged(pieces: Iterator[SafeString | ClauseHole]) -> Iterator[SafeString | ClauseHole]:
    """Join neighbouring strings: fewer pieces to fill."""
    waiting: list[SafeString] = []
    for piece in pieces:
        if isinstance(piece, ClauseHole):
            yield mark_safe("".join(waiting))  # noqa: S308 - safe pieces joined
            waiting = []
            yield piece
        else:
            waiting.append(piece)
    yield mark_safe("".join(waiting))  # noqa: S308 - safe pieces joined


_PLAIN = RowKind(Clause)
"""For clauses that no extension answers for."""


class _BlockDrawing:
    """Draws blocks of the document; the extensions say what the rows of each kind show."""

    def __init__(self, kinds: RowKinds) -> None:
        self._kinds = kinds

    def _kind(self, clause: Clause) -> RowKind:
        return self._kinds.get(type(clause), _PLAIN)

    def _is_measured(self, part: OutlinePart) -> bool:
        return any(self._kinds[each].is_measured for each in part.kinds if each in self._kinds)

    def _is_charted(self, part: OutlinePart) -> bool:
        return any(self._kinds[each].is_charted for each in part.kinds if each in self._kinds)

    def part(self, part: OutlinePart) -> Iterator[SafeString | ClauseHole]:
        """Draw one block."""
        match part.kind:
            case "heading":
                level = min(part.level, 6)
                yield format_html('<h{} id="line-{}">{}</h{}>', level, part.number, part.text, level)
            case "table":
                yield from self._table(part)
            case "list" | "numbers":
                yield from self._list(part)
            case "code":
                yield format_html("<pre><code>{}</code></pre>", part.text)
            case _:
                yield format_html("<p>{}</p>", part.text)
        if part.whole is not None:
            yield format_html('<div class="whole" id="whole-{}">', part.number)
            yield from self._values(part.whole)
            yield from self._said(part.whole)
            yield mark_safe("</div>")

    def _table(self, part: OutlinePart) -> Iterator[SafeString | ClauseHole]:
        yield format_html(
            '<div class="scroll"><table{}><thead><tr>{}',
            mark_safe(' class="measured"') if self._is_charted(part) else "",
            format_html_join("", '<th scope="col">{}</th>', ((name,) for name in part.header)),
        )
        if self._is_measured(part):
            yield format_html('<th scope="col" class="live">{}</th>', _("現在の状況"))
        if self._is_charted(part):
            yield format_html('<th scope="col">{}</th>', _("推移"))
        if part.has_verdicts:
            yield format_html('<th scope="col">{}</th>', _("判定"))
        yield mark_safe("</tr></thead><tbody>")
        for line in part.lines:
            yield from self._row(part, line)
        yield mark_safe("</tbody></table></div>")

    def _row(self, part: OutlinePart, line: OutlineLine) -> Iterator[SafeString | ClauseHole]:
        kind = _kind_of(line)
        yield format_html('<tr id="line-{}" class="{}">', line.number, kind)
        yield (
            format_html_join("", '<td data-label="{}">{}</td>', zip(part.header, line.cells, strict=False))
            if line.cells
            else mark_safe("")
        )
        yield from self._figures(part, line)
        if part.has_verdicts:
            yield mark_safe('<td class="said">')
            yield from self._said(line)
            yield mark_safe("</td>")
        yield mark_safe("</tr>")

    def _figures(self, part: OutlinePart, line: OutlineLine) -> Iterator[SafeString | ClauseHole]:
        if self._is_measured(part):
            yield mark_safe('<td class="live">')
            yield from self._values(line)
            yield mark_safe("</td>")
        if self._is_charted(part):
            charted = [clause for clause in line.clauses if self._kind(clause).is_charted]
            yield mark_safe('<td class="trend">')
            yield from (ClauseHole(Hole.SPARK, clause.id) for clause in charted)
            yield mark_safe("</td>")

    def _values(self, line: OutlineLine) -> Iterator[ClauseHole]:
        measured = (clause for clause in line.clauses if self._kind(clause).is_measured)
        return (ClauseHole(Hole.VALUE, clause.id) for clause in measured)

    def _list(self, part: OutlinePart) -> Iterator[SafeString | ClauseHole]:
        tag = "ol" if part.kind == "numbers" else "ul"
        yield format_html('<{} class="entries">', tag)
        for line in part.lines:
            kind = _kind_of(line)
            yield format_html(
                '<li id="line-{}" class="{} depth-{}"><span class="words">{}{}</span>',
                line.number,
                kind,
                min(line.depth, 4),
                {None: "", True: "☑ ", False: "☐ "}[line.checked],
                line.cells[0],
            )
            yield from self._values(line)
            yield from self._said(line)
            yield mark_safe("</li>")
        yield format_html("</{}>", tag)

    def _said(self, line: OutlineLine) -> Iterator[SafeString | ClauseHole]:
        for clause in line.clauses:
            yield ClauseHole(Hole.VERDICT, clause.id)
            yield self._elsewhere(clause)
            yield from _assumed(clause)
        for unread in line.unread:
            yield format_html('<span class="note"><b>{}</b> {}</span>', _("読み取れません"), unread.reason)
        for row in line.not_in_force:
            yield format_html('<span class="note"><b>{}</b> {}</span>', _("効力なし"), row.reason)
        for prose in line.prose:
            yield format_html(
                '<span class="prose" title="{reason}"><span class="hidden">{reason}</span></span>',
                reason=prose.reason,
            )

    def _elsewhere(self, clause: Clause) -> SafeString:
        """Link to the page with more about *clause*, if there is one."""
        link = self._kind(clause).link(clause)
        if link is None:
            return mark_safe("")
        return format_html('<a class="more" href="{}">{}</a>', link_address(link), link.label)


def _kind_of(line: OutlineLine) -> str:
    """Return the style class of a line by what became of it."""
    if line.unread:
        return "unread"
    return "row" if line.clauses else "not-in-force" if line.not_in_force else "silent"


def _assumed(clause: Clause) -> Iterator[SafeString]:
    for assumption in clause.assumptions:
        yield format_html('<span class="note assumed"><b>{}</b> {}</span>', _("前提"), assumption)
