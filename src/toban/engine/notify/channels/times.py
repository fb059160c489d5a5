"""How programs write times."""

from datetime import UTC, datetime


def rfc3339(at: datetime) -> str:
    """Return *at* in UTC, to the microsecond where it is not a whole second: `2026-04-01T03:00:00Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
