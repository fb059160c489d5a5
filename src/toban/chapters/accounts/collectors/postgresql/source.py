"""The roles of a PostgreSQL server, by its catalogue."""

from datetime import UTC, datetime

import psycopg
from psycopg import sql

from toban.chapters.accounts.account import AccountList, FoundAccount
from toban.chapters.accounts.collector import AccountsUnknown
from toban.chapters.accounts.collectors.postgresql.config import PostgresqlAccounts
from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.network.postgresql import connected, words_of
from toban.message import Message

# A role that can't log in itself gives its rights to those who can; what is inherited through another counts.
_ROLES = """
    WITH RECURSIVE held (member, role) AS (
        SELECT member, roleid FROM pg_auth_members
        UNION SELECT held.member, deeper.roleid
                FROM held JOIN pg_auth_members deeper ON deeper.member = held.role
    )
    SELECT own.rolname,
           coalesce(array_agg(DISTINCT given.rolname::text) FILTER (WHERE given.oid IS NOT NULL), '{}'),
           own.rolsuper OR own.rolcreaterole OR own.rolreplication OR own.rolbypassrls
             OR coalesce(
                  bool_or(given.rolsuper OR given.rolcreaterole OR given.rolname LIKE ANY (%s)), false),
           own.rolvaliduntil <= now(),
           (SELECT max(backend_start) FROM pg_stat_activity WHERE usesysid = own.oid),
           coalesce(shobj_description(own.oid, 'pg_authid'), '')
      FROM pg_roles own
      LEFT JOIN held ON held.member = own.oid
      LEFT JOIN pg_roles given ON given.oid = held.role
     WHERE own.rolcanlogin
     GROUP BY own.oid, own.rolname, own.rolsuper, own.rolcreaterole, own.rolreplication, own.rolbypassrls,
              own.rolvaliduntil
     ORDER BY own.rolname
"""
_POWERFUL = [
    "pg_write_all_data",
    "pg_execute_server_program",
    "pg_write_server_files",
    "pg_read_server_files",
]


class PostgresqlRoles:
    """One server."""

    def __init__(self, config: PostgresqlAccounts) -> None:
        self._config = config

    def read(self, now: datetime) -> AccountList:
        """See `AccountSource`. PostgreSQL tells neither the age of a password nor the last sign-in."""
        try:
            with connected(self._config.dsn, self._config.timeout) as connection:
                rows = connection.execute(_ROLES, [_POWERFUL]).fetchall()
        except (psycopg.Error, SecretUnavailable) as error:
            raise AccountsUnknown(words_of(error, self._config.dsn), retry=True) from error
        return AccountList([_account(*row) for row in rows], now)


def _account(
    name: str,
    grants: list[str],
    is_privileged: bool,
    has_ended: bool | None,
    connected_at: datetime | None,
    comment: str,
) -> FoundAccount:
    return FoundAccount(
        name=name,
        label=comment[:200],
        grants=tuple(grants),
        is_privileged=is_privileged,
        # Of a role, nothing ends by then but its password: certificates and `peer` still let it in.
        has_password=False if has_ended else None,
        last_used_at=connected_at.astimezone(UTC) if connected_at is not None else None,
    )


class PostgresqlLock:
    """The same server, by a role that may change others."""

    def __init__(self, dsn: Secret, timeout: float) -> None:
        self._dsn = dsn
        self._timeout = timeout

    def lock(self, name: str) -> None:
        """See `AccountLock`: the role can't log in any more, and its connections end."""
        try:
            with connected(self._dsn, self._timeout) as connection:
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
                    return
                connection.execute("SET default_transaction_read_only = off")
                connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(name)))
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [name]
                )
        except (psycopg.Error, SecretUnavailable) as error:
            raise AccountsUnknown(
                Message("accounts.lock-refused", why=words_of(error, self._dsn)), retry=True
            ) from error
