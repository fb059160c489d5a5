"""The kind that a table of an unknown kind is nearest to, and what it was missing."""

from dataclasses import dataclass

from toban.design.clauses.labels import KINDS
from toban.design.reading.grounds import column_of
from toban.design.reading.registry import TABLES
from toban.design.section import DocumentSection
from toban.design.shapes.shape import TableShape, roles_of
from toban.message import NOTHING, Message

_NEAR = 2
"""The nearness of a heading that makes a kind likely by itself, as `DocumentSection.nearness` counts."""


@dataclass(frozen=True, slots=True)
class _NearKind:
    """A kind that does not fit, with the needs that no column meets; none: only the heading is missing."""

    shape: TableShape
    missing: tuple[str, ...]
    score: float


def nearest_kind(header: tuple[str, ...], section: DocumentSection) -> Message:
    """Return the kind that the table is nearest to, with what it lacks; nothing if none is near."""
    found = [near for shape in TABLES if not shape.record_only and (near := _near(shape, header, section))]
    if not found:
        return NOTHING
    best = max(found, key=lambda near: near.score)
    kind = KINDS[best.shape.kind.kind]
    if not best.missing:
        return Message("design.nearest-lacks-heading", kind=kind)
    columns = tuple(_column(best.shape, need) for need in best.missing)
    return Message("design.nearest-lacks-columns", kind=kind, columns=columns)


def _near(shape: TableShape, header: tuple[str, ...], section: DocumentSection) -> _NearKind | None:
    roles = frozenset(roles_of(header, shape.columns))
    nearness = section.nearness(shape.headings)
    missing = tuple(need for need in shape.needs if not roles & set(need.split("|")))
    # One column alone may mean anything, and so may a heading far above.
    if nearness < _NEAR and (len(missing) == len(shape.needs) or not (nearness or len(roles) > 1)):
        return None
    if shape.avoid is not None and section.nearness(shape.avoid) > 1:
        return None
    return _NearKind(shape, missing, nearness + len(roles) - 2 * len(missing))


def _column(shape: TableShape, need: str) -> Message:
    choices = tuple(dict.fromkeys(column_of(shape.kind, role) for role in need.split("|")))
    return choices[0] if len(choices) == 1 else Message("design.either", choices=choices)
