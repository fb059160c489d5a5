"""Row counts and hash sums of a database's tables: in the source at one moment, and after a restore."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from toban.chapters.backup.engine import TransactionSnapshot
from toban.message import Message, plain

_CANDIDATES = 4
"""How many snapshots to hold open until one is found that the log can lead to."""

# The same row gives the same text, whatever the databases' own settings are.
_SETTINGS = (
    "-c timezone=UTC -c datestyle=ISO,YMD -c intervalstyle=postgres -c extra_float_digits=1"
    " -c bytea_output=hex -c search_path= -c lock_timeout=10s"
)
_TABLES = """
    SELECT n.nspname, c.relname
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'm') AND c.relpersistence = 'p' AND c.relispopulated
       AND n.nspname NOT IN ('pg_catalog', 'information_schema')
     ORDER BY pg_relation_size(c.oid), 1, 2
"""
# A sum does not depend on the order of the rows.
_SUM = sql.SQL(
    'SELECT count(*), coalesce(sum(hashtextextended(r::text COLLATE pg_catalog."C", 0)), 0)::text'
    " FROM ONLY {} AS r"
)


@dataclass(frozen=True, slots=True)
class TableContent:
    """The row count and the hash sum of a table."""

    rows: int
    total: str


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a database that were read, and why the others could not be."""

    read: Mapping[str, TableContent]
    unread: Mapping[str, Message]


@dataclass(frozen=True, slots=True)
class OpenSnapshot:
    """A snapshot of the source, held open."""

    snapshot: TransactionSnapshot
    at: datetime
    connection: "psycopg.Connection[tuple[object, ...]]"


@contextmanager
def snapshots(dsn: str, database: str) -> Iterator[Sequence[OpenSnapshot]]:
    """Hold a few snapshots of the source, taken one after the other; then add a little to the log.

    Raises `psycopg.Error`.
    """
    with ExitStack() as stack:
        seen = [_look(stack, dsn, database) for _ in range(_CANDIDATES)]
        with _connected(dsn, database) as marker:
            # Recovery stops before a record, so one must follow; this one needs no privilege. On an idle
            # server only a commit writes the log out at once. It must not wait for a standby.
            marker.execute("SET LOCAL synchronous_commit = local")
            marker.execute("SELECT pg_logical_emit_message(true, 'toban', 'restore drill')")
            marker.commit()
        yield seen


def _look(stack: ExitStack, dsn: str, database: str) -> OpenSnapshot:
    connection = stack.enter_context(_connected(dsn, database))
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    row = connection.execute(
        "SELECT pg_current_snapshot()::text, pg_current_wal_insert_lsn()::text, clock_timestamp()"
    ).fetchone()
    if row is None:
        raise psycopg.DataError("no snapshot")
    visible, lsn, at = row
    if not isinstance(at, datetime):
        raise psycopg.DataError("no time")
    return OpenSnapshot(TransactionSnapshot(str(visible), str(lsn)), at, connection)


def _connected(dsn: str, database: str) -> "psycopg.Connection[tuple[object, ...]]":
    wanted = {"options": _SETTINGS, "connect_timeout": "10", "application_name": "toban drill"}
    return psycopg.connect(make_conninfo(dsn, **wanted, **({"dbname": database} if database else {})))


def tables(
    connection: "psycopg.Connection[tuple[object, ...]]", *, within: timedelta | None = None
) -> Tables:
    """Read every table, the smallest first; those not reached *within* that time stay unread."""
    names = [(str(schema), str(name)) for schema, name in connection.execute(_TABLES).fetchall()]
    until = time.monotonic() + within.total_seconds() if within is not None else None
    read: dict[str, TableContent] = {}
    unread: dict[str, Message] = {}
    for schema, name in names:
        left = until - time.monotonic() if until is not None else None
        if left is not None and left <= 0:
            unread[f"{schema}.{name}"] = Message("backup.table-not-read-in-time")
            continue
        try:
            read[f"{schema}.{name}"] = _content(connection, sql.Identifier(schema, name), left)
        except psycopg.errors.QueryCanceled:
            unread[f"{schema}.{name}"] = Message("backup.table-not-read-in-time")
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.LockNotAvailable) as error:
            unread[f"{schema}.{name}"] = plain(str(error.diag.message_primary))
    return Tables(read, unread)


def _content(
    connection: "psycopg.Connection[tuple[object, ...]]", table: sql.Identifier, left: float | None
) -> TableContent:
    # A savepoint: a failure must not end the transaction that holds the snapshot.
    with connection.transaction():
        if left is not None:
            milliseconds = str(max(int(left * 1000), 1))
            connection.execute("SELECT set_config('statement_timeout', %s, true)", [milliseconds])
        row = connection.execute(_SUM.format(table)).fetchone()
    if row is None:
        raise psycopg.DataError("no sum")
    rows, total = row
    return TableContent(int(str(rows)), str(total))


def restored(conninfo: str) -> Tables:
    """Read every table of a restored database; raises `psycopg.Error`."""
    with psycopg.connect(conninfo, options=_SETTINGS) as connection:
        return tables(connection)


def differences(source: Tables, back: Tables) -> list[Message]:
    """Return which restored tables differ from the source; tables not read in the source are ignored."""
    found = []
    for name, wanted in source.read.items():
        content = back.read.get(name)
        if content is None:
            why = back.unread.get(name, Message("backup.table-not-restored"))
            found.append(Message("backup.about-table", table=name, said=why))
        elif content.rows != wanted.rows:
            found.append(
                Message("backup.other-row-count", table=name, wanted=wanted.rows, found=content.rows)
            )
        elif content.total != wanted.total:
            found.append(Message("backup.other-rows", table=name, count=wanted.rows))
    known = source.read.keys() | source.unread.keys()
    return [*found, *(Message("backup.table-not-in-source", table=name) for name in back.read.keys() - known)]
