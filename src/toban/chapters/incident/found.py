"""An incident, or what belongs to one, by its number, for those who give orders about it."""

from django.db.models import Model, QuerySet

from toban.chapters.incident.models import Incident
from toban.engine.evidence import ledger
from toban.engine.orders import NotPossible
from toban.message import Message


def incident_numbered(number: int) -> Incident:
    """Return the incident *number*; raise `NotPossible` if there is none, or it is a part of another."""
    found = Incident.objects.filter(pk=number).first()
    if found is None:
        raise NotPossible(Message("incident-reports.no-such-incident", number=number))
    if found.merged_into_id is not None:
        raise NotPossible(
            Message("incident-reports.is-merged", number=number),
            Message("incident-reports.see-other", number=found.merged_into_id),
        )
    return found


def locked[Part: Model](among: QuerySet[Part], number: int, missing: Message) -> Part:
    """Return the part *number* of an incident, locked, with the ledger held; raise `NotPossible`."""
    ledger.hold()
    found = among.select_for_update(of=("self",)).select_related("incident").filter(pk=number).first()
    if found is None:
        raise NotPossible(missing)
    return found
