"""Why an incident can't be closed yet, with the way out."""

from toban.chapters.incident.models import Incident, IncidentReport
from toban.engine.orders import NotPossible
from toban.message import Message


def why_not_closed(incident: Incident) -> NotPossible | None:
    """Return what is still owed for *incident*: its recovery, the approved report, measures that are done.

    For a game day only the recovery is.
    """
    number = incident.pk
    if incident.recovered_at is None:
        return NotPossible(
            Message("incident.not-recovered", number=number), Message("incident.wait-for-monitors")
        )
    if incident.is_drill:
        return None
    if not has_approved_report(incident):
        return NotPossible(
            Message("incident.no-approved-report", number=number), Message("incident.approve-the-report")
        )
    measures = list(incident.measures.filter(withdrawn_at=None).order_by("pk"))
    if not measures:
        return NotPossible(Message("incident.no-measures", number=number), Message("incident.name-a-measure"))
    if left := [each.words for each in measures if each.kept_at is None]:
        return NotPossible(
            Message("incident.measures-not-kept", measures=left), Message("incident.do-or-except")
        )
    return None


def has_approved_report(incident: Incident) -> bool:
    """Return whether its final report is approved."""
    kind, state = IncidentReport.Kind.FINAL, IncidentReport.State.APPROVED
    return incident.reports.filter(kind=kind, state=state).exists()
