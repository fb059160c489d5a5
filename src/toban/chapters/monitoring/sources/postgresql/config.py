"""What a target's source says with `kind = "postgresql"`."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section


class PostgresqlConfig(Section):
    """`kind = "postgresql"`: a connection string, by reference as it holds a password."""

    example: ClassVar[Mapping[str, str]] = {"dsn": "env:DATABASE_URL"}

    dsn: Secret
    instance: str = ""
    """What operators call the place; empty: host, port and database of the connection string."""
    timeout: float = Field(default=5.0, ge=1, le=60)
    """Seconds for connecting, and for the statement."""
