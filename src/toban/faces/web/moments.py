"""Days and moments as forms and addresses name them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

_YEARS = range(2000, 2200)
"""As the API has them: near the first and the last year, neither zones nor lengths of time can be added."""


def moment(written: str, zone: ZoneInfo) -> datetime | None:
    """Read the value of a date and time field, in *zone* unless it names one; None if it is not a time."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    if found.year not in _YEARS:
        return None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def date_in(written: str) -> date | None:
    """Return the date that an address names (2026-11-24), or None if it names none."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
