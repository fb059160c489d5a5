"""One at a time: taking, pruning or reading back a subject's backups waits until nobody else does so.

A turn is a lease in the state database, renewed while it is held: a holder that was killed keeps others
waiting for a minute at most, and does not hold up its own run when another worker takes that over.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, connections, transaction

from toban.chapters.backup.engine import ActWatch
from toban.chapters.backup.models import SubjectTurn
from toban.engine.clock import Clock, system_clock
from toban.engine.evidence import ledger
from toban.message import Message

LEASE = timedelta(minutes=1)
_RENEWED = 15.0
_LOOKS_AGAIN = 1.0

log = structlog.get_logger(__name__)


class NoTurn(Exception):
    """The wait was ended, or the turn was lost, before the work was done."""


class BackupTurn:
    """A turn that is held."""

    def __init__(self, subject: str, holder: str) -> None:
        self._subject, self._holder = subject, holder

    def check(self) -> None:
        """Raise `NoTurn` if the turn was lost meanwhile: this process stood still for too long."""
        if not SubjectTurn.objects.filter(subject=self._subject, holder=self._holder).exists():
            raise NoTurn(Message("backup.turn-lost", subject=self._subject))


@contextmanager
def turn_of(
    subject: str, watch: ActWatch, *, run: int | None = None, clock: Clock = system_clock
) -> Iterator[BackupTurn]:
    """Wait until nobody works on the backups of *subject*, and hold the turn inside the block.

    Raises `NoTurn` if *watch* asks to stop during the wait.
    """
    holder = secrets.token_hex(8)
    has_said = False
    while not _taken(subject, holder, run, clock()):
        if watch.why_stop() is not None:
            raise NoTurn(Message("backup.stopped-while-waiting", subject=subject))
        if not has_said:
            watch.say(Message("backup.waiting-for-turn", subject=subject))
            has_said = True
        threading.Event().wait(_LOOKS_AGAIN)
    is_done = threading.Event()
    renewing = threading.Thread(target=_renew, args=(subject, holder, clock, is_done), daemon=True)
    renewing.start()
    try:
        yield BackupTurn(subject, holder)
    finally:
        is_done.set()
        renewing.join()
        SubjectTurn.objects.filter(subject=subject, holder=holder).delete()


def _taken(subject: str, holder: str, run: int | None, now: datetime) -> bool:
    with transaction.atomic():
        # If two find it free, only one may get it.
        ledger.hold()
        held = SubjectTurn.objects.filter(subject=subject).first()
        is_own_run = held is not None and run is not None and held.run == run
        if held is not None and held.until > now and not is_own_run:
            return False
        SubjectTurn.objects.update_or_create(
            subject=subject, defaults={"holder": holder, "run": run, "until": now + LEASE}
        )
        return True


def _renew(subject: str, holder: str, clock: Clock, is_done: threading.Event) -> None:
    try:
        while not is_done.wait(_RENEWED):
            try:
                mine = SubjectTurn.objects.filter(subject=subject, holder=holder)
                mine.update(until=clock() + LEASE)
            except DatabaseError as error:
                # While the state database is unavailable nobody else can take the turn either.
                log.warning("turn_not_renewed", subject=subject, reason=str(error))
    finally:
        connections.close_all()
