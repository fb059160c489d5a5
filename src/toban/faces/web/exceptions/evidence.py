"""What a row's evidence shows about exceptions: those that wait, are in force, or are over."""

from toban.design.clauses.base import Clause
from toban.engine.clock import system_clock
from toban.engine.exceptions.models import RowException
from toban.faces.web.exceptions.shown import shown

_NEWEST = 5


def of_row(clause: Clause) -> tuple[str, dict[str, object]]:
    """Return a template and its context. See `Extension.evidence`."""
    found = RowException.objects.filter(clause_id=clause.id).order_by("-asked_at", "-pk")[:_NEWEST]
    return "exceptions/_evidence.html", {"clause": clause, "exceptions": shown(found, system_clock())}
