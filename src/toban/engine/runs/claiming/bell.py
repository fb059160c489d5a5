"""Wakes a worker before its next look at the tables: when others call, and when its own runs end.

PostgreSQL passes calls on by NOTIFY. SQLite passes nothing on, but keeps a number for its users in the file's
header, which is so cheap to ask that it is asked often: a call changes it. Only the tables say what there is
to do. A missed bell (a broken connection, a pooler that doesn't pass it on) only costs the time until the
next look.
"""

import secrets
import threading
import time

import structlog
from django.db import Error, connection

from toban.engine.state.reach import STATE

_CHANNEL = "toban_runs"
_LISTENS = 0.5
"""Seconds after which the listener checks whether it should end."""

_AGAIN = 1.0
"""Seconds until a listener that lost its connection tries again."""

_ASKS = 0.1
"""Seconds between two questions whether anybody has called, on SQLite."""

log = structlog.get_logger(__name__)


def call_workers() -> None:
    """Wake the workers of all processes once the caller's transaction commits: a run may start at once."""
    # Several calls in one transaction count as one; a transaction that is rolled back calls nobody.
    is_passed_on = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute(
            f"NOTIFY {_CHANNEL}" if is_passed_on else f"PRAGMA user_version = {secrets.randbits(31)}"
        )


class Bell:
    """Wakes the one thread that waits for it."""

    def __init__(self) -> None:
        self._rung = threading.Event()
        self._is_closed = threading.Event()
        self._listener: threading.Thread | None = None
        self._called: int | None = None

    def ring(self) -> None:
        """Make the current `wait`, or else the next one, return at once."""
        self._rung.set()

    def wait(self, seconds: float) -> bool:
        """Return when the bell rings (True), or after *seconds*; the caller then looks at the tables."""
        if self._listener is None and connection.vendor == "postgresql":
            self._listener = threading.Thread(target=self._listen, name="runs bell", daemon=True)
            self._listener.start()
        is_rung = self._rung.wait(max(seconds, 0)) if self._listener is not None else self._ask(seconds)
        # Before the tables are read: a ring from here on asks for another look.
        self._rung.clear()
        return is_rung

    def _ask(self, seconds: float) -> bool:
        """Wait, and ask in between whether anybody has called."""
        until = time.monotonic() + seconds
        if self._called is None:
            self._called = _last_call()
        while True:
            left = until - time.monotonic()
            if self._rung.wait(max(min(left, _ASKS), 0)):
                return True
            before, self._called = self._called, _last_call()
            if before != self._called:
                return True
            if left <= _ASKS:
                return False

    def close(self) -> None:
        """Ring a last time, and stop listening."""
        self._is_closed.set()
        self.ring()
        if self._listener is not None:
            # It may be connecting to a database that does not answer; as a daemon, it blocks nobody.
            self._listener.join(2 * _LISTENS)

    def _listen(self) -> None:
        while not self._is_closed.is_set():
            try:
                self._hear()
            except Error as error:
                if not STATE.explains(error):
                    log.warning("runs_bell_silent", reason=str(error))
                self._is_closed.wait(_AGAIN)
            finally:
                connection.close()

    def _hear(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {_CHANNEL}")
        # In case of calls while nobody listened.
        self.ring()
        # The driver's own generator, so its errors become Django's only here.
        with connection.wrap_database_errors:
            while not self._is_closed.is_set():
                for _ in connection.connection.notifies(timeout=_LISTENS, stop_after=1):
                    self.ring()


def _last_call() -> int:
    """Return the number that the last call has left in SQLite's file."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA user_version")
        number: int = cursor.fetchone()[0]
    return number
