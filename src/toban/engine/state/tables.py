"""Whether the tables of the state database are those that this Toban knows, by names of migrations."""

from collections.abc import Collection
from contextlib import suppress
from importlib import import_module
from pkgutil import iter_modules

from django.apps import apps
from django.db import DatabaseError, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from toban.engine.orders import NotPossible
from toban.message import Message

type Migrations = Collection[tuple[str, str]]
"""App and name of each."""

_SHOWN = 3
_OF_LIBRARIES = ("django.", "allauth.")
"""Libraries may replace their migrations by others: a name that is missing says nothing of their tables."""


def applied(database: str = "default") -> Migrations:
    """Return the migrations that made the tables of *database*; none for an empty one."""
    return frozenset(MigrationRecorder(connections[database]).applied_migrations())


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


def _names(label: str) -> Collection[str]:
    module, _ = MigrationLoader.migrations_module(label)
    try:
        folders = import_module(module).__path__ if module else ()
    except ModuleNotFoundError:
        return ()
    return [name for _, name, is_package in iter_modules(folders) if not is_package and name[0] not in "_~"]
