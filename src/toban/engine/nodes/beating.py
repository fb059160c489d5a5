"""One process' signs of life: what it is, and that it is still there."""

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import Error
from django.utils.crypto import salted_hmac

from toban.engine.editions.inforce import EditionInForce
from toban.engine.nodes.models import NodeProcess
from toban.engine.nodes.rules import BEAT
from toban.engine.state.reach import STATE
from toban.engine.timekeeping.timekeeper import Timekeeper

if TYPE_CHECKING:
    from datetime import datetime

_SALT = "toban.engine.nodes"
_DIGITS = 16


def fingerprint() -> str:
    """Return what tells this process' secret key from others, and no more about it; empty without one."""
    if not settings.HAS_SECRET_KEY:
        return ""
    return salted_hmac(_SALT, "fingerprint", algorithm="sha256").hexdigest()[:_DIGITS]


class NodeBeat:
    """The signs of life of this process. One thread calls `beat` at least once a second."""

    def __init__(
        self,
        program: str,
        in_force: EditionInForce,
        timekeeper: Timekeeper,
        *,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._in_force, self._timekeeper, self._seconds = in_force, timekeeper, seconds
        self._self: dict[str, Any] = {"host": socket.gethostname(), "program": program, "pid": os.getpid()}
        self._fixed = {"version": version("toban"), "key": fingerprint()}
        self._edition = ("", "")
        self._edition_since: datetime | None = None
        self._began_at: datetime | None = None
        self._next = 0.0

    def beat(self) -> None:
        """Give a sign of life, unless the last one is recent."""
        if self._seconds() < self._next:
            return
        now = self._timekeeper.now()
        if self._began_at is None:
            self._forget_predecessors()
        self._began_at = self._began_at or now
        edition = self._in_force.edition
        digests = edition.digests if edition is not None else ("", "")
        if digests != self._edition:
            self._edition, self._edition_since = digests, now
        ahead = self._timekeeper.ahead
        NodeProcess.objects.update_or_create(
            **self._self,
            defaults={
                **self._fixed,
                "ahead_seconds": ahead.total_seconds() if ahead is not None else None,
                "document_digest": digests[0],
                "bindings_digest": digests[1],
                "edition_since": self._edition_since,
                "is_left_behind": self._in_force.is_left_behind,
                "began_at": self._began_at,
                "seen_at": now,
            },
        )
        self._next = self._seconds() + BEAT.total_seconds()

    def leave(self) -> None:
        """Say that this process stops as asked; a database that is away is not waited for."""
        if STATE.is_lost:
            return
        with suppress(Error):  # it is found to be gone, then
            NodeProcess.objects.filter(**self._self).delete()

    def _forget_predecessors(self) -> None:
        """Delete the processes of this machine that broke off: this one has replaced them."""
        here = {name: self._self[name] for name in ("host", "program")}
        dead = [each.pk for each in NodeProcess.objects.filter(**here) if not _lives(each.pid)]
        NodeProcess.objects.filter(pk__in=dead).delete()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is somebody else's
    return True
