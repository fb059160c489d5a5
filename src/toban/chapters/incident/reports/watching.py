"""Drafts reports by itself, and asks again for the approval of those that wait. Level-triggered."""

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from toban.chapters.incident.models import Incident, IncidentReport
from toban.chapters.incident.reports.approval import ask_again
from toban.chapters.incident.reports.orders import ReportDesk, draft

_Kind, _State = IncidentReport.Kind, IncidentReport.State
EVERY = 5.0
"""Seconds between two looks."""
_LATELY = timedelta(days=90)
"""Older incidents are left to people."""
_AT_ONCE = 20


def watch(desk: ReportDesk, now: datetime) -> None:
    """Draft what is due, and ask again for what waits."""
    lately = Incident.objects.filter(merged_into=None, detected_at__gt=now - _LATELY)
    for number in _without(lately.exclude(responded_at=None), _Kind.PRELIMINARY):
        draft(number, _Kind.PRELIMINARY, desk, by=None, now=now)
    recovered = lately.exclude(recovered_at=None)
    for number in _without(recovered, _Kind.FINAL):
        draft(number, _Kind.FINAL, desk, by=None, now=now)
    for number in _outdated():
        draft(number, _Kind.FINAL, desk, by=None, now=now)
    ask_again(desk.plan, now)


def _without(incidents: QuerySet[Incident], kind: IncidentReport.Kind) -> list[int]:
    """Return those of *incidents* that have no report of *kind* yet."""
    having = IncidentReport.objects.filter(kind=kind).values("incident")
    return list(incidents.exclude(pk__in=having).order_by("pk").values_list("pk", flat=True)[:_AT_ONCE])


def _outdated() -> list[int]:
    """Return the incidents that went on after their report was drafted, which nobody has asked for yet."""
    later = Q(incident__recovered_at__gt=F("drafted_at"))
    found = IncidentReport.objects.filter(later, kind=_Kind.FINAL, state=_State.DRAFT)
    return list(found.order_by("pk").values_list("incident", flat=True)[:_AT_ONCE])
