"""A folder that may hold only so much: a quota, a volume, a spool."""

from toban.chapters.monitoring.sources.folder.source import KIND

__all__ = ["KIND"]
