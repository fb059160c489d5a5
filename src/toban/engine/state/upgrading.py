"""The tables of the state database are changed by one Toban at a time, and not before there is a copy."""

import fcntl
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

from toban.engine.orders import NotPossible
from toban.engine.state.copying import copied
from toban.engine.state.tables import Migrations
from toban.message import Message

BEFORE_UPGRADES = "before-upgrades"
"""The folder of the home directory with the copies."""

_COPY = re.compile(r"\d{8}T\d{6}Z-\d+")
_KEPT = 3
_PATIENCE, _PAUSE = 600.0, 0.2
"""Seconds to wait for another Toban, and between two looks."""
_LOCK = 0x746F62616E31
"""PostgreSQL's advisory lock of whoever changes tables: `toban1` in ASCII."""


@contextmanager
def alone(say: Callable[[Message], None]) -> Iterator[None]:
    """Keep every other Toban from changing the tables meanwhile; *say* is told if it has to wait for one.

    Raises `NotPossible` if the other does not end within ten minutes. A lock ends with its process.
    """
    taken = _locked_in_postgresql if connection.vendor == "postgresql" else _locked_beside_file
    with taken() as is_free:
        deadline = time.monotonic() + _PATIENCE
        is_told = False
        while not is_free():
            if not is_told:
                say(Message("stores.waiting-for-other-upgrade"))
                is_told = True
            if time.monotonic() > deadline:
                raise NotPossible(
                    Message("stores.other-upgrade-does-not-end"), Message("stores.end-other-upgrade")
                )
            time.sleep(_PAUSE)
        yield


@contextmanager
def _locked_in_postgresql() -> Iterator[Callable[[], bool]]:
    """Yield what tries to take the lock, which belongs to the session."""

    def is_free() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
            return bool(cursor.fetchone()[0])

    try:
        yield is_free
    finally:
        connection.close()


@contextmanager
def _locked_beside_file() -> Iterator[Callable[[], bool]]:
    file = Path(f"{connection.settings_dict['NAME']}-upgrade")
    # Like the state beside it: for this account alone.
    file.touch(mode=0o600)
    with file.open("w") as lock:

        def is_free() -> bool:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        yield is_free


def keep_copy(home: Path, made: Migrations, now: datetime) -> Path:
    """Copy the state database, whose tables *made* has made, into *home*, and return the file.

    The newest three copies stay. One of the same tables is replaced: a change that fails at each start would
    otherwise push out the copy of the time before it. Raises `NotPossible`.
    """
    place, tables = home / BEFORE_UPGRADES, f"-{len(made)}"
    folder = place / f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}{tables}"
    partial = place / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        partial.mkdir(mode=0o700)
        name = copied(settings.DATABASES["default"], partial).name
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    except OSError as error:
        said = Message("stores.state-not-copied", file=folder, why=error.strerror or "")
        raise NotPossible(said, Message("stores.make-room-for-the-copy")) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    others = sorted(each for each in place.iterdir() if _COPY.fullmatch(each.name) and each != folder)
    same = [each for each in others if each.name.endswith(tables)]
    rest = [each for each in others if each not in same]
    for gone in (*same, *rest[: 1 - _KEPT]):
        shutil.rmtree(gone)
    return folder / name
