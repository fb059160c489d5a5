"""Whether what serves answers as it must: one look, without following redirects to other hosts."""

from collections.abc import Callable

import httpx

from toban.chapters.release.bindings import HealthBinding
from toban.chapters.release.trust import trust
from toban.message import NOTHING, Message

_WITHIN = 5.0
"""Seconds for one answer."""
_BAD = 400
INSTANCE = "{instance}"
"""Stands in `health.url` for the address of each instance."""
_LARGEST = 1024 * 1024
"""Bytes of an answer that are searched."""

type Probe = Callable[[HealthBinding], Message]
"""Looks once; returns what is wrong, or nothing."""


def why_unhealthy(health: HealthBinding, instance: str = "") -> Message:
    """Ask once; return what is wrong, or nothing if *instance* is healthy."""
    url = health.url.replace(INSTANCE, instance)
    try:
        with httpx.stream(
            "GET", url, timeout=_WITHIN, trust_env=False, verify=trust(asks_environment=False)
        ) as answer:
            if answer.status_code >= _BAD:
                return Message("release.answers-with", url=url, status=answer.status_code)
            return _why_without(health, url, answer)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Message("release.does-not-answer", url=url, why=str(error) or type(error).__name__)


def _why_without(health: HealthBinding, url: str, answer: httpx.Response) -> Message:
    if not health.contains:
        return NOTHING
    read = b""
    for piece in answer.iter_bytes():
        read += piece
        if health.contains.encode() in read:
            return NOTHING
        if len(read) > _LARGEST:
            break
    return Message("release.answers-without", url=url, text=health.contains)
