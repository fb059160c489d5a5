"""The usage table of the document compared with what is measured: a proposal, cell by cell. Pure.

Nobody but a person writes the document. What is proposed has been read again before: it changes what the row
says is used, and nothing else that Toban reads.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from toban.chapters.capacity.known import KnownResource
from toban.chapters.capacity.rows.judging import SAME
from toban.chapters.capacity.stated import BYTE, measured_as
from toban.design.cells import CellChange, NoSuchCell, TableCell, cells_at, rewritten, unified
from toban.design.clauses.base import Clause
from toban.design.clauses.capacity import SHAPES, ResourceUsage, with_forecast
from toban.design.document_file import UnreadableDocument
from toban.design.reader import Design, read_design
from toban.design.reading.declared.declaration import DeclaredElsewhere
from toban.design.values.normal import plain
from toban.design.values.quantity import BYTES, Quantity, read_quantity

_COLUMNS = next(shape.columns for shape in SHAPES.tables if shape.kind is ResourceUsage)
_USES = ("used", "usage", "utilisation")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_ROUNDED = 0.005
"""A use is written so exactly that its share of the limit is right to half a percent, and little is not 0."""
_MOST_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class CellProposal:
    """A cell that says something else than what is measured."""

    resource: str
    change: CellChange
    is_limit: bool = False

    @property
    def cell(self) -> TableCell:
        """The cell as it is written."""
        return self.change.cell


@dataclass(frozen=True, slots=True)
class Patch:
    """What would bring the usage table up to date."""

    proposals: Sequence[CellProposal] = ()
    """In the order of the document."""
    limits: Sequence[CellProposal] = ()
    """Limits that are others in reality, and that the patch leaves as they are."""
    before: str = ""
    after: str = ""
    """The whole document with the proposals."""

    def diff(self, document: str) -> str:
        """Return it as a unified diff of the file *document*; empty if there is nothing to change."""
        return unified(self.before, self.after, document)


def patch(
    text: str,
    found: Sequence[KnownResource],
    now: datetime,
    *,
    with_limits: bool = False,
    declared: Sequence[DeclaredElsewhere] = (),
) -> Patch:
    """Compare the document *text* with what is *found*; limits are changed only *with_limits*.

    *declared* is what the bindings say about how it is read.

    The patch holds no cell without which the rest of the document would be read otherwise.
    Raises `UnreadableDocument`.
    """
    design = read_design(text, "", declared)
    known = {each.resource.row.id: each for each in found if each.is_fresh(now)}
    rows = [(row, known[row.id]) for row in design.of(ResourceUsage) if row.id in known]
    wanted = [each for row, about in rows for each in _of_row(text, row, about, design.language, with_limits)]
    # Words about the forecast are worth the least: they go first if the row would be read otherwise by them.
    without_words = [each for each in wanted if _quantity(each.change.text) is not None]
    limits = () if with_limits else tuple(_limits(text, rows))
    for offered in (wanted, without_words):
        if offered and (after := _patched(text, design, offered, declared)) is not None:
            return Patch(offered, limits, text, after)
    return Patch((), limits, text, text)


def _of_row(
    text: str, row: ResourceUsage, known: KnownResource, language: str, with_limits: bool
) -> Iterator[CellProposal]:
    cells = cells_at(text, row.origin.line, _COLUMNS)
    limit = _real_limit(row, known) if with_limits else None
    allowed = limit if limit is not None else measured_as(row.limit, known.resource.unit)
    if known.used is None or row.limit is None or not allowed:
        return
    for role in (each for each in _USES if each in cells):
        written = _quantity(cells[role].text)
        is_share = written is not None and written.unit == "%" != row.limit.unit
        value = 100 * known.used / allowed if is_share else known.used
        exactly = None if is_share else allowed
        yield from _proposed(row, cells[role], value, known.resource.unit, exactly)
    if limit is not None and "limit" in cells:
        for each in _proposed(row, cells["limit"], limit, known.resource.unit, limit):
            yield replace(each, is_limit=True)
    if "extend" in cells and known.resource.extend_share is not None:
        yield from _with_forecast(row, cells["extend"], known, language)


def _limits(text: str, rows: Iterable[tuple[ResourceUsage, KnownResource]]) -> Iterator[CellProposal]:
    for row, known in rows:
        limit, cells = _real_limit(row, known), cells_at(text, row.origin.line, _COLUMNS)
        if limit is not None and "limit" in cells:
            for each in _proposed(row, cells["limit"], limit, known.resource.unit, limit):
                yield replace(each, is_limit=True)


def _real_limit(row: ResourceUsage, known: KnownResource) -> float | None:
    """Return reality's own limit if it is another than that of *row*.

    A larger one counts for storage only: how many of anything else there are to be is for people to say.
    """
    stated = measured_as(row.limit, known.resource.unit)
    real = known.reading.limit if known.reading is not None else None
    if real is None or stated is None or abs(real - stated) <= SAME * stated:
        return None
    return real if real < stated or known.resource.is_storage else None


def _proposed(
    row: ResourceUsage, cell: TableCell, value: float, unit: str, limit: float | None
) -> Iterator[CellProposal]:
    """Yield that *cell* is to say *value*, in its own unit and its own words; nothing if it says so."""
    written = _quantity(cell.text)
    numbers = _NUMBER.findall(cell.text)
    is_size = unit == BYTE and limit is not None
    if written is None or len(numbers) != 1 or (is_size and written.unit not in BYTES):
        return
    # 120万件: the number that is written is not the value.
    named = Decimal(numbers[0].replace(",", ""))
    per_unit = Decimal(BYTES[written.unit]) if is_size else Decimal(1)
    per_number = per_unit * (written.value / named if named and written.value else 1)
    exact = Decimal(value) / per_number
    decimals = len(numbers[0].partition(".")[2])
    if limit is not None:
        decimals = _decimals(exact, decimals, Decimal(limit) / per_number)
    figure = f"{exact:,.{decimals}f}" if "," in numbers[0] else f"{exact:.{decimals}f}"
    if Decimal(figure.replace(",", "")) != named:
        yield CellProposal(row.resource, CellChange(cell, _NUMBER.sub(figure, cell.text)))


def _decimals(exact: Decimal, least: int, limit: Decimal) -> int:
    most, near = max(least, _MOST_DECIMALS, -exact.adjusted()), limit * Decimal(_ROUNDED)
    written = ((each, round(exact, each)) for each in range(least, most))
    close = (each for each, value in written if abs(value - exact) <= near and bool(value) is bool(exact))
    return next(close, most)


def _with_forecast(
    row: ResourceUsage, cell: TableCell, known: KnownResource, language: str
) -> Iterator[CellProposal]:
    """Yield that *cell* is to name the month in which the share is reached, behind its own words."""
    found = known.reaches(known.level)
    told = with_forecast(cell.text, found.on if found is not None else None, language)
    if told != cell.text:
        yield CellProposal(row.resource, CellChange(cell, told))


def _quantity(text: str) -> Quantity | None:
    return read_quantity(plain(text.strip("*_` ")))


def _patched(
    text: str, before: Design, offered: Sequence[CellProposal], declared: Sequence[DeclaredElsewhere]
) -> str | None:
    """Return the document with what is *offered*; None if it would be read otherwise than is meant."""
    try:
        after = rewritten(text, [each.change for each in offered])
        design = read_design(after, "", declared)
    except (NoSuchCell, UnreadableDocument):
        return None
    meant = {row.id: _meant(row, offered) for row in before.of(ResourceUsage)}
    same = (before.rows, before.unread, before.not_in_force, before.aside)
    if same != (design.rows, design.unread, design.not_in_force, design.aside):
        return None
    expected = [_expected(old, new, meant) for old, new in zip(before.clauses, design.clauses, strict=False)]
    return after if expected == list(design.clauses) else None


def _expected(old: Clause, new: Clause, meant: Mapping[str, ResourceUsage]) -> Clause:
    return replace(meant[old.id], text=new.text) if old.id in meant else old


def _meant(row: ResourceUsage, offered: Iterable[CellProposal]) -> ResourceUsage:
    """Return *row* as it is to be read with what is *offered*."""
    for each in offered:
        cell, value = each.change.cell, _quantity(each.change.text)
        if cell.line != row.origin.line or value is None:
            continue
        if each.is_limit:
            row = replace(row, limit=value)
        elif row.limit is not None and value.unit == "%" != row.limit.unit:
            row = replace(row, utilisation=value)
        else:
            row = replace(row, used=value)
    return row
