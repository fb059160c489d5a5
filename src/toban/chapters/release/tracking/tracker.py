"""The loop over the sources: each is asked when it is due, and none waits for another that doesn't answer."""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog
from django.db import connections

from toban.chapters.release.deployments import ReleaseChapterPlan, Service
from toban.chapters.release.models import SourceLook
from toban.chapters.release.tracking.looking import Look
from toban.chapters.release.tracking.rules import is_look_due

log = structlog.get_logger(__name__)


class Tracker:
    """Asks the sources of the edition in force. One thread drives `step`, of the leading worker."""

    def __init__(
        self,
        home: Path,
        take: Callable[[Look], None] = Look.take,
        leave: Callable[[], None] = connections.close_all,
    ) -> None:
        """*take* takes a look, and *leave* is called at its end; both in a thread of the look."""
        self._home = home
        self._take = take
        self._leave = leave
        self._looks: dict[str, threading.Thread] = {}

    def step(self, plan: ReleaseChapterPlan, now: datetime) -> None:
        """Begin the looks that are due."""
        self._looks = {name: each for name, each in self._looks.items() if each.is_alive()}
        rows = SourceLook.objects.in_bulk(list(plan.services))
        for name, service in plan.services.items():
            row = rows.get(name)
            asked_at, wanted_at = (row.asked_at, row.wanted_at) if row is not None else (None, None)
            if name not in self._looks and is_look_due(asked_at, wanted_at, service.config.poll, now):
                # As a daemon: one that waits for its host keeps no worker from ending.
                look = threading.Thread(
                    target=self._look, args=(service, plan, now), name=f"look {name}", daemon=True
                )
                self._looks[name] = look
                look.start()

    def _look(self, service: Service, plan: ReleaseChapterPlan, now: datetime) -> None:
        try:
            self._take(Look(service, plan, self._home, now))
        except Exception:
            log.exception("look_failed", service=service.name)
        finally:
            self._leave()
