"""Whether an instance of a version may get traffic: what it answers, asked until it is healthy."""

import socket
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import httpx

from toban.chapters.release.bindings import HealthBinding
from toban.message import NOTHING, Message, message_of, plain

_ONE_ANSWER = 5.0
"""Seconds for one answer."""

_MOST_BYTES = 1 << 20
_PAUSE = 0.1


def why_unhealthy(health: HealthBinding | None, instance: str) -> Message:
    """Ask *instance*, an address, once; return what is wrong, or nothing.

    Where the bindings name nothing to ask of an instance, it has to accept a connection.
    """
    if health is None or not is_per_instance(health):
        return _why_closed(instance)
    return why_no_answer(health, health.url.replace("{instance}", instance))


def is_per_instance(health: HealthBinding) -> bool:
    """Return whether each instance is asked, and not what stands before them."""
    return "{instance}" in health.url


def why_no_answer(health: HealthBinding, url: str) -> Message:
    """Ask *url* once; return what is wrong, or nothing."""
    try:
        with httpx.stream("GET", url, timeout=_ONE_ANSWER) as answer:
            if answer.status_code >= 400:
                return Message("release-health.answered", url=url, status=answer.status_code)
            if health.contains and health.contains not in _text(answer):
                return Message("release-health.lacks", url=url, text=health.contains)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Message("release-health.no-answer", url=url, why=plain(str(error) or type(error).__name__))
    return NOTHING


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


def _text(answer: httpx.Response) -> str:
    """Return the answer's beginning: one without an end must not fill the memory."""
    read = bytearray()
    for piece in answer.iter_bytes():
        read += piece
        if len(read) >= _MOST_BYTES:
            break
    return read.decode(answer.encoding or "utf-8", "replace")


def _why_closed(instance: str) -> Message:
    host, _, port = instance.rpartition(":")
    try:
        with closing(socket.create_connection((host.strip("[]"), int(port)), timeout=_ONE_ANSWER)):
            return NOTHING
    except OSError as error:
        return Message("release-health.refused", address=instance, why=message_of(error))
