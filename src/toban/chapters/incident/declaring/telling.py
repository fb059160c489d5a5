"""What people are told about an incident, by the document's matrix. In the caller's transaction."""

from datetime import datetime

from django.conf import settings

from toban.chapters.incident.models import Incident
from toban.chapters.incident.plan import IncidentPlan
from toban.design.clauses.base import Clause
from toban.design.values.people import Role
from toban.design.values.severity import IncidentSeverity
from toban.engine.approvals.holders import people_of
from toban.engine.editions.edition import Edition
from toban.engine.notify import alerts
from toban.engine.notify.signal import BECAUSE, Condition, Signal
from toban.engine.people.models import Operator
from toban.message import NOTHING, Message

_MILD = (IncidentSeverity.MEDIUM, IncidentSeverity.LOW)
ITEM = "incident"
"""The `item` of alerts about incidents: these are about no target, and are no incident themselves."""


def row_of(incident: Incident, plan: IncidentPlan) -> Clause | None:
    """Return the row in force that is cited: the level's, the flow's, or the first level's."""
    own = next((each for each in plan.levels if each.id == incident.clause_id), None)
    return own or plan.flow or next(iter(plan.levels), None)


def condition_of(incident: Incident, plan: IncidentPlan) -> Condition:
    """Return how grave it is for the notification matrix."""
    level = plan.level(incident.level)
    is_mild = level is not None and level.severity in _MILD
    return Condition.WARNING if is_mild else Condition.CRITICAL


def subject_of(incident: Incident) -> Message:
    """Return how notifications name it."""
    code = "incident.subject-drill" if incident.is_drill else "incident.subject"
    return Message(code, number=incident.pk, level=incident.level, title=incident.title)


def page_of(incident: Incident) -> str:
    """Return the address of its page."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/incidents/{incident.pk}"


def concerned(incident: Incident, plan: IncidentPlan, edition: Edition) -> tuple[str, ...]:
    """Return whom the level's row names, and who leads: all besides the matrix's recipients."""
    level = plan.level(incident.level)
    recipients = level.recipients if level is not None else ()
    named = (each.name for each in recipients if isinstance(each, Role))
    return tuple(dict.fromkeys((*named, *leading(incident, edition))))


def leading(incident: Incident, edition: Edition) -> tuple[str, ...]:
    """Return the names in `[people]` of who leads."""
    return names_of(incident.commander, edition)


def names_of(account: str, edition: Edition) -> tuple[str, ...]:
    """Return the names in `[people]` of the account called so."""
    found = Operator.objects.filter(username=account).first() if account else None
    return people_of(edition, found) if found is not None else ()


def tell(
    incident: Incident,
    plan: IncidentPlan,
    edition: Edition,
    key: str,
    value: Message,
    now: datetime,
    *,
    only: tuple[str, ...] | None = None,
    because: str = "",
) -> None:
    """Tell those who are concerned once; *only*: tell these people, and the 情報 row, instead.

    *because* is the key of the alert from which alone it follows.

    Without any row about incidents there is nothing to cite, and the alerts themselves have been told.
    """
    row = row_of(incident, plan)
    if row is None:
        return
    signal = Signal(
        key=f"incident/{incident.pk}/{key}",
        clause_id=row.id,
        citation=str(row.origin),
        clause_text=row.text,
        condition=condition_of(incident, plan) if only is None else Condition.INFO,
        subject=subject_of(incident),
        value=value,
        limit=NOTHING,
        began_at=incident.began_at,
        detected_at=now,
        advice=Message("incident.open-the-page", url=page_of(incident)),
        labels={"item": ITEM, "incident": str(incident.pk), **({BECAUSE: because} if because else {})},
        people=concerned(incident, plan, edition) if only is None else only,
    )
    alerts.tell([signal], now, edition.design.digest)


def tell_raised(
    incident: Incident,
    plan: IncidentPlan,
    edition: Edition,
    why: Message,
    now: datetime,
    *,
    because: str = "",
) -> None:
    """Tell that the level has changed, and why; *because* is the key of the alert that has raised it."""
    number = incident.levels.count()
    said = Message("incident.told-level", level=incident.level, why=why)
    tell(incident, plan, edition, f"level/{number}", said, now, because=because)
