"""Whether the matrix reaches anybody who is on duty now, and who is notified when it does not. Pure."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from toban.design.clauses.duty import EMERGENCY, DutyRole
from toban.design.clauses.notices import NotificationRule
from toban.design.values.people import Role


def emergency_contact(
    rules: Sequence[NotificationRule],
    duties: Sequence[DutyRole],
    moment: datetime,
    holidays: Collection[date] = (),
    vacant: Collection[str] = (),
) -> DutyRole | None:
    """Return who else is notified at *moment* (in the document's zone), or None if *rules* reach somebody.

    This is an assumption, since documents seldom say it: if all roles that the rows name have hours, and none
    of them is on duty, the emergency contact is notified, too. A role without hours counts as on duty, unless
    it is *vacant*: its rotation leaves this moment to nobody.
    """
    hours = {duty.role: duty.hours for duty in duties}

    def is_there(role: str) -> bool:
        own = hours.get(role)
        return role not in vacant and (own is None or own.covers(moment, holidays))

    roles = [each.name for rule in rules for each in rule.recipients if isinstance(each, Role)]
    if not roles or any(is_there(role) for role in roles):
        return None
    return next((duty for duty in duties if EMERGENCY in duty.role and is_there(duty.role)), None)
