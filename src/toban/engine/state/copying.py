"""A copy of the state database while others write to it."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from toban.engine.orders import NotPossible
from toban.message import Message

STATE_FILE, STATE_DUMP = "state.sqlite3", "state.dump"


def copied(state: Mapping[str, Any], folder: Path) -> Path:
    """Write a consistent copy of *state* (Django's settings of the database) into *folder*; return its file.

    Raises `NotPossible`.
    """
    if "sqlite" in str(state["ENGINE"]):
        return _copied_file(state, folder / STATE_FILE)
    return _dumped(state, folder / STATE_DUMP)


def _copied_file(state: Mapping[str, Any], copy: Path) -> Path:
    try:
        # SQLite's own online backup: a consistent copy even while others write.
        with (
            closing(sqlite3.connect(f"file:{state['NAME']}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
    except sqlite3.Error as error:
        said = Message("stores.state-not-copied", file=copy, why=str(error))
        raise NotPossible(said, Message("stores.make-room-for-the-copy")) from error
    return copy


def _dumped(state: Mapping[str, Any], dump: Path) -> Path:
    # Only where PostgreSQL is used: it takes a while to load.
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    program = shutil.which("pg_dump")
    if program is None:
        raise NotPossible(Message("stores.no-pg-dump"), Message("stores.install-the-client"))
    # Everything but the password, which other users of the machine would see.
    known = {"dbname": state["NAME"], "user": state["USER"], "host": state["HOST"], "port": state["PORT"]}
    place = make_conninfo(**{key: value for key, value in known.items() if value}, **state["OPTIONS"])
    command = [program, "--format=custom", "--no-password", f"--file={dump}", f"--dbname={place}"]
    environment = {**_of_libpq(), "PATH": "/usr/bin:/bin"}
    if state["PASSWORD"]:
        environment["PGPASSWORD"] = str(state["PASSWORD"])
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = Message("stores.pg-dump-failed", error=done.stderr.strip()[:500])
        # The environment names no language: these are pg_dump's own words.
        is_older = "server version mismatch" in done.stderr
        hint = "stores.install-a-newer-client" if is_older else "stores.check-the-state-url"
        raise NotPossible(said, Message(hint))
    return dump


def _of_libpq() -> Mapping[str, str]:
    """Return the variables by which Toban's own connection is found, too: hosts, certificates, ~/.pgpass."""
    return {name: value for name, value in os.environ.items() if name.startswith("PG") or name == "HOME"}
