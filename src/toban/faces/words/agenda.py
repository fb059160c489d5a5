"""What a clause is called where its row is not shown: in a calendar, on the first screen."""

from toban.design.clauses.base import Clause
from toban.design.clauses.batch import Batch
from toban.design.clauses.labels import KINDS
from toban.design.shapes.shape import identity

_MOST = 3
"""Cells that a row's key may have."""


def title(clause: Clause) -> str:
    """Return the kind and the row's own key: 定期作業 ログ確認; for a batch also its name."""
    key, kind = _key(clause), KINDS.get(clause.kind, clause.kind)
    return str(kind) if key in ("", str(kind)) else f"{kind} {key}"


def name(clause: Clause) -> str:
    """Return the row's own key, enough to recognise it among others: Web CPU使用率."""
    return _key(clause) or str(KINDS.get(clause.kind, clause.kind))


def _key(clause: Clause) -> str:
    found = _as_written(clause) or " ".join(clause.id.split("/")[2:])
    return f"{found} {clause.name}" if isinstance(clause, Batch) and clause.name != found else found


def _as_written(clause: Clause) -> str:
    """Return the row's first cells if they are its key: in an id, their spaces and signs are folded."""
    cells = clause.text.split(" | ")
    counts = (count for count in range(1, _MOST + 1) if identity(type(clause), *cells[:count]) == clause.id)
    return " ".join(cells[: next(counts, 0)])
