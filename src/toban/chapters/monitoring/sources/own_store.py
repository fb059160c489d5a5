"""The store that this process writes to, for sources that query what was sent to Toban."""

import os
from functools import cache

from toban.chapters.monitoring.source import Unmeasurable
from toban.engine.telemetry.store import Telemetry
from toban.message import Message


@cache
def own_store() -> Telemetry:
    """Return it, or raise `Unmeasurable` if unknown. Kinds are registered before there is a store."""
    url = os.environ.get("TOBAN_TELEMETRY_URL")
    if not url:
        raise Unmeasurable(Message("monitoring.log-store-unknown", variable="TOBAN_TELEMETRY_URL"))
    return Telemetry(url)
