"""The logical copy: what the document's own `pg_dump` makes, streamed to the store and never half-made."""

from toban.chapters.backup.engines.pg_dump.engine import KIND

__all__ = ["KIND"]
