"""What proves a scaling rule: the last decision about each of its groups, and the newest runs."""

from toban.chapters.capacity.operation import OPERATION
from toban.design.clauses.base import Clause
from toban.design.clauses.capacity import ScalingRule
from toban.engine.runs.models import Run
from toban.faces.values.capacity import shown_groups
from toban.faces.web.frame import in_force

_NEWEST = 5


def shown(clause: Clause) -> tuple[str, dict[str, object]] | None:
    """Return a template and its context. See `Extension.evidence`."""
    if not isinstance(clause, ScalingRule):
        return None
    edition = in_force()
    groups = [each for each in shown_groups(edition.plan(OPERATION)) if each.group.row.id == clause.id]
    if not groups:
        return None
    context: dict[str, object] = {
        "groups": groups,
        "runs": Run.objects.filter(work__in=[each.group.key for each in groups]).order_by("-pk")[:_NEWEST],
    }
    return "capacity/_rule.html", context
