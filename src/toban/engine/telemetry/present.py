"""This process's telemetry store, for code that serves people."""

from functools import cache

from django.conf import settings

from toban.engine.telemetry.store import StoreUnavailable, Telemetry


@cache
def telemetry() -> Telemetry:
    """Return the process's store; raise `StoreUnavailable` if its address is not known."""
    if not settings.TELEMETRY_URL:
        raise StoreUnavailable("TOBAN_TELEMETRY_URL names no store")
    return Telemetry(settings.TELEMETRY_URL)
