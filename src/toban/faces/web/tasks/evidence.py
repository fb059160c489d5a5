"""What a row's evidence shows about tasks: who signed it off lately, and the rows of the same act."""

from toban.design.acts import same_acts
from toban.design.clauses.base import Clause
from toban.engine.editions import present
from toban.engine.tasks.models import SignOff

_NEWEST = 5


def signed(clause: Clause) -> tuple[str, dict[str, object]] | None:
    """Return a template and its context. See `Extension.evidence`."""
    edition = present.edition()
    if edition is None:
        return None
    groups = ((act.leading, *act.others) for act in same_acts(edition.design))
    rows = next((group for group in groups if clause in group), (clause,))
    found = SignOff.objects.filter(run__clause_id__in=[row.id for row in rows]).select_related("run")
    context = {
        "signed": list(found.order_by("-at")[:_NEWEST]),
        "others": [row for row in rows if row.id != clause.id],
    }
    return ("tasks/_evidence.html", context) if context["signed"] or context["others"] else None
