"""The lock shared by deletions of logs and orders of legal holds, in any thread of any process.

A deletion queries the telemetry store, which may take a minute to time out. So code that only writes to the
state database must never wait for this lock.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.db import OperationalError, connection, transaction
from django.db.backends.sqlite3.creation import DatabaseCreation
from psycopg.errors import LockNotAvailable

from toban.engine.orders import NotPossible
from toban.message import Message

PATIENCE = timedelta(seconds=70)
"""How long to wait for another holder: a store is given up on after a minute."""

_LOCK = 0x686F6C64
"""PostgreSQL's advisory lock of holds: `hold` in ASCII."""

_BESIDE = "-holds"
"""The suffix of the lock file's name next to SQLite's file, like `-wal`."""

_LOOK = 0.01
"""Seconds between two attempts: between two days, a deletion releases the lock for hardly longer."""


class StillDeleting(NotPossible):
    """Another process has held the lock for all of the waiting time."""

    def __init__(self, waited: timedelta) -> None:
        super().__init__(
            Message("logs.deletion-goes-on", seconds=waited.total_seconds()),
            Message("logs.wait-or-stop-deletion"),
        )


class LockUnusable(NotPossible):
    """The lock itself can't be opened."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            Message("logs.hold-lock-not-openable", path=path, reason=reason),
            Message("logs.let-user-write-hold-lock"),
        )


@contextmanager
def undisturbed(patience: timedelta = PATIENCE) -> Iterator[None]:
    """Prevent legal holds within the block: earlier holds are visible in it, later ones wait for its end.

    So the block that orders a hold ends with the commit. Raises `StillDeleting` after *patience*, and
    `LockUnusable`. A killed process releases the lock. It never expires, unlike the evidence lock: a stalled
    process that resumes would go on deleting, and no hold may have been acknowledged meanwhile.
    """
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "postgresql":
        with _advised(patience):
            yield
    elif DatabaseCreation.is_in_memory_db(name):
        # No other process can access it.
        yield
    else:
        # Two servers may reach the database through different links.
        with _beside(Path(name).resolve(), patience):
            yield


@contextmanager
def _advised(patience: timedelta) -> Iterator[None]:
    """Hold a dedicated PostgreSQL lock: evidence must not wait for a store."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            try:
                cursor.execute(
                    "SELECT set_config('idle_in_transaction_session_timeout', '0', true),"
                    " set_config('lock_timeout', %s, true), pg_advisory_xact_lock(%s)",
                    [f"{patience // timedelta(milliseconds=1)}ms", _LOCK],
                )
            except OperationalError as error:
                if isinstance(error.__cause__, LockNotAvailable):
                    raise StillDeleting(patience) from error
                raise
        yield


@contextmanager
def _beside(database: Path, patience: timedelta) -> Iterator[None]:
    """Hold the lock of a separate file: a SQLite transaction would block every other writer.

    The database's own file must not be locked: if the process closes it anywhere, SQLite's locks on it are
    lost.
    """
    lock = _opened(database)
    try:
        _take(lock, patience)
        yield
    finally:
        os.close(lock)


def _opened(database: Path) -> int:
    path = database.with_name(f"{database.name}{_BESIDE}")
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if os.geteuid() == 0:
            # If root created the file, the database's owner must be able to open it, too.
            owner = database.stat()
            os.fchown(lock, owner.st_uid, owner.st_gid)
    except OSError as problem:
        raise LockUnusable(path, problem.strerror or "") from problem
    return lock


def _take(lock: int, patience: timedelta) -> None:
    deadline = time.monotonic() + patience.total_seconds()
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise StillDeleting(patience) from None
            time.sleep(_LOOK)
        else:
            return
