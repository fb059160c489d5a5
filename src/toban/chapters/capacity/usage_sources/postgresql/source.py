"""What a PostgreSQL server says of its databases, asked by a role that can do nothing else.

The role needs `LOGIN` and membership of `pg_monitor`, no more:

    CREATE ROLE toban LOGIN PASSWORD '…' IN ROLE pg_monitor;

Sizes: https://www.postgresql.org/docs/18/functions-admin.html#FUNCTIONS-ADMIN-DBSIZE
Connections: https://www.postgresql.org/docs/18/runtime-config-connection.html
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg

from toban.chapters.capacity.usage import UsageReading, UsageUnknown
from toban.chapters.capacity.usage_sources.postgresql.config import PostgresqlUsage
from toban.chapters.capacity.usage_sources.storage.config import StorageUsage
from toban.chapters.capacity.usage_sources.storage.source import StorageSource
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.network.postgresql import connected, place_of, words_of
from toban.message import NOTHING, Message

_SIZES = """
    SELECT datname, coalesce(pg_database_size(oid), 0) FROM pg_database
     WHERE %(database)s::text IN ('', datname::text) ORDER BY datname
"""
# A backend whose type is not shown may be anything: without pg_monitor, those of other roles are veiled.
_CONNECTIONS = """
    SELECT d.datname, count(a.pid), bool_or(a.pid IS NOT NULL AND a.backend_type IS NULL)
      FROM pg_database d LEFT JOIN pg_stat_activity a
        ON a.datname = d.datname AND coalesce(a.backend_type, 'client backend') = 'client backend'
     WHERE %(database)s::text IN ('', d.datname::text)
     GROUP BY d.datname ORDER BY d.datname
"""
# What is reserved is for administrators: an application is refused before.
_LIMIT = """
    SELECT current_setting('max_connections')::int
           - current_setting('superuser_reserved_connections')::int
           - coalesce(current_setting('reserved_connections', true)::int, 0),
           (SELECT datconnlimit FROM pg_database WHERE datname = %(database)s::text)
"""


class PostgresqlSource:
    """One server. The connection is kept open, so that a full server can still be measured."""

    def __init__(self, config: PostgresqlUsage) -> None:
        self._config = config
        self._connection: psycopg.Connection | None = None
        # One for all looks: it waits in one thread for a disk that does not answer.
        self._disk = (
            StorageSource(StorageUsage(path=(config.path,), timeout=config.timeout))
            if config.path is not None
            else None
        )

    def measure(self, now: datetime) -> UsageReading:
        """Ask the server; see `UsageSource`."""
        was_open = self._connection is not None
        try:
            found = self._sizes(now) if self._config.what == "storage" else self._connections()
        except (psycopg.Error, SecretUnavailable) as error:
            is_stale = was_open and self._connection is not None and self._connection.broken
            self.close()
            # The server was restarted since the last time, which says nothing about now.
            if is_stale:
                return self.measure(now)
            raise self._unknown(error) from error
        return found

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _sizes(self, now: datetime) -> UsageReading:
        sizes = {str(name): float(size) for name, size in self._rows(_SIZES)}
        self._demand_some(sizes)
        limit = self._config.limit if self._disk is None else self._disk.measure(now).limit
        return UsageReading(sum(sizes.values()), limit, sizes if len(sizes) > 1 else {})

    def _connections(self) -> UsageReading:
        rows = self._rows(_CONNECTIONS)
        counts = {str(name): float(count) for name, count, _ in rows}
        self._demand_some(counts)
        if any(is_veiled for *_, is_veiled in rows):
            raise UsageUnknown(
                Message("capacity-usage.postgresql-role-too-weak", place=self._place),
                hint=Message("capacity-usage.grant-pg-monitor"),
            )
        ((most, own),) = self._rows(_LIMIT)
        # A limit of the database's own; -1 stands for none.
        limit = float(own) if own is not None and own >= 0 else float(most)
        return UsageReading(sum(counts.values()), limit, counts if len(counts) > 1 else {})

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = connected(self._config.dsn, self._config.timeout)
        return self._connection.execute(sql.encode(), {"database": self._config.database}).fetchall()

    def _demand_some(self, found: Mapping[str, float]) -> None:
        if not found:
            said = Message(
                "capacity-usage.no-such-database", place=self._place, database=self._config.database
            )
            raise UsageUnknown(said, hint=Message("capacity-usage.check-the-database"))

    def _unknown(self, error: psycopg.Error | SecretUnavailable) -> UsageUnknown:
        why, hint = words_of(error, self._config.dsn), Message("capacity-usage.check-connection-string")
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            hint = Message("capacity-usage.grant-pg-monitor")
        elif isinstance(error, psycopg.errors.QueryCanceled):
            why = Message("capacity-usage.not-in-time", seconds=self._config.timeout)
            hint = Message("capacity-usage.raise-timeout")
        elif isinstance(error, SecretUnavailable):
            hint = NOTHING
        return UsageUnknown(
            Message("capacity-usage.postgresql-not-read", place=self._place, why=why), hint=hint
        )

    @property
    def _place(self) -> str:
        return place_of(self._config.dsn)
