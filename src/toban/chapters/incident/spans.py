"""The incidents of a time, as values for `figures`."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from toban.chapters.incident.figures import IncidentSpan
from toban.chapters.incident.models import Incident, RemedyUse
from toban.chapters.incident.plan import IncidentPlan


def spans_of(plan: IncidentPlan, since: datetime, until: datetime) -> Sequence[IncidentSpan]:
    """Return the incidents that were detected from *since* (included) to *until* (excluded)."""
    found = list(Incident.objects.filter(detected_at__gte=since, detected_at__lt=until).order_by("pk"))
    names = {row.id: row.name for row in plan.patterns}
    patterns: dict[int, dict[str, None]] = defaultdict(dict)
    uses = RemedyUse.objects.filter(incident__in=[each.pk for each in found]).order_by("pk")
    for number, clause_id in uses.values_list("incident", "clause_id"):
        if number is not None and clause_id in names:
            patterns[number][names[clause_id]] = None
    return [
        IncidentSpan(
            each.pk,
            each.level,
            tuple(patterns[each.pk]),
            each.detected_at,
            each.responded_at,
            each.recovered_at,
            each.is_drill,
            each.merged_into_id is not None,
        )
        for each in found
    ]
