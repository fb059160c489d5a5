"""PostgreSQL over a real connection: how many are connected, how far standbys are behind."""

from toban.chapters.monitoring.sources.postgresql.source import KIND

__all__ = ["KIND"]
