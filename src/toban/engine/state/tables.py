"""The tables of the state database: made anew, or those that this Toban knows, by names of migrations."""

import sqlite3
from collections.abc import Collection
from contextlib import closing, suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from toban.engine.orders import NotPossible
from toban.engine.state.copying import STATE_FILE
from toban.message import Message

type Migrations = Collection[tuple[str, str]]
"""App and name of each."""

_SHOWN = 3
_OF_LIBRARIES = ("django.", "allauth.")
"""Libraries may replace their migrations by others: a name that is missing says nothing of their tables."""


def applied(database: str = "default") -> Migrations:
    """Return the migrations that made the tables of *database*; none for an empty one."""
    return frozenset(MigrationRecorder(connections[database]).applied_migrations())


def make(database: str = "default") -> None:
    """Make the tables of an empty *database* at once, as migrations of Toban and its libraries leave them.

    One after the other, migrations take seconds for tables without rows. Those of other extensions are left
    to `migrate`: they may bring rows.
    """
    there = connections[database]
    loader = MigrationLoader(there)
    if loader.applied_migrations:
        return
    ours = [each for each in loader.graph.leaf_nodes() if _is_known_well(each[0])]
    done = {each for leaf in ours for each in loader.graph.forwards_plan(leaf)}
    with there.schema_editor() as editor:
        for model in loader.project_state(ours).apps.get_models():
            if not model._meta.swapped:  # noqa: SLF001 - as Django's own migrations do
                editor.create_model(model)
        call_command("createcachetable", database=database, verbosity=0)
        recorder = MigrationRecorder(there)
        for app, name in sorted(done):
            recorder.record_applied(app, name)


def _is_known_well(label: str) -> bool:
    return apps.get_app_config(label).name.startswith(("toban.", *_OF_LIBRARIES))


def known() -> Migrations:
    """Return the migrations that this Toban has, without loading any."""
    return frozenset((each.label, name) for each in apps.get_app_configs() for name in _names(each.label))


def require_known(made: Migrations) -> None:
    """Raise `NotPossible` if a newer Toban *made* the tables: this one would spoil or miss what they hold.

    Apps that are not installed count as known: a package that was removed leaves its tables behind.
    """
    ours = {each.label for each in apps.get_app_configs() if not each.name.startswith(_OF_LIBRARIES)}
    newer = sorted(f"{app}.{name}" for app, name in frozenset(made) - frozenset(known()) if app in ours)
    if newer:
        said = Message("stores.state-of-newer-version", names=newer[:_SHOWN], count=len(newer))
        raise NotPossible(said, Message("stores.use-newer-version"))


def require_known_if_readable() -> None:
    """As `require_known`, for a process that starts without its state database, too, and waits for it."""
    with suppress(DatabaseError):
        require_known(applied())


def require_no_other(home: Path) -> None:
    """Raise `NotPossible` if the state database is an empty PostgreSQL while *home* has a state in a file."""
    file = home / STATE_FILE
    if connection.vendor == "postgresql" and not applied() and _has_accounts(file):
        raise NotPossible(
            Message("stores.empty-beside-full", file=file), Message("stores.move-or-begin-anew")
        )


def _has_accounts(file: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as state:
            return state.execute("SELECT 1 FROM people_operator LIMIT 1").fetchone() is not None
    except sqlite3.Error:
        return False


def _names(label: str) -> Collection[str]:
    module, _ = MigrationLoader.migrations_module(label)
    try:
        folders = import_module(module).__path__ if module else ()
    except ModuleNotFoundError:
        return ()
    return [name for _, name, is_package in iter_modules(folders) if not is_package and name[0] not in "_~"]
