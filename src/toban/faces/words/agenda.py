"""How a clause is called in a calendar."""

from toban.design.clauses.base import Clause
from toban.design.clauses.batch import Batch
from toban.design.clauses.labels import KINDS


def title(clause: Clause) -> str:
    """Return the kind and the row's own key: 定期作業 ログ確認; of a batch its name as well."""
    key = clause.id.split("/", 2)[2].replace("/", " ")
    if isinstance(clause, Batch) and clause.name != key:
        key = f"{key} {clause.name}"
    kind = KINDS.get(clause.kind, clause.kind)
    return kind if key in ("", kind) else f"{kind} {key}"
