"""All of the state database, row by row, into an empty one of another kind, and compared afterwards."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import DatabaseError, connections, models, transaction

from toban.engine.evidence import ledger
from toban.engine.evidence.ledger import LedgerHead
from toban.engine.orders import NotPossible
from toban.engine.state import tables
from toban.message import Message
from toban.state_url import BadStateUrl, database

_HERE, _THERE = "default", "there"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved."""

    rows: int
    evidence: LedgerHead
    """The last entry of the chain, which was walked in its new place."""


def move(url: str) -> Moved:
    """Copy the whole state to the empty PostgreSQL at *url*; the present one stays as it is.

    Others can't write to the present one meanwhile. Either all of it is there afterwards, or no row. Raises
    `NotPossible`.
    """
    _require_current()
    _name(url)
    _require_empty()
    _make_tables(url)
    every = apps.get_models(include_auto_created=True)
    try:
        # The first transaction makes every other writer wait until all was read, twice.
        with transaction.atomic():
            with transaction.atomic(using=_THERE):
                rows = sum(_copy(model) for model in every)
                _go_on_counting(every)
            _require_same(every)
    except (DatabaseError, ValueError) as error:
        raise _not_moved(str(error)) from error
    walked = ledger.verify(database=_THERE)
    if walked.broken is not None:
        raise _not_moved(walked.broken.reason)
    return Moved(rows, walked.head)


def _require_current() -> None:
    if connections[_HERE].vendor != "sqlite":
        raise NotPossible(Message("stores.only-sqlite-is-moved"))
    made = tables.applied()
    tables.require_known(made)
    if not frozenset(tables.known()) <= frozenset(made):
        raise NotPossible(Message("stores.state-of-older-version"), Message("stores.prepare-first"))


def _name(url: str) -> None:
    """Let Django know the database at *url*."""
    try:
        there = database(url)
    except BadStateUrl as error:
        raise NotPossible(Message("stores.only-to-postgresql")) from error
    if "postgresql" not in there["ENGINE"]:
        raise NotPossible(Message("stores.only-to-postgresql"))
    connections.settings[_THERE] = {**connections.settings[_HERE], **there}


def _require_empty() -> None:
    there = connections[_THERE]
    try:
        with there.cursor() as cursor:
            found = set(there.introspection.table_names(cursor))
    except DatabaseError as error:
        raise _not_moved(str(error)) from error
    ours = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}  # noqa: SLF001
    strange = found - ours.keys() - {"django_migrations", "toban_cache"}
    full = [name for name in found & ours.keys() if _rows(ours[name], _THERE).exists()]
    if strange or full:
        names = sorted([*strange, *full])[:3]
        raise NotPossible(Message("stores.target-not-empty", names=names), Message("stores.empty-the-target"))


def _make_tables(url: str) -> None:
    """Make what Toban knows by itself, and the rest in a process of its own.

    What a migration changes in rows, it changes where the state is.
    """
    try:
        tables.make(_THERE)
    except DatabaseError as error:
        raise _not_moved(str(error)) from error
    done = subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--verbosity=0", "--skip-checks"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "toban.settings", "TOBAN_STATE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise _not_moved((done.stderr.strip().splitlines() or [""])[-1])


def _not_moved(why: str | Message) -> NotPossible:
    said = why.strip()[:500] if isinstance(why, str) else why
    return NotPossible(Message("stores.state-not-moved", why=said), Message("stores.old-state-stays"))


def _copy(model: type[models.Model]) -> int:
    count = 0
    for some in batched(_rows(model, _HERE).iterator(_AT_ONCE), _AT_ONCE):
        _rows(model, _THERE).bulk_create(some)
        count += len(some)
    return count


def _go_on_counting(every: Iterable[type[models.Model]]) -> None:
    """Let new rows be numbered after those that were moved with their numbers."""
    there = connections[_THERE]
    with there.cursor() as cursor:
        for statement in there.ops.sequence_reset_sql(no_style(), list(every)):
            cursor.execute(statement)


def _require_same(every: Iterable[type[models.Model]]) -> None:
    """Compare every value of every row with what is read from the new place."""
    for model in every:
        if _rows(model, _HERE).count() != _rows(model, _THERE).count() or any(_different(model)):
            said = Message("stores.state-not-moved", why=model._meta.db_table)  # noqa: SLF001
            raise NotPossible(said, Message("stores.old-state-stays"))


def _different(model: type[models.Model]) -> Iterator[bool]:
    for some in batched(_rows(model, _HERE).iterator(_AT_ONCE), _AT_ONCE):
        there = _values(_rows(model, _THERE).filter(pk__in=[row.pk for row in some]))
        yield _values(some) != there


def _values(rows: Iterable[models.Model]) -> Mapping[Any, Sequence[Any]]:
    return {row.pk: [_value(row, field) for field in row._meta.concrete_fields] for row in rows}  # noqa: SLF001


def _value(row: models.Model, field: "models.Field[Any, Any]") -> Any:
    value = getattr(row, field.attname)
    return bytes(value) if isinstance(value, memoryview) else value


def _rows(model: type[models.Model], place: str) -> "models.QuerySet[models.Model]":
    """Return all rows, in a stable order: those of an extension's own managers may be some of them."""
    return model._base_manager.using(place).order_by("pk")  # noqa: SLF001 - Django's documented name
