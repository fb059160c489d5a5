"""Which of several workers measures, announces and sends: one at a time, and soon another when it is gone.

Two that judge the same rows by their own readings would tell of a recovery twice, seconds apart, and of
trouble in between. The one that leads gives a sign of life every `BEAT`; when the others have seen none for
as long as it takes (`Silences`), the first of them leads. See docs/adr/0010.
"""

from uuid import uuid4

import structlog
from django.db import DatabaseError
from django.db.models import F, QuerySet

from toban.engine.notify.models import Leader
from toban.engine.runs.claiming.silence import Silences

BEAT = 1.5
"""Seconds between two signs of life."""

_NAME = "alerting"

log = structlog.get_logger(__name__)


class NotLeading(Exception):
    """Another worker leads by now: what this one was about to write no longer counts."""


class Lead:
    """This worker's part in it. One thread calls `beat`, again and again; any may ask."""

    def __init__(self, holder: str, silences: Silences | None = None) -> None:
        # Process numbers come again: after a restart the same one is another worker.
        self._holder = f"{holder}/{uuid4().hex[:8]}"
        self._silences = silences or Silences()
        self._terms = 0
        self._is_held = False
        self.followed = 0
        """How often it was found that another worker leads."""

    @property
    def term(self) -> int | None:
        """Another number each time that this worker begins to lead; None while it does not."""
        return self._terms if self._is_held else None

    def beat(self) -> None:
        """Give a sign of life, or find out whether it is this worker's turn."""
        try:
            is_held = self._renewed() or self._taken()
        except DatabaseError:
            self._silences.forget()
            raise
        if is_held is not self._is_held:
            log.info("lead_taken" if is_held else "lead_lost", holder=self._holder)
            self._terms += is_held
            self._is_held = is_held
        self.followed += not is_held

    def require(self) -> None:
        """Raise `NotLeading` unless the state database says that this worker leads."""
        if not self._mine().exists():
            raise NotLeading(self._holder)

    def release(self) -> None:
        """Let another worker lead at once."""
        self._is_held = False
        self._mine().update(holder="")

    def _mine(self) -> QuerySet[Leader]:
        return Leader.objects.filter(name=_NAME, holder=self._holder)

    def _renewed(self) -> bool:
        return self._mine().update(beats=F("beats") + 1) > 0

    def _taken(self) -> bool:
        """Take the place of a leader who has gone, or was silent for too long."""
        leader, _ = Leader.objects.get_or_create(name=_NAME)
        silent = self._silences.look({leader.holder: leader.beats})
        if leader.holder and leader.holder not in silent:
            return False
        # A sign of life, or another who takes over, may have been faster: only one UPDATE matches.
        unmoved = Leader.objects.filter(name=_NAME, holder=leader.holder, beats=leader.beats)
        return unmoved.update(holder=self._holder, beats=F("beats") + 1) > 0
