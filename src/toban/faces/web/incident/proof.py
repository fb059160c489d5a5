"""What proves the rows of chapter 7: incidents of a level, the steps of the last, remedies, game days."""

from toban.chapters.incident.models import GameDay, Incident, RemedyUse
from toban.chapters.incident.operation import OPERATION
from toban.design.clauses.base import Clause
from toban.design.clauses.incident import FailurePattern, IncidentFlow, IncidentLevel
from toban.engine.clock import system_clock
from toban.faces.values.incident import steps_of
from toban.faces.web.frame import in_force
from toban.faces.web.incident.incidents import shown as listed

_NEWEST = 5


def shown(clause: Clause) -> tuple[str, dict[str, object]] | None:
    """Return a template and its context. See `Extension.evidence`."""
    edition, now = in_force(), system_clock()
    match clause:
        case IncidentLevel():
            found = Incident.objects.filter(clause_id=clause.id, merged_into=None)
            newest = listed(found.order_by("-detected_at", "-pk")[:_NEWEST], now)
            return "incident/_of_level.html", {"listed": newest}
        case IncidentFlow():
            last = Incident.objects.filter(merged_into=None).order_by("-detected_at", "-pk").first()
            steps = steps_of(last, edition.plan(OPERATION)) if last is not None else ()
            return "incident/_of_flow.html", {"incident": last, "flow": steps}
        case FailurePattern():
            uses = RemedyUse.objects.filter(clause_id=clause.id).select_related("run", "alert")
            held = GameDay.objects.filter(clause_id=clause.id).order_by("-broken_at", "-pk")[:_NEWEST]
            newest_uses = uses.order_by("-wanted_at")[:_NEWEST]
            return "incident/_of_pattern.html", {"uses": newest_uses, "game_days": held}
        case _:
            return None
