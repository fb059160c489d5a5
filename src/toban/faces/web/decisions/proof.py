"""What a decision's evidence shows: what breaks it, and its last months."""

from toban.design.clauses.base import Clause
from toban.design.clauses.decisions import Decision
from toban.engine.clock import system_clock
from toban.engine.evidence import current
from toban.faces.web.decisions.shown import counter_examples, histories
from toban.faces.web.frame import in_force


def judged(clause: Clause) -> tuple[str, dict[str, object]] | None:
    """Return a template and its context. See `Extension.evidence`."""
    if not isinstance(clause, Decision):
        return None
    edition, now = in_force(), system_clock()
    known = {each.clause_id: each for each in current.statuses(now, [clause.id])}
    pieces = histories(known, now, edition.bindings.system.zone)
    context: dict[str, object] = {
        "against": counter_examples(clause, edition, now),
        "pieces": pieces.get(clause.id, ()),
    }
    return "decisions/_judged.html", context
