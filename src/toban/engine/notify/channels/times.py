"""Times in a format for programs."""

from datetime import UTC, datetime


def rfc3339(at: datetime) -> str:
    """Return *at* in UTC, with microseconds unless it is a whole second: `2026-04-01T03:00:00Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
