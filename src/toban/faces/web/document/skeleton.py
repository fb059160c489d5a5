"""An outline as HTML with holes: made once for each document and language, filled for each request.

Of a long document only the first rows are drawn with everything about them. The others have their cells,
their verdict and its link, so that they are found, read and followed without scripts; the page's script
brings in the rest when its reader comes to them.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import batched, chain, repeat, zip_longest

from django.utils.encoding import uri_to_iri
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from toban.design.clauses.base import Clause
from toban.engine.extension import RowKind
from toban.faces.document.address import evidence_address, link_address
from toban.faces.document.live import LiveRow, brief_html, spark_html, value_html, verdict_html
from toban.faces.document.outline import Outline, OutlineLine, OutlinePart
from toban.text import columns_of


class Hole(Enum):
    """What is filled in for each request."""

    VALUE = "value"
    SPARK = "spark"
    VERDICT = "verdict"
    BRIEF = "brief"
    """The verdict alone."""


@dataclass(frozen=True, slots=True)
class ClauseHole:
    """A hole of one clause."""

    hole: Hole
    clause_id: str


type Piece = SafeString | ClauseHole


@dataclass(frozen=True, slots=True)
class LaterRows:
    """Rows of a table about which the page has everything only when its reader comes to them."""

    brief: tuple[Piece, ...]
    full: tuple[Piece, ...]

    @property
    def clauses(self) -> set[str]:
        """The ids of their clauses."""
        return {piece.clause_id for piece in self.full if isinstance(piece, ClauseHole)}


type Skeleton = tuple[Piece | LaterRows, ...]
type RowKinds = Mapping[type[Clause], RowKind]


def skeleton(outline: Outline, kinds: RowKinds) -> Skeleton:
    """Return the document's HTML in the active language, with a `ClauseHole` wherever live figures go."""
    drawing = _BlockDrawing(kinds, _FIRST if len(outline.clauses) > _LONG else sys.maxsize)
    return tuple(_merged(piece for part in outline.parts for piece in drawing.part(part)))


def later(skeleton: Skeleton) -> list[LaterRows]:
    """Return the groups of rows that *skeleton* leaves for later; the page asks for them by their place."""
    return [piece for piece in skeleton if isinstance(piece, LaterRows)]


def filled(
    skeleton: Skeleton, rows: Mapping[str, LiveRow], sparks: Mapping[str, str], *, is_whole: bool = True
) -> SafeString:
    """Return the document's HTML with *rows* and *sparks* (SVG paths) in their places.

    Unless *is_whole*, rows that are left for later are brief.
    """
    number = {id(each): at for at, each in enumerate(later(skeleton))}
    pieces = chain.from_iterable(
        (piece,)
        if not isinstance(piece, LaterRows)
        else piece.full
        if is_whole
        else (format_html(_LATER, number[id(piece)]), *piece.brief)
        for piece in skeleton
    )
    return _joined(pieces, rows, sparks)


def filled_rows(group: LaterRows, rows: Mapping[str, LiveRow], sparks: Mapping[str, str]) -> SafeString:
    """Return everything about the rows of *group*."""
    return _joined(group.full, rows, sparks)


def _joined(pieces: Iterable[Piece], rows: Mapping[str, LiveRow], sparks: Mapping[str, str]) -> SafeString:
    drawn = (
        piece if isinstance(piece, str) else _fill(piece, rows[piece.clause_id], sparks) for piece in pieces
    )
    return mark_safe("".join(drawn))  # noqa: S308 - every piece was made by format_html


def _fill(slot: ClauseHole, row: LiveRow, sparks: Mapping[str, str]) -> SafeString:
    match slot.hole:
        case Hole.VALUE:
            return value_html(row)
        case Hole.SPARK:
            return spark_html(row.id, sparks.get(row.id, ""))
        case Hole.VERDICT:
            return verdict_html(row, evidence_address(row.id))
        case Hole.BRIEF:
            # As people read it: a third of the bytes of an address in Japanese.
            return brief_html(row, uri_to_iri(evidence_address(row.id)))


def _merged[T](pieces: Iterable[SafeString | T]) -> Iterator[SafeString | T]:
    """Join neighbouring strings: fewer pieces to fill."""
    waiting: list[SafeString] = []
    for piece in pieces:
        if not isinstance(piece, SafeString):
            yield mark_safe("".join(waiting))  # noqa: S308 - safe pieces joined
            waiting = []
            yield piece
        else:
            waiting.append(piece)
    yield mark_safe("".join(waiting))  # noqa: S308 - safe pieces joined


_LONG = 200
"""Documents with more clauses are drawn in brief from some row on."""
_FIRST = 40
"""Rows of tables that are drawn with everything even then."""
_GROUP = 15
"""Rows that are brought in together: few enough to be laid out and painted within a frame or two."""
_LIVE, _TREND, _SAID, _WIDEST, _GAP = 10, 10, 20, 40, 2
"""Columns of text: of what a long table shows beside its cells, of a cell at most, and between two cells."""
_END = mark_safe("</tbody>")
_LATER = '<tbody class="later" data-rows="{}">'

_PLAIN = RowKind(Clause)
"""For clauses that no extension answers for."""


class _BlockDrawing:
    """Draws blocks of the document; the extensions say what the rows of each kind show."""

    def __init__(self, kinds: RowKinds, first: int) -> None:
        """Draw everything about the *first* rows of tables; the others may be drawn in brief."""
        self._kinds = kinds
        self._left = first

    def _kind(self, clause: Clause) -> RowKind:
        return self._kinds.get(type(clause), _PLAIN)

    def _is_measured(self, part: OutlinePart) -> bool:
        return any(self._kinds[each].is_measured for each in part.kinds if each in self._kinds)

    def _is_charted(self, part: OutlinePart) -> bool:
        return any(self._kinds[each].is_charted for each in part.kinds if each in self._kinds)

    def part(self, part: OutlinePart) -> Iterator[Piece | LaterRows]:
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

    def _table(self, part: OutlinePart) -> Iterator[Piece | LaterRows]:
        is_long = len(part.lines) > self._left
        classes = ["measured"] * self._is_charted(part) + ["long"] * is_long
        yield format_html(
            '<div class="scroll"><table{}>{}<thead><tr>{}',
            format_html(' class="{}"', " ".join(classes)) if classes else "",
            self._widths(part) if is_long else "",
            format_html_join("", '<th scope="col">{}</th>', ((name,) for name in part.header)),
        )
        if self._is_measured(part):
            yield format_html('<th scope="col" class="live">{}</th>', _("現在の状況"))
        if self._is_charted(part):
            yield format_html('<th scope="col" class="trend">{}</th>', _("推移"))
        if part.has_verdicts:
            yield format_html('<th scope="col" class="said">{}</th>', _("判定"))
        yield mark_safe("</tr></thead>")
        first = part.lines[: self._left]
        self._left -= len(first)
        if first:
            yield from self._body(part, first)
        for group in batched(part.lines[len(first) :], _GROUP):
            brief = chain.from_iterable(self._brief(part, line) for line in group)
            yield LaterRows(tuple(_merged(chain(brief, [_END]))), tuple(_merged(self._body(part, group))))
        yield mark_safe("</table></div>")

    def _widths(self, part: OutlinePart) -> SafeString:
        """Return the columns with their widths: rows that come later do not lay the table out anew."""
        cells = zip_longest(part.header, *(line.cells for line in part.lines), fillvalue="")
        widths = [min(max(map(columns_of, column)), _WIDEST) for column in cells]
        widths += [_LIVE] * self._is_measured(part) + [_TREND] * self._is_charted(part)
        widths += [_SAID] * part.has_verdicts
        shares = ((f"{100 * (width + _GAP) / (sum(widths) + _GAP * len(widths)):.1f}%",) for width in widths)
        return format_html_join("", '<col width="{}">', shares)

    def _body(self, part: OutlinePart, lines: Sequence[OutlineLine]) -> Iterator[Piece]:
        yield mark_safe("<tbody>")
        for line in lines:
            yield from self._row(part, line)
        yield _END

    def _brief(self, part: OutlinePart, line: OutlineLine) -> Iterator[Piece]:
        if line.unread or line.not_in_force:
            # Few, and what to do about them is on the page at once.
            yield from self._row(part, line)
            return
        yield format_html('<tr id="line-{}" class="{}">', line.number, _kind_of(line))
        yield format_html_join("", "<td>{}", ((cell,) for cell in line.cells))
        # HTML closes cells and rows by itself.
        further = self._is_measured(part) + self._is_charted(part) + part.has_verdicts
        yield from repeat(mark_safe("<td>"), further)
        yield from (ClauseHole(Hole.BRIEF, clause.id) for clause in line.clauses)

    def _row(self, part: OutlinePart, line: OutlineLine) -> Iterator[Piece]:
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

    def _figures(self, part: OutlinePart, line: OutlineLine) -> Iterator[Piece]:
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

    def _list(self, part: OutlinePart) -> Iterator[Piece]:
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

    def _said(self, line: OutlineLine) -> Iterator[Piece]:
        for clause in line.clauses:
            yield ClauseHole(Hole.VERDICT, clause.id)
            yield self._elsewhere(clause)
            yield from _assumed(clause)
        for where in line.declared:
            yield format_html('<span class="note"><b>{}</b> {}</span>', _("宣言"), where)
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
