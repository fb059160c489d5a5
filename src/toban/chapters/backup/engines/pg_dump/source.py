"""Questions to the databases: the one to be dumped, in one snapshot, and the one to restore into."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from toban.chapters.backup.engine import BackupFailed
from toban.chapters.backup.engines.pg_dump.commands import DatabaseAddress
from toban.message import plain

_CONNECT_TIMEOUT = 10
_COUNTED = 256 << 20
"""Total bytes of the tables whose rows are counted, the smallest first: about a second of reading."""

_MOST_COUNTED = 1_000
"""The most tables to count: the figures are kept with every backup."""

_COUNT_TIMEOUT = "10s"

# The roles that own something or have rights here: a restore needs them. The bootstrap superuser is not
# among the dependencies that the server records, so the owners are queried too.
_ROLES = """
    SELECT rolname FROM pg_roles WHERE oid IN (
        SELECT refobjid FROM pg_shdepend
         WHERE refclassid = 'pg_authid'::regclass
           AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        UNION
        SELECT relowner FROM pg_class WHERE oid >= 16384)
     ORDER BY rolname
"""
# 16384 is the first oid that users' objects get (FirstNormalObjectId of access/transam.h). Objects of an
# extension come with it.
_TABLES = """
    SELECT nspname, relname, pg_table_size(c.oid)
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind = 'r' AND relpersistence = 'p' AND c.oid >= 16384
       AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
     ORDER BY 3, 1, 2
"""  # noqa: E501
_UNREADABLE = """
    SELECT format('%I.%I', nspname, relname)
      FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind IN ('r', 'p', 'm', 'S') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
       AND NOT (has_schema_privilege(n.oid, 'USAGE')
                AND CASE relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT')
                                 ELSE has_table_privilege(c.oid, 'SELECT') END)
     ORDER BY 1
"""
_OBJECTS = """
    SELECT (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
             WHERE c.oid >= 16384 AND nspname !~ '^pg_'
               AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass
                                  AND objid = c.oid AND deptype = 'e'))
         + (SELECT count(*) FROM pg_largeobject_metadata)
"""


type Table = tuple[str, str]
"""Schema and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpSource:
    """The database as it was at the snapshot that is dumped."""

    version: str
    """`17.12`."""
    database: str
    system_id: str
    snapshot: str
    at: datetime
    """Everything committed before this moment is in the snapshot."""
    size: int
    """Bytes on disk, with indexes."""
    table_size: int
    """Bytes of the tables and large objects, without indexes: a compressed dump is hardly ever larger."""
    rows: Mapping[Table, int]
    """Table → its rows, counted in the snapshot; the largest tables are left out."""
    roles: Sequence[str]
    """The roles that must exist in the target to restore owners and grants."""


@dataclass(frozen=True, slots=True)
class DumpOutlook:
    """What is known about the database before it is dumped."""

    version: str
    unreadable: Sequence[str]
    """Tables and sequences that the role may not read; pg_dump would fail on them."""


@dataclass(frozen=True, slots=True)
class TargetDatabase:
    """The database to restore into."""

    version: str
    objects: int
    """Relations and large objects of users."""
    roles: frozenset[str]


def major(version: str) -> int:
    """Return 17 for `17.12`."""
    return int(version.partition(".")[0])


@contextmanager
def held_snapshot(server: DatabaseAddress) -> Iterator[DumpSource]:
    """Hold a snapshot of the database for pg_dump to use."""
    with connected(server) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with asking(server):
            found = _look(connection)
        yield found


def look_ahead(server: DatabaseAddress) -> DumpOutlook:
    """Ask the database what a dump would run into."""
    with connected(server) as connection, asking(server):
        names = [name for (name,) in connection.execute(_UNREADABLE)]
        return DumpOutlook(_version(connection), names)


def look_at_target(server: DatabaseAddress) -> TargetDatabase:
    """Query what the database to restore into contains."""
    with connected(server) as connection, asking(server):
        roles = connection.execute("SELECT rolname FROM pg_roles").fetchall()
        return TargetDatabase(
            _version(connection), _one(connection, _OBJECTS)[0], frozenset(name for (name,) in roles)
        )


def count(server: DatabaseAddress, tables: Iterable[Table]) -> Mapping[Table, int | None]:
    """Count the rows of *tables*; None for a table that does not exist."""
    with connected(server) as connection, asking(server):
        return {table: _rows(connection, table) for table in tables}


def analyze(server: DatabaseAddress) -> None:
    """Gather the statistics that a dump does not contain."""
    with connected(server) as connection, asking(server):
        connection.autocommit = True
        connection.execute("ANALYZE")


@contextmanager
def connected(server: DatabaseAddress) -> Iterator[psycopg.Connection]:
    """Connect, or raise `BackupFailed`."""
    with asking(server):
        connection = psycopg.connect(
            server.dsn, application_name="toban", connect_timeout=_CONNECT_TIMEOUT, autocommit=True
        )
    try:
        # The snapshot is held by a transaction that is idle.
        with asking(server):
            connection.execute("SET idle_in_transaction_session_timeout = 0")
        connection.autocommit = False
        yield connection
    finally:
        connection.close()


@contextmanager
def asking(server: DatabaseAddress) -> Iterator[None]:
    """Raise an error of the database as `BackupFailed`, without the password."""
    try:
        yield
    except psycopg.Error as error:
        text = server.mask(str(error).strip()) or type(error).__name__
        raise BackupFailed(plain(text)) from error


def _look(connection: psycopg.Connection) -> DumpSource:
    # now() is when the transaction began: nothing committed later counts as saved, though it may be.
    snapshot, at = _one(connection, "SELECT pg_export_snapshot(), now()")
    (cluster,) = _one(connection, "SELECT system_identifier FROM pg_control_system()")
    database, size = _one(connection, "SELECT current_database(), pg_database_size(current_database())")
    tables = connection.execute(_TABLES).fetchall()
    (large_objects,) = _one(connection, "SELECT pg_table_size('pg_largeobject')")
    return DumpSource(
        version=_version(connection),
        database=database,
        system_id=f"{cluster}/{database}",
        snapshot=snapshot,
        at=at.astimezone(UTC),
        size=size,
        table_size=large_objects + sum(table_size or 0 for _, _, table_size in tables),
        rows=_counted(connection, tables),
        roles=[name for (name,) in connection.execute(_ROLES)],
    )


def _counted(
    connection: psycopg.Connection, tables: Sequence[tuple[str, str, int | None]]
) -> Mapping[Table, int]:
    connection.execute(f"SET LOCAL statement_timeout = '{_COUNT_TIMEOUT}'")
    found, room = {}, _COUNTED
    for schema, table, size in tables[:_MOST_COUNTED]:
        room -= size or 0
        if room < 0:
            break
        try:
            rows = _rows(connection, (schema, table))
        except (psycopg.errors.QueryCanceled, psycopg.errors.InsufficientPrivilege):
            # The count is an extra proof, not a part of the dump: pg_dump will report what it can't read.
            continue
        if rows is not None:
            found[schema, table] = rows
    connection.execute("SET LOCAL statement_timeout = 0")
    return found


def _rows(connection: psycopg.Connection, table: Table) -> int | None:
    try:
        with connection.transaction():
            query = sql.SQL("SELECT count(*) FROM ") + sql.Identifier(*table)
            return int(_one(connection, query)[0])
    except psycopg.errors.UndefinedTable:
        return None


def _version(connection: psycopg.Connection) -> str:
    return str(_one(connection, "SHOW server_version")[0]).split()[0]


def _one(connection: psycopg.Connection, query: LiteralString | sql.Composed) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    if row is None:
        raise AssertionError("the query always gives a row")
    return row
