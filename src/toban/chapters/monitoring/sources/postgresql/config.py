"""Settings of a target's source with `kind = "postgresql"`."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section


class PostgresqlConfig(Section):
    """`kind = "postgresql"`: a connection string, by reference since it contains a password."""

    example: ClassVar[Mapping[str, str]] = {"dsn": "env:DATABASE_URL"}

    dsn: Secret
    instance: str = ""
    """Its name for operators; empty: host, port and database of the connection string."""
    timeout: float = Field(default=5.0, ge=1, le=60)
    """Seconds for connecting, and for the statement."""
