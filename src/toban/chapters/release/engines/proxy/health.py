"""Whether an instance of a version may get traffic, asked until it is healthy."""

import socket
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

from toban.chapters.release.bindings import HealthBinding
from toban.chapters.release.running.health import why_unhealthy
from toban.message import NOTHING, Message, message_of

_ONE_CONNECTION = 5.0
"""Seconds for one connection."""
_PAUSE = 0.1


def is_per_instance(health: HealthBinding | None) -> bool:
    """Return whether each instance is asked, and not what stands before them."""
    return health is not None and "{instance}" in health.url


def why_not_ready(health: HealthBinding | None, address: str) -> Message:
    """Ask the instance at *address* once; return what is wrong, or nothing.

    Where the bindings name nothing to ask of an instance, it has to accept a connection.
    """
    if health is not None and is_per_instance(health):
        return why_unhealthy(health, address)
    host, _, port = address.rpartition(":")
    try:
        with closing(socket.create_connection((host, int(port)), timeout=_ONE_CONNECTION)):
            return NOTHING
    except OSError as error:
        return Message("release-proxy.no-connection", address=address, why=message_of(error))


def wait_until(
    is_fine: Callable[[], Message], within: timedelta, why_stop: Callable[[], object | None]
) -> Message:
    """Ask until *is_fine* says nothing, or the time is over; return what was wrong last."""
    end = time.monotonic() + within.total_seconds()
    while trouble := is_fine():
        if time.monotonic() >= end or why_stop() is not None:
            return trouble
        time.sleep(_PAUSE)
    return NOTHING
