"""This process's telemetry store: whoever serves people asks here."""

from functools import cache

from django.conf import settings

from toban.engine.telemetry.store import StoreUnavailable, Telemetry


@cache
def telemetry() -> Telemetry:
    """Return the process's store; raise `StoreUnavailable` where no address is known."""
    if not settings.TELEMETRY_URL:
        raise StoreUnavailable("TOBAN_TELEMETRY_URL names no store")
    return Telemetry(settings.TELEMETRY_URL)
