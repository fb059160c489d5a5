"""From an alert to its incident, or to where one is declared. See `ALERT_LEADS`."""

from urllib.parse import urlencode

from toban.chapters.incident.declaring.telling import ITEM
from toban.chapters.incident.models import IncidentAlert
from toban.engine.extension import Link
from toban.engine.notify.models import Alert
from toban.message import Message


def leads(number: int) -> Link | None:
    """Return where the incident of alert *number* is shown, or declared while it is open."""
    alert = Alert.objects.get(pk=number)
    if (told := str(alert.labels.get("incident", ""))).isdecimal() and alert.labels.get("item") == ITEM:
        return _page(int(told))
    link = IncidentAlert.objects.filter(alert=alert).first()
    if link is not None:
        return _page(link.incident_id)
    if alert.resolved_at is not None or alert.is_event:
        return None
    query = urlencode({"alert": alert.pk})
    return Link("incident-declare", Message("incident.declare-it"), query=query)


def _page(number: int) -> Link:
    return Link("incident", Message("incident.page-of", number=number), (number,))
