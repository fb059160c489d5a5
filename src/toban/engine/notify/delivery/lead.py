"""Leader election: one worker at a time measures, announces and sends; another takes over when it is gone.

Two workers that judge the same rows by their own readings would announce a recovery twice, seconds apart, and
a problem in between. The leader renews its heartbeat every `BEAT`. When the others have seen none for long
enough (`Silences`), the first of them takes the lead. See docs/adr/0010.
"""

from uuid import uuid4

import structlog
from django.db import DatabaseError
from django.db.models import F, QuerySet

from toban.engine.notify.models import Leader
from toban.engine.runs.claiming.silence import Silences

BEAT = 1.5
"""Seconds between two heartbeats."""

_SILENCE = 4 * BEAT

_NAME = "alerting"

log = structlog.get_logger(__name__)


class NotLeading(Exception):
    """Another worker has taken the lead: this one must not write its result any more."""


class Lead:
    """This worker's part in the election. One thread calls `beat` regularly; any thread may query it."""

    def __init__(self, holder: str, silences: Silences | None = None) -> None:
        # Process numbers are reused: after a restart, the same number is another worker.
        self._holder = f"{holder}/{uuid4().hex[:8]}"
        self._silences = silences or Silences(silence=_SILENCE)
        self._terms = 0
        self._is_held = False
        self.followed = 0
        """The number of beats that found another worker leading."""

    @property
    def term(self) -> int | None:
        """A new number each time that this worker takes the lead; None while it does not lead."""
        return self._terms if self._is_held else None

    def beat(self, *, may_lead: bool = True) -> None:
        """Renew the heartbeat, or take the lead if it is this worker's turn.

        Without *may_lead* it lets go of the lead, and only looks whether another worker leads.
        """
        try:
            if not may_lead and self._is_held:
                self._mine().update(holder="")
            is_held = may_lead and (self._renewed() or self._taken())
            is_led = is_held or may_lead or self._is_led(self._leader())
        except DatabaseError:
            self._silences.forget()
            raise
        if is_held is not self._is_held:
            log.info("lead_taken" if is_held else "lead_lost", holder=self._holder)
            self._terms += is_held
            self._is_held = is_held
        self.followed += is_led and not is_held

    def require(self) -> None:
        """Raise `NotLeading` unless the state database says that this worker leads."""
        if not self._mine().exists():
            raise NotLeading(self._holder)

    def release(self) -> None:
        """Let another worker take the lead at once."""
        self._is_held = False
        self._mine().update(holder="")

    def _mine(self) -> QuerySet[Leader]:
        return Leader.objects.filter(name=_NAME, holder=self._holder)

    def _renewed(self) -> bool:
        return self._mine().update(beats=F("beats") + 1) > 0

    def _taken(self) -> bool:
        """Replace a leader that has gone, or was silent for too long; return whether that worked."""
        leader = self._leader()
        if self._is_led(leader):
            return False
        # The leader's heartbeat, or another worker, may have been faster: only one UPDATE matches.
        unmoved = Leader.objects.filter(name=_NAME, holder=leader.holder, beats=leader.beats)
        return unmoved.update(holder=self._holder, beats=F("beats") + 1) > 0

    def _leader(self) -> Leader:
        return Leader.objects.get_or_create(name=_NAME)[0]

    def _is_led(self, leader: Leader) -> bool:
        silent = self._silences.look({leader.holder: leader.beats})
        return leader.holder != "" and leader.holder not in silent
