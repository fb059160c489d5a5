"""pgBackRest, wrapped: for clusters older than PostgreSQL 17, or too large to change what works."""

from toban.chapters.backup.engines.pgbackrest.engine import KIND

__all__ = ["KIND"]
