"""How a clause is called where its row does not stand: in a calendar, on the first screen."""

from toban.design.clauses.base import Clause
from toban.design.clauses.batch import Batch
from toban.design.clauses.labels import KINDS


def title(clause: Clause) -> str:
    """Return the kind and the row's own key: 定期作業 ログ確認; of a batch its name as well."""
    key, kind = _key(clause), KINDS.get(clause.kind, clause.kind)
    return kind if key in ("", kind) else f"{kind} {key}"


def name(clause: Clause) -> str:
    """Return the row's own key, enough to know it by among others: Web CPU使用率."""
    return _key(clause) or KINDS.get(clause.kind, clause.kind)


def _key(clause: Clause) -> str:
    _chapter, _kind, *key = clause.id.split("/")
    found = " ".join(key)
    return f"{found} {clause.name}" if isinstance(clause, Batch) and clause.name != found else found
