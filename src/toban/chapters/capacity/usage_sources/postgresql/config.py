"""The settings of `[resources.NAME]` with `kind = "postgresql"`."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from toban.chapters.capacity.bindings import ResourceBinding
from toban.chapters.capacity.usage_sources.values import AbsolutePath, Size
from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import invalid
from toban.message import Message


class PostgresqlUsage(ResourceBinding):
    """`kind = "postgresql"`: a connection string, by reference since it contains a password."""

    example: ClassVar[Mapping[str, str]] = {"dsn": "env:DATABASE_URL"}

    dsn: Secret
    what: Literal["storage", "connections"] = "storage"
    database: str = Field(default="", max_length=63)
    """The only database to count; empty: all of the server's."""
    limit: Size | None = None
    """How large they may become: PostgreSQL itself sets no limit."""
    path: AbsolutePath | None = None
    """A path on the file system, of this host, that holds them: its size is the limit."""
    timeout: float = Field(default=10.0, ge=1, le=60)
    """Seconds for connecting, and for the statement."""

    @model_validator(mode="after")
    def _one_limit_of_storage(self) -> Self:
        if self.limit is not None and self.path is not None:
            raise invalid(Message("capacity-usage.limit-or-path"))
        if self.what == "connections" and (self.limit is not None or self.path is not None):
            raise invalid(Message("capacity-usage.connections-have-their-limit"))
        return self
