"""Whether this process' clock is that of the state database: a worker with a wrong one takes no work.

What is due, over or out of date is decided by one worker for all. With a wrong clock it would be decided
wrongly for all, and written down with a false reason. So each process compares its clock with the database's
all the time, and between two comparisons with one that is never set: a clock that jumps is noticed at once.

SQLite has no clock of its own: its processes are on one machine and share that machine's.
"""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from django.db import DatabaseError, connection

from toban.engine.clock import Clock
from toban.engine.supervision.home import clock_file, write_whole
from toban.engine.timekeeping import rules
from toban.engine.timekeeping.models import WrongClock
from toban.engine.timekeeping.rules import Reading

log = structlog.get_logger(__name__)


def clock_of_database() -> Clock | None:
    """Return the state database's own clock; None if it has none."""
    return _time_of_postgresql if connection.vendor == "postgresql" else None


def _time_of_postgresql() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        at: datetime = cursor.fetchone()[0]
    return at


class Timekeeper:
    """One process' comparison of clocks. One thread calls `compare`; any may ask."""

    def __init__(
        self,
        home: Path,
        clock: Clock,
        of_database: Clock | None,
        *,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without a clock *of_database* there is nothing to compare with.

        A wrong clock is also noted in *home*, for `toban processes`.
        """
        self._home, self._host = home, socket.gethostname()
        self._clock, self._of_database, self._seconds = clock, of_database, seconds
        self._reading: Reading | None = None
        self._was_right: bool | None = None

    def trusts(self, now: datetime) -> bool:
        """Return whether *now*, just read from this process' clock, is the database's time too."""
        if self._of_database is None:
            return True
        reading = self._reading
        return reading is not None and rules.is_right(now - reading.time(self._seconds()), reading)

    @property
    def ahead(self) -> timedelta | None:
        """How far this process' clock is from the database's; None if that is not known."""
        reading = self._reading
        return None if reading is None else self._clock() - reading.time(self._seconds())

    def now(self) -> datetime:
        """Return the time to go by: that of this process' clock, or of the database's if it is wrong."""
        now, reading = self._clock(), self._reading
        return now if reading is None or self.trusts(now) else reading.time(self._seconds())

    def compare(self) -> None:
        """Compare the clocks, and make it known if this one is wrong, or is right again."""
        if self._of_database is None:
            return
        # Without the database nothing can be decided anyway; whoever asks it next reports that.
        with suppress(DatabaseError):
            asked = self._seconds()
            at = self._of_database()
            self._reading = Reading(at, asked, self._seconds())
            now = self._clock()
            self._tell(now - self._reading.time(self._seconds()), at, is_right=self.trusts(now))

    def _tell(self, ahead: timedelta, at: datetime, *, is_right: bool) -> None:
        if is_right is not self._was_right:
            if not is_right:
                log.error("clock_wrong", host=self._host, ahead_seconds=round(ahead.total_seconds(), 1))
            elif self._was_right is not None:
                log.info("clock_right", host=self._host)
            self._note("" if is_right else str(ahead.total_seconds()))
        if not is_right:
            WrongClock.note(self._host, ahead, at)
        elif self._was_right is not True:
            # Also at the start: another process of this machine may have been killed meanwhile.
            WrongClock.objects.filter(host=self._host).delete()
        self._was_right = is_right

    def _note(self, seconds: str) -> None:
        if seconds:
            write_whole(clock_file(self._home), seconds)
        else:
            clock_file(self._home).unlink(missing_ok=True)
