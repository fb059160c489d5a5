"""Roles of a PostgreSQL server that may connect."""

from toban.chapters.accounts.collector import AccountKind, AccountLock, AccountSource
from toban.chapters.accounts.collectors.postgresql.config import PostgresqlAccounts


def _open(config: PostgresqlAccounts) -> AccountSource:
    # This loads the database's driver, which code that only reads the bindings need not wait for.
    from toban.chapters.accounts.collectors.postgresql.source import PostgresqlRoles  # noqa: PLC0415

    return PostgresqlRoles(config)


def _lock(config: PostgresqlAccounts) -> AccountLock | None:
    if config.lock_dsn is None:
        return None
    from toban.chapters.accounts.collectors.postgresql.source import PostgresqlLock  # noqa: PLC0415

    return PostgresqlLock(config.lock_dsn, config.timeout)


KIND = AccountKind(PostgresqlAccounts, _open, _lock)
