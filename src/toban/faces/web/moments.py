"""Moments as forms send them."""

from datetime import datetime
from zoneinfo import ZoneInfo


def moment(written: str, zone: ZoneInfo) -> datetime | None:
    """Read what a field for date and time holds, in *zone* where it names none; else None."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=zone)
