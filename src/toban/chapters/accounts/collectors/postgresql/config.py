"""The settings of `[accounts.NAME]` with `kind = "postgresql"`."""

from collections.abc import Mapping
from typing import ClassVar

from toban.chapters.accounts.bindings import AccountsBinding
from toban.engine.bindings.secret import Secret


class PostgresqlAccounts(AccountsBinding):
    """`kind = "postgresql"`: any role may read who has access."""

    example: ClassVar[Mapping[str, str]] = {"dsn": "env:DATABASE_URL"}

    dsn: Secret
    lock_dsn: Secret | None = None
    """A role with `CREATEROLE`: with it, Toban may lock accounts."""
