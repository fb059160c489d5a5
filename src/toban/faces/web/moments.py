"""Days and moments as forms and addresses name them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo


def moment(written: str, zone: ZoneInfo) -> datetime | None:
    """Read what a field for date and time holds, in *zone* where it names none; else None."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def date_in(written: str) -> date | None:
    """Return the date that an address names (2026-11-24), or None where it names none."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
